// Short messages about what was done, with a way to undo it.
export interface Toast {
  id: number;
  text: string;
  kind: 'done' | 'error';
  action?: { label: string; run: () => void };
}

const SHOWN_MS = 6000;
const MOST = 4;
let next = 1;
export const toasts = $state<Toast[]>([]);

export function dismiss(id: number) {
  const at = toasts.findIndex((toast) => toast.id === id);
  if (at >= 0) toasts.splice(at, 1);
}

/** Shows a message. Errors stay until they are closed. */
export function toast(text: string, more: Partial<Pick<Toast, 'kind' | 'action'>> = {}) {
  const id = next++;
  toasts.push({ id, text, kind: more.kind ?? 'done', action: more.action });
  if (toasts.length > MOST) toasts.shift();
  if (more.kind !== 'error') setTimeout(() => dismiss(id), more.action ? SHOWN_MS * 2 : SHOWN_MS);
}

/** Says why something failed. */
export const toastError = (error: unknown) =>
  toast(error instanceof Error ? error.message : String(error), { kind: 'error' });
