// An answer of the API as a page needs it: loading, there, stale or failed. Asks again when what
// it depends on changes; the old answer stays until the new one is there, so nothing jumps.
import { ApiError } from './api';
import { live } from './events.svelte';

export interface Loaded<T> {
  readonly data: T | null;
  readonly error: ApiError | Error | null;
  /** True while asking for the first time, or after an error. */
  readonly loading: boolean;
  /** True whenever a request is under way. */
  readonly busy: boolean;
  /** When the answer came, in milliseconds. */
  readonly at: number;
  reload(): void;
  /** Replaces the answer, as after an event. */
  set(data: T): void;
}

/** Runs `ask` now, whenever the state that it reads changes, and after a gap in the stream. */
export function load<T>(ask: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  let data = $state.raw<T | null>(null);
  let error = $state.raw<Error | null>(null);
  let busy = $state(true);
  let at = $state(0);
  let again = $state(0);

  $effect(() => {
    void again;
    void live.snapshot;
    const abort = new AbortController();
    busy = true;
    ask(abort.signal).then(
      (answer) => {
        if (abort.signal.aborted) return;
        data = answer;
        error = null;
        busy = false;
        at = Date.now();
      },
      (reason: unknown) => {
        if (abort.signal.aborted) return;
        error = reason instanceof Error ? reason : new Error(String(reason));
        busy = false;
      },
    );
    return () => abort.abort();
  });

  return {
    get data() {
      return data;
    },
    get error() {
      return error;
    },
    get loading() {
      return busy && data === null;
    },
    get busy() {
      return busy;
    },
    get at() {
      return at;
    },
    reload: () => (again += 1),
    set: (next) => (data = next),
  };
}

/** Asks again every `ms` while the page is seen and nobody has paused. */
export function poll(loaded: Pick<Loaded<unknown>, 'reload' | 'busy'>, ms: number) {
  $effect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible' && !live.paused && !loaded.busy) loaded.reload();
    }, ms);
    return () => clearInterval(timer);
  });
}
