// Flows as they end. Without a filter they come with the live stream (a sample when there are many);
// with one the history is asked, because only the program understands filters.
import { get } from '../../lib/api';
import { live, on } from '../../lib/events.svelte';
import { sourceId } from '../../lib/router.svelte';
import type { Flow, FlowPage } from '../../lib/types';

/** Rows that are shown, and at most kept. */
const MOST = 120;
const ASK_MS = 2000;

export class Tail {
  rows = $state.raw<Flow[]>([]);
  error = $state.raw<Error | null>(null);
  /** Flows that came while paused. */
  waiting = $state(0);
  private pending: Flow[] = [];

  /** Begins anew with a filter; returns how to stop. */
  start(filter: string): () => void {
    this.rows = [];
    this.error = null;
    this.pending = [];
    this.waiting = 0;
    void this.ask(filter);
    const stop = filter ? this.every(filter) : on('flows', (event) => event.source === sourceId() && this.add(event.items));
    const stopPause = $effect.root(() => {
      $effect(() => {
        if (!live.paused) this.release();
      });
    });
    return () => {
      stop();
      stopPause();
    };
  }

  private every(filter: string): () => void {
    const timer = setInterval(() => {
      if (!live.paused && document.visibilityState === 'visible') void this.ask(filter);
    }, ASK_MS);
    return () => clearInterval(timer);
  }

  private async ask(filter: string) {
    try {
      const query = { source: sourceId(), from: '-1h', filter, sort: 'last', limit: MOST };
      const answer = await get<FlowPage>('flows', query);
      this.rows = answer.items;
      this.error = null;
    } catch (error) {
      this.error = error instanceof Error ? error : new Error(String(error));
    }
  }

  private add(flows: readonly Flow[]) {
    const latest = [...flows].reverse();
    if (live.paused) {
      this.pending = [...latest, ...this.pending].slice(0, MOST);
      this.waiting += flows.length;
    } else {
      this.rows = [...latest, ...this.rows].slice(0, MOST);
    }
  }

  private release() {
    if (this.pending.length > 0) this.rows = [...this.pending, ...this.rows].slice(0, MOST);
    this.pending = [];
    this.waiting = 0;
  }
}
