/** The list of the inbox: pages of the server, news of the stream, and no jumps under a finger. */

import type { AlertItem, AlertState, IncidentItem, InboxItem, Severity } from '../types';

/** Most rows kept in the page; the rest is one click on "more" away. */
export const ROWS_MAX = 1_000;

/** What rows of both kinds have. */
export interface Row {
  key: string;
  id: string;
  kind: 'incident' | 'alert';
  source: number;
  severity: Severity;
  state: AlertState;
  escalated: boolean;
  title: string;
  first: string;
  last: string;
  count: number;
  src: string[];
  srcCount: number;
  dst: string[];
  dstCount: number;
  detector: string | null;
  item: InboxItem;
}

export function keyOf(item: InboxItem): string {
  return item.kind === 'incident'
    ? `i:${item.incident.source}:${item.incident.id}`
    : `a:${item.alert.source}:${item.alert.id}`;
}

export function rowOf(item: InboxItem): Row {
  return item.kind === 'incident' ? incidentRow(item.incident, item) : alertRow(item.alert, item);
}

function incidentRow(incident: IncidentItem, item: InboxItem): Row {
  return {
    key: keyOf(item),
    kind: 'incident',
    ...common(incident),
    count: incident.alerts,
    src: incident.attackers ?? [],
    srcCount: incident.attacker_count,
    dst: incident.victims ?? [],
    dstCount: incident.victim_count,
    detector: null,
    item,
  };
}

function alertRow(alert: AlertItem, item: InboxItem): Row {
  return {
    key: keyOf(item),
    kind: 'alert',
    ...common(alert),
    count: alert.count,
    src: alert.src ?? [],
    srcCount: alert.src_count ?? alert.src?.length ?? 0,
    dst: alert.dst ?? [],
    dstCount: alert.dst_count ?? alert.dst?.length ?? 0,
    detector: alert.detector,
    item,
  };
}

function common(what: AlertItem | IncidentItem) {
  const { id, source, severity, state, escalated, title, first, last } = what;
  return { id, source, severity, state, escalated, title, first, last };
}

/** Escalated first, then latest first; the key breaks ties, so that the order never flickers. */
export function byUrgency(a: Row, b: Row): number {
  if (a.escalated !== b.escalated) return a.escalated ? -1 : 1;
  if (a.last !== b.last) return a.last < b.last ? 1 : -1;
  return a.key < b.key ? -1 : 1;
}

export interface InboxList {
  rows: Row[];
  /** What came while the list held still. */
  waiting: Row[];
}

/**
 * Takes in something that is new or has changed. A row that is there changes in its place; a new
 * one goes to its place, or waits while the list is held. What no longer belongs stays until the
 * next load when `held`, so that nothing moves away under a finger; `wanted` says whether it does.
 */
export function take(list: InboxList, item: InboxItem, wanted: boolean, held: boolean): InboxList {
  const row = rowOf(item);
  const here = list.rows.some((old) => old.key === row.key);
  if (here) return { ...list, rows: list.rows.map((old) => (old.key === row.key ? row : old)) };
  const waiting = list.waiting.filter((old) => old.key !== row.key);
  if (!wanted) return { ...list, waiting };
  if (held) return { ...list, waiting: [...waiting, row].slice(-ROWS_MAX) };
  return { rows: placed(list.rows, [row]), waiting };
}

/** Shows what has waited. */
export function release(list: InboxList): InboxList {
  return { rows: placed(list.rows, list.waiting), waiting: [] };
}

function placed(rows: Row[], more: Row[]): Row[] {
  const keys = new Set(more.map((row) => row.key));
  const all = [...rows.filter((row) => !keys.has(row.key)), ...more];
  return all.sort(byUrgency).slice(0, ROWS_MAX);
}

/** An alert that became a step of an incident leaves the list; the incident stands for it. */
export function joined(list: InboxList, alert: AlertItem): InboxList {
  const key = `a:${alert.source}:${alert.id}`;
  const without = (rows: Row[]) => rows.filter((row) => row.key !== key);
  return { rows: without(list.rows), waiting: without(list.waiting) };
}

/** The next page behind what is there, without repeating rows. */
export function append(list: InboxList, items: InboxItem[]): InboxList {
  const known = new Set(list.rows.map((row) => row.key));
  const more = items.map(rowOf).filter((row) => !known.has(row.key));
  return { ...list, rows: [...list.rows, ...more].slice(0, ROWS_MAX) };
}

/** Where the cursor goes from a row by so many steps; the first row from nowhere. */
export function stepped(rows: Row[], key: string | null, by: number): string | null {
  if (rows.length === 0) return null;
  const at = rows.findIndex((row) => row.key === key);
  if (at < 0) return rows[0]!.key;
  return rows[Math.max(0, Math.min(rows.length - 1, at + by))]!.key;
}
