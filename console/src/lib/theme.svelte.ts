// Light, dark or as the system. The choice is kept in this browser: `public/theme.js` applies it
// before the first paint.
export type Theme = 'system' | 'light' | 'dark';

class ThemeState {
  choice = $state<Theme>('system');
  /** Rises when colours have changed: charts paint anew. */
  version = $state(0);
}
export const theme = new ThemeState();

const chosen = document.documentElement.dataset['theme'];
if (chosen === 'light' || chosen === 'dark') theme.choice = chosen;
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => (theme.version += 1));

// Paper is light. Style sheets know by themselves; what is painted on a canvas must be told.
addEventListener('beforeprint', () => {
  document.documentElement.dataset['theme'] = 'light';
  theme.version += 1;
});
addEventListener('afterprint', () => {
  if (theme.choice === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme.choice;
  theme.version += 1;
});

export function setTheme(next: Theme) {
  theme.choice = next;
  const root = document.documentElement;
  if (next === 'system') delete root.dataset['theme'];
  else root.dataset['theme'] = next;
  try {
    if (next === 'system') localStorage.removeItem('theme');
    else localStorage.setItem('theme', next);
  } catch {
    // Without storage the choice holds for this page.
  }
  theme.version += 1;
}

/** The colour of a token now. */
export const token = (name: string) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
