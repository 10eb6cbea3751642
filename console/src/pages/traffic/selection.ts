// What is chosen on the page Traffic, as the API and the filter language say it. Pure.
import type { Dimension } from '../../lib/types';

export const DIMENSIONS: readonly Dimension[] = ['total', 'protocol', 'app', 'port', 'device'];
export const METRICS = ['bytes', 'packets', 'flows'] as const;
export type Metric = (typeof METRICS)[number];
/** More lines than this cannot be told apart. */
export const MOST_KEYS = 8;

/** Terms of the filter language that one key stands for. */
function terms(by: Dimension, key: string): string {
  if (by === 'protocol') {
    if (key === 'other') return 'not proto:tcp,udp,icmp,icmpv6';
    return key === 'icmp' ? 'proto:icmp,icmpv6' : `proto:${key}`;
  }
  if (by === 'app') return `app:${key}`;
  if (by === 'device') return `ip:${key}`;
  const port = /^(\d+)\/(\w+)$/.exec(key);
  return port ? `dport:${port[1]} proto:${port[2]}` : `dport:${key}`;
}

/** True when what is chosen makes no flows: ARP belongs to none. */
export const flowless = (by: Dimension, keys: readonly string[]) =>
  by === 'protocol' && keys.length > 0 && keys.every((key) => key === 'arp');

/** The filter that shows the flows of the chosen keys; empty for all. */
export function filterOf(by: Dimension, keys: readonly string[]): string {
  if (by === 'total' || keys.length === 0) return '';
  const all = keys.filter((key) => !flowless(by, [key])).map((key) => terms(by, key));
  if (all.length === 1) return all[0] ?? '';
  return `(${all.map((one) => (one.includes(' ') ? `(${one})` : one)).join(' or ')})`;
}

/** What a group's key means as a filter. */
export function groupFilter(by: string, key: string): string {
  if (by === 'src' || by === 'dst' || by === 'app' || by === 'state' || by === 'proto') return `${by}:${key}`;
  if (by === 'dport') return terms('port', key);
  return '';
}

/** Puts filters together: all must hold. */
export const both = (a: string, b: string) => [a, b].filter(Boolean).join(' ');

/** Takes a key in or out. */
export const toggled = (keys: readonly string[], key: string): string[] =>
  keys.includes(key) ? keys.filter((other) => other !== key) : [...keys, key].slice(-MOST_KEYS);
