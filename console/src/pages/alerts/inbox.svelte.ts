// The inbox as it is shown: what was loaded, what came since, what is chosen.
import { get, post } from '../../lib/api';
import { deedsFor, changesFor, undoOf, type Deed } from '../../lib/alerts/handling';
import * as rows from '../../lib/alerts/inbox';
import { apiOf, wants, type InboxFilter } from '../../lib/alerts/query';
import { tn, t } from '../../lib/i18n.svelte';
import { toast, toastError } from '../../lib/toast.svelte';
import type { AlertItem, IncidentItem, InboxItem, Page, StateChange, StateChanged } from '../../lib/types';

/** Rows asked for at a time. */
export const PAGE = 100;

/**
 * A page of the inbox. With a detector chosen it is alerts alone, those of incidents too: an
 * incident has no detector, and its steps would be out of reach.
 */
export async function pageOf(
  filter: InboxFilter,
  source: number,
  more: { cursor?: string; signal?: AbortSignal } = {},
): Promise<Page<InboxItem>> {
  const query = { ...apiOf(filter), source, limit: PAGE, cursor: more.cursor };
  if (!filter.detector) return get('inbox', query, more.signal);
  const page = await get<Page<AlertItem>>('alerts', query, more.signal);
  return { ...page, items: page.items.map((alert) => ({ kind: 'alert', alert })) };
}

const EMPTY: rows.InboxList = { rows: [], waiting: [] };

export class Inbox {
  list = $state.raw<rows.InboxList>(EMPTY);
  next = $state<string | null>(null);
  total = $state<number | null>(null);
  /** Keys of ticked rows. */
  ticked = $state.raw<ReadonlySet<string>>(new Set());
  /** Key of the row that keys act upon. */
  cursor = $state<string | null>(null);
  busy = $state(false);
  /** True once a first page has been taken. */
  loaded = $state(false);
  /** How often something was done: details look again. */
  done = $state(0);
  /** How often something was undone: the list is asked for again. */
  undone = $state(0);
  /** The requests that undo the last deed. */
  private back: StateChange[] = [];

  /** Takes the first page in place of all that was there. */
  start(page: Page<InboxItem>) {
    this.list = rows.append(EMPTY, page.items);
    this.loaded = true;
    this.next = page.next ?? null;
    this.total = page.total ?? null;
    const here = new Set(this.list.rows.map((row) => row.key));
    this.ticked = new Set([...this.ticked].filter((key) => here.has(key)));
    if (this.cursor && !here.has(this.cursor)) this.cursor = null;
  }

  async more(filter: InboxFilter, source: number) {
    if (!this.next || this.busy) return;
    this.busy = true;
    try {
      const page = await pageOf(filter, source, { cursor: this.next });
      this.list = rows.append(this.list, page.items);
      this.next = page.next ?? null;
    } catch (error) {
      toastError(error);
    } finally {
      this.busy = false;
    }
  }

  /** An alert of the stream. */
  alert(alert: AlertItem, filter: InboxFilter, held: boolean) {
    if (alert.incident && !filter.detector) {
      this.list = rows.joined(this.list, alert);
      return;
    }
    const item: InboxItem = { kind: 'alert', alert };
    this.list = rows.take(this.list, item, wants(filter, item), held);
  }

  incident(incident: IncidentItem, filter: InboxFilter, held: boolean) {
    const item: InboxItem = { kind: 'incident', incident };
    this.list = rows.take(this.list, item, wants(filter, item), held);
  }

  release() {
    this.list = rows.release(this.list);
  }

  tick(key: string) {
    const next = new Set(this.ticked);
    if (!next.delete(key)) next.add(key);
    this.ticked = next;
  }

  tickAll(on: boolean) {
    this.ticked = new Set(on ? this.list.rows.map((row) => row.key) : []);
  }

  step(by: number) {
    this.cursor = rows.stepped(this.list.rows, this.cursor, by);
  }

  /** What an action is about: the ticked rows, else the row under the cursor. */
  chosen(): rows.Row[] {
    const keys = this.ticked.size > 0 ? this.ticked : new Set(this.cursor ? [this.cursor] : []);
    return this.list.rows.filter((row) => keys.has(row.key));
  }

  can(deed: Deed, of: rows.Row[] = this.chosen()): boolean {
    return deedsFor(of).includes(deed);
  }

  /** Does something to rows, shows it, and offers the way back. */
  async act(deed: Deed, of: rows.Row[], filter: InboxFilter, note?: string) {
    if (of.length === 0 || this.busy) return;
    this.busy = true;
    try {
      const changes = changesFor(deed, of, note);
      const answers = await Promise.all(changes.map((change) => post<StateChanged>('alerts/state', change)));
      this.back = answers.flatMap((answer, nth) => undoOf(changes[nth]!.source, answer.before));
      this.apply(deed, of, filter);
      const text = tn(`alerts.done.${deed}`, of.length);
      toast(text, { action: { label: t('alerts.undo'), run: () => void this.undo() } });
    } catch (error) {
      toastError(error);
    } finally {
      this.busy = false;
      this.done += 1;
    }
  }

  /** Own deeds show at once: what no longer belongs goes, and the cursor to what follows. */
  private apply(deed: Deed, of: rows.Row[], filter: InboxFilter) {
    const patch = { ...changesFor(deed, of)[0] };
    const keys = new Set(of.map((row) => row.key));
    const after = this.list.rows.findLastIndex((row) => keys.has(row.key)) + 1;
    const following = this.list.rows.slice(after).find((row) => !keys.has(row.key));
    const changed = this.list.rows.map((row) => (keys.has(row.key) ? withState(row, patch) : row));
    this.list = { ...this.list, rows: changed.filter((row) => !keys.has(row.key) || wants(filter, row.item)) };
    const here = (key: string | null) => this.list.rows.some((row) => row.key === key);
    if (!here(this.cursor)) this.cursor = following?.key ?? this.list.rows.at(-1)?.key ?? null;
    this.ticked = new Set();
  }

  async undo() {
    const back = this.back;
    if (back.length === 0) return;
    this.back = [];
    try {
      await Promise.all(back.map((change) => post('alerts/state', change)));
      toast(t('alerts.undone'));
      this.undone += 1;
    } catch (error) {
      toastError(error);
    } finally {
      this.done += 1;
    }
  }
}

function withState(row: rows.Row, change: Partial<StateChange>): rows.Row {
  const state = change.state ?? row.state;
  const escalated = change.escalated ?? row.escalated;
  const item: InboxItem =
    row.item.kind === 'incident'
      ? { kind: 'incident', incident: { ...row.item.incident, state, escalated } }
      : { kind: 'alert', alert: { ...row.item.alert, state, escalated } };
  return rows.rowOf(item);
}
