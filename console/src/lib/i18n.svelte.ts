// Texts by key, numbers and times by locale. English is in the first bundle, others load when they
// are chosen. Everything that reads `t` is drawn again on a switch: no reload.
import { en, type Key } from './i18n/en';

export type { Key };
export type Params = Record<string, string | number>;
type Texts = Record<Key, string>;
export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof LANGUAGES;

// Found at build time, so a language that is not there yet does not break the build.
const others = import.meta.glob<{ default: Partial<Texts> }>(
  ['./i18n/??.ts', '!./i18n/en.ts'],
);

class LanguageState {
  code = $state<Language>('en');
  texts = $state.raw<Texts>(en);
}
const state = new LanguageState();

/** The language in use. */
export const language = () => state.code;

const fill = (text: string, params: Params) =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? formatNumber(value) : value;
  });

/** The text of a key, with `{name}` replaced. */
export function t(key: Key, params?: Params): string {
  const text = state.texts[key] ?? en[key] ?? key;
  return params ? fill(text, params) : text;
}

/** The text of `KEY.one` or `KEY.other`, by the language's rule for `n`. */
export function tn(key: string, n: number, params: Params = {}): string {
  const one = new Intl.PluralRules(state.code).select(n) === 'one';
  return t(`${key}.${one ? 'one' : 'other'}` as Key, { n, ...params });
}

/** The text of a key that is made at run time, or what to say without one. */
export function tOr(key: string, otherwise: string): string {
  return (state.texts as Record<string, string>)[key] ?? (en as Record<string, string>)[key] ?? otherwise;
}

export function formatNumber(value: number, digits = 0): string {
  return new Intl.NumberFormat(state.code, { maximumFractionDigits: digits }).format(value);
}

/** Switches the language, and remembers it in this browser. */
export async function setLanguage(code: Language): Promise<void> {
  if (code !== 'en') {
    const load = others[`./i18n/${code}.ts`];
    if (!load) return;
    state.texts = { ...en, ...(await load()).default };
  } else {
    state.texts = en;
  }
  state.code = code;
  document.documentElement.lang = code;
  try {
    localStorage.setItem('language', code);
  } catch {
    // Without storage the choice holds for this page.
  }
}

/** The language chosen before, or the browser's. */
export async function startLanguage(): Promise<void> {
  let wanted: string | null = null;
  try {
    wanted = localStorage.getItem('language');
  } catch {
    // As above.
  }
  const code = (wanted ?? navigator.language).slice(0, 2);
  // `xx` is for tests: it shows what was not looked up.
  if (code !== 'en' && (code in LANGUAGES || wanted === 'xx')) await setLanguage(code as Language);
}
