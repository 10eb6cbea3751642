// Keyboard shortcuts. A page registers its own while it is shown; `?` lists all that hold now.
import { untrack } from 'svelte';
import type { Key } from './i18n.svelte';

export interface Shortcut {
  /** As `KeyboardEvent.key` says: `j`, `/`, `Escape`, ` `. */
  key: string;
  label: Key;
  run: (event: KeyboardEvent) => void;
  /** False: the key is left to the page for now. */
  when?: () => boolean;
}

let groups = $state<{ title: Key; shortcuts: Shortcut[] }[]>([]);
export const shortcutGroups = () => groups;

/** Registers shortcuts; call within an `$effect` and return what it returns. */
export function shortcuts(title: Key, list: Shortcut[]): () => void {
  const group = { title, shortcuts: list };
  untrack(() => (groups = [...groups, group]));
  return () => {
    groups = groups.filter((other) => other.shortcuts !== list);
  };
}

const TYPING = 'input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]';
const PRESSABLE = 'button, a[href], summary, input, [role=menuitem], [role=tab]';

/** Handles a key for the whole page. */
export function onKey(event: KeyboardEvent) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest(TYPING) || document.querySelector('dialog[open]')) return;
  // Space and Enter belong to what has the focus.
  if ((event.key === ' ' || event.key === 'Enter') && target?.closest(PRESSABLE)) return;
  for (const group of [...groups].reverse()) {
    const hit = group.shortcuts.find((s) => s.key === event.key && (s.when?.() ?? true));
    if (hit) {
      event.preventDefault();
      hit.run(event);
      return;
    }
  }
}
