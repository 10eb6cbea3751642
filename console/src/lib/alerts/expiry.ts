/** When a rule that hides alerts ends. There is no rule without an end. */

export const PRESETS = ['1h', '8h', '1d', '7d', '30d', '90d'] as const;
export type Preset = (typeof PRESETS)[number];

/** What the dialog begins with: long enough to matter, short enough to be looked at again. */
export const DEFAULT: Preset = '7d';

/** Longest time a rule may hold: a year. */
export const DAYS_MAX = 366;

const UNITS: Record<string, number> = { h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a preset. */
export function millis(preset: Preset): number {
  return parseInt(preset, 10) * UNITS[preset.slice(-1)]!;
}

export function until(preset: Preset, now: Date): Date {
  return new Date(now.getTime() + millis(preset));
}

export type ExpiryFault = 'missing' | 'unreadable' | 'past' | 'too-late';

/** The end that somebody typed (`datetime-local`, local time), or what is wrong with it. */
export function readEnd(text: string, now: Date): Date | ExpiryFault {
  if (text.trim() === '') return 'missing';
  const end = new Date(text);
  if (Number.isNaN(end.getTime())) return 'unreadable';
  if (end.getTime() <= now.getTime()) return 'past';
  return end.getTime() - now.getTime() > DAYS_MAX * 86_400_000 ? 'too-late' : end;
}

/** For a `datetime-local` field: local time to the minute. */
export function localText(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}
