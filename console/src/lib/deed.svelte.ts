// Doing something that the program may refuse: said when it is done, said when it is not.
import { ApiError } from './api';
import { toast, toastError } from './toast.svelte';

/** Does it, says so, and looks again whatever came of it. */
export async function deed(run: () => Promise<unknown>, done: string | (() => string), after?: () => void): Promise<boolean> {
  let went = false;
  try {
    await run();
    toast(typeof done === 'string' ? done : done());
    went = true;
  } catch (error) {
    toastError(error);
  }
  after?.();
  return went;
}

/** A form that is sent: busy meanwhile; what the program refuses stands beside the fields. */
export class Submission {
  busy = $state(false);
  refused = $state<string | null>(null);
  private readonly known: readonly number[];

  /** `known`: statuses that are about what was entered; all others are shown as a message. */
  constructor(known: readonly number[] = [400, 409]) {
    this.known = known;
  }

  async run(send: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.refused = null;
    try {
      await send();
    } catch (error) {
      if (error instanceof ApiError && this.known.includes(error.status)) this.refused = error.message;
      else toastError(error);
    } finally {
      this.busy = false;
    }
  }
}
