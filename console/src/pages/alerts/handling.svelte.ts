// What can be done about alerts, and the dialogs that ask before: one place for buttons and keys.
import { ApiError, post } from '../../lib/api';
import { toastError } from '../../lib/toast.svelte';
import { session } from '../../lib/session.svelte';
import type { Deed } from '../../lib/alerts/handling';
import type { Row } from '../../lib/alerts/inbox';
import type { InboxFilter } from '../../lib/alerts/query';
import type { AlertItem } from '../../lib/types';
import type { Inbox } from './inbox.svelte';

export class Handling {
  /** Rows that the dialog about false alarms asks for. */
  doubted = $state.raw<Row[]>([]);
  /** The alert that the dialog about muting is about. */
  muted = $state.raw<AlertItem | null>(null);

  constructor(
    private readonly inbox: Inbox,
    private readonly filter: () => InboxFilter,
  ) {}

  get may(): boolean {
    return session.may('analyst');
  }

  /** Does it, or opens the dialog that asks for a reason. */
  do(deed: Deed, rows: Row[] = this.inbox.chosen()) {
    if (!this.may || !this.inbox.can(deed, rows)) return;
    if (deed === 'false-alarm') this.doubted = rows;
    else void this.inbox.act(deed, rows, this.filter());
  }

  /** A false alarm, and with `label` its flows are normal traffic to learn from. */
  doubt(reason: string, label: boolean) {
    const rows = this.doubted;
    this.doubted = [];
    void this.inbox.act('false-alarm', rows, this.filter(), reason);
    if (label) for (const row of rows) void this.learn(row);
  }

  private async learn(row: Row) {
    try {
      await post('labels', { source: row.source, alert: row.id, label: 'normal' });
    } catch (error) {
      // Flows that are not kept any more teach nothing: that is no trouble of the user's.
      if (!(error instanceof ApiError && error.status === 404)) toastError(error);
    }
  }

  /** Alerts can be muted; incidents are made of alerts, each with a scope of its own. */
  mute(rows: Row[] = this.inbox.chosen()) {
    const row = rows.length === 1 ? rows[0] : undefined;
    if (this.may && row?.item.kind === 'alert') this.muted = row.item.alert;
  }

  canMute(rows: Row[] = this.inbox.chosen()): boolean {
    return rows.length === 1 && rows[0]!.kind === 'alert';
  }

  undo() {
    if (this.may) void this.inbox.undo();
  }
}
