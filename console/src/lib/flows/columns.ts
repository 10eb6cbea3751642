// Columns of tables of flows.
import type { Key } from '../i18n.svelte';

export interface FlowColumn {
  key: string;
  label: Key;
  number?: boolean;
  /** As the API sorts. */
  sort?: string;
  /** Left out on phones. */
  wide?: boolean;
}

export const COLUMNS: readonly FlowColumn[] = [
  { key: 'ts', label: 'flows.col.ts', sort: 'last' },
  { key: 'src', label: 'flows.col.src', sort: 'src' },
  { key: 'sport', label: 'flows.col.sport', number: true, wide: true },
  { key: 'dst', label: 'flows.col.dst', sort: 'dst' },
  { key: 'dport', label: 'flows.col.dport', number: true, sort: 'dport', wide: true },
  { key: 'proto', label: 'flows.col.proto', wide: true },
  { key: 'app', label: 'flows.col.app', wide: true },
  { key: 'name', label: 'flows.col.name', wide: true },
  { key: 'bytes', label: 'flows.col.bytes', number: true, sort: 'bytes' },
  { key: 'packets', label: 'flows.col.packets', number: true, sort: 'packets', wide: true },
  { key: 'duration', label: 'flows.col.duration', number: true, sort: 'duration', wide: true },
  { key: 'state', label: 'flows.col.state', wide: true },
  { key: 'history', label: 'flows.col.history', wide: true },
  { key: 'rtt', label: 'flows.col.rtt', number: true, wide: true },
  { key: 'place', label: 'flows.col.place', wide: true },
];
export const USUAL = ['ts', 'src', 'sport', 'dst', 'dport', 'proto', 'app', 'name', 'bytes', 'packets', 'duration', 'state'];
