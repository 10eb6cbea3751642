// Sends a file as it is, and says how far it is. `fetch` cannot tell that, so this is the older way
// of asking.
import { ApiError, apiUrl } from './api';
import { session } from './session.svelte';
import { t } from './i18n.svelte';

export class Upload<T> {
  sent = $state(0);
  state = $state<'sending' | 'done' | 'failed' | 'cancelled'>('sending');
  failed = $state.raw<Error | null>(null);
  /** What the program answered, once it is done. */
  answer = $state.raw<T | null>(null);
  private readonly request = new XMLHttpRequest();

  /** Sends `file` to `path` at once; `done` is called when it has ended, however. */
  constructor(
    readonly path: string,
    readonly file: File,
    private readonly done: (upload: Upload<T>) => void,
  ) {
    const { request } = this;
    request.open('POST', apiUrl(path, { name: file.name }));
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    if (session.current.csrf) request.setRequestHeader('X-CSRF-Token', session.current.csrf);
    request.upload.onprogress = (event) => (this.sent = event.loaded);
    request.onload = () => this.answered();
    request.onerror = () => this.fail(new Error(t('upload.broken')));
    request.onabort = () => this.end('cancelled');
    request.send(file);
  }

  get share() {
    return this.file.size === 0 ? 1 : Math.min(1, this.sent / this.file.size);
  }

  cancel() {
    if (this.state === 'sending') this.request.abort();
  }

  private answered() {
    const { status, statusText } = this.request;
    const body = parsed(this.request.responseText);
    if (status >= 200 && status < 300) {
      this.answer = body as unknown as T;
      this.sent = this.file.size;
      this.end('done');
    } else {
      this.fail(new ApiError({ type: 'about:blank', title: statusText || `HTTP ${status}`, status, ...body }));
    }
  }
  private fail(error: Error) {
    this.failed = error;
    this.end('failed');
  }
  private end(state: Upload<T>['state']) {
    this.state = state;
    this.done(this);
  }
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
