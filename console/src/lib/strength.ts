// A hint on how good a password is: length first, as it matters most. Not a judge: the program
// decides what it takes.
export const SHORTEST_PASSWORD = 10;

export interface Strength {
  /** 0 (not allowed) to 4. */
  score: 0 | 1 | 2 | 3 | 4;
  /** Ends the key of a text. */
  hint: 'empty' | 'short' | 'plain' | 'fair' | 'good' | 'strong';
}

const COMMON = /^(password|passwort|admin|letmein|welcome|qwert[yz]|anomalyzer|1234567|abcdefg)/i;

/** Rates a password; `name` is the user's. */
export function strength(password: string, name: string): Strength {
  if (password.length === 0) return { score: 0, hint: 'empty' };
  if (password.length < SHORTEST_PASSWORD) return { score: 0, hint: 'short' };
  const different = new Set(password).size;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z\d]/].filter((kind) => kind.test(password)).length;
  const named = name.length > 2 && password.toLowerCase().includes(name.toLowerCase());
  if (COMMON.test(password) || named || different < 5) return { score: 1, hint: 'plain' };
  const points = password.length + 2 * (kinds - 1);
  if (points >= 22) return { score: 4, hint: 'strong' };
  return points >= 16 ? { score: 3, hint: 'good' } : { score: 2, hint: 'fair' };
}
