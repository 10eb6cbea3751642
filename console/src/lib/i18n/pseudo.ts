/**
 * Makes a text strange but readable, and a third longer: what stays plain on a page was not looked
 * up, and what is cut off has no room for longer languages. For tests.
 */
const STRANGE: Record<string, string> = {
  a: 'å', c: 'ç', e: 'é', i: 'î', n: 'ñ', o: 'ö', s: 'š', u: 'ü', y: 'ý', z: 'ž',
  A: 'Å', C: 'Ç', E: 'É', I: 'Î', N: 'Ñ', O: 'Ö', S: 'Š', U: 'Ü', Y: 'Ý', Z: 'Ž',
};

export function pseudo(text: string): string {
  if (text === '') return text;
  const parts = text.split(/(\{\w+\})/);
  const changed = parts.map((part, nth) => (nth % 2 === 1 ? part : [...part].map((char) => STRANGE[char] ?? char).join('')));
  const longer = '~'.repeat(Math.ceil(text.length / 3));
  return `[${changed.join('')}${longer}]`;
}

/** All texts of a language, made strange. */
export function pseudoAll<T extends Record<string, string>>(texts: T): T {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, pseudo(text)])) as T;
}
