/** Changes of state, and the way back. */

import type { AlertState, StateBefore, StateChange } from '../types';
import type { Row } from './inbox';

export type Deed = 'acknowledge' | 'close' | 'reopen' | 'false-alarm' | 'escalate' | 'calm';

const STATE: Partial<Record<Deed, AlertState>> = {
  acknowledge: 'acknowledged',
  close: 'closed',
  reopen: 'open',
  'false-alarm': 'false-alarm',
};

/** One request for each source that the rows are of. */
export function changesFor(deed: Deed, rows: Row[], note?: string): StateChange[] {
  const bySource = new Map<number, StateChange>();
  for (const row of rows) {
    const change = bySource.get(row.source) ?? { source: row.source, ids: [], incidents: [] };
    (row.kind === 'incident' ? change.incidents! : change.ids!).push(row.id);
    bySource.set(row.source, change);
  }
  const what: Partial<StateChange> = STATE[deed]
    ? { state: STATE[deed] }
    : { escalated: deed === 'escalate' };
  if (note) what.note = note;
  return [...bySource.values()].map((change) => ({ ...change, ...what }));
}

/** The requests that bring back what was: one for each state that alerts had. */
export function undoOf(source: number, before: StateBefore[]): StateChange[] {
  const groups = new Map<string, StateChange>();
  for (const { id, state, escalated } of before) {
    const key = `${state} ${escalated}`;
    const change = groups.get(key) ?? { source, ids: [], state, escalated };
    change.ids!.push(id);
    groups.set(key, change);
  }
  return [...groups.values()];
}

/** What can be done to rows in these states. */
export function deedsFor(rows: Pick<Row, 'state' | 'escalated'>[]): Deed[] {
  const some = (state: AlertState) => rows.some((row) => row.state === state);
  const settled = some('closed') || some('false-alarm');
  const deeds: Deed[] = [];
  if (some('open')) deeds.push('acknowledge');
  if (some('open') || some('acknowledged')) deeds.push('close', 'false-alarm');
  if (rows.some((row) => !row.escalated)) deeds.push('escalate');
  if (rows.length > 0 && rows.every((row) => row.escalated)) deeds.push('calm');
  if (settled || some('acknowledged')) deeds.push('reopen');
  return deeds;
}
