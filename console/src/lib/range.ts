// Time ranges as the URL and the API write them: `-1h`, `now`, seconds since 1970, or RFC 3339.

export const PRESETS = ['-5m', '-15m', '-1h', '-6h', '-24h', '-7d', '-30d'] as const;
export const DEFAULT_FROM = '-1h';
const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
/** No range is shorter than this, in seconds. */
export const SHORTEST = 10;

export interface Span {
  /** Seconds since 1970. */
  from: number;
  to: number;
}

/** Seconds since 1970 of a time as written, seen from `now`; null when it is none. */
export function parseTime(text: string, now: number): number | null {
  if (text === 'now') return now;
  const relative = /^-(\d{1,6})([smhdw])$/.exec(text);
  if (relative) return now - Number(relative[1]) * (UNITS[relative[2] ?? ''] ?? 1);
  if (/^\d{9,11}(\.\d+)?$/.test(text)) return Number(text);
  const parsed = Date.parse(text);
  return /^\d{4}-\d\d-\d\d/.test(text) && Number.isFinite(parsed) ? parsed / 1000 : null;
}

/** The span of `from` and `to`, or of the default where they make no sense. */
export function span(from: string, to: string, now: number): Span {
  const a = parseTime(from, now);
  const b = parseTime(to, now);
  if (a === null || b === null || a >= b) return { from: now - 3600, to: now };
  return { from: a, to: b };
}

/** True when the range moves with time. */
export const follows = (to: string) => to === 'now';

/** Seconds as the URL writes them. */
export const writeTime = (seconds: number) => String(Math.round(seconds));

/** Makes a span `factor` times as long around its middle, not beyond `now`. */
export function zoom(s: Span, factor: number, now: number): Span {
  const middle = (s.from + s.to) / 2;
  const half = Math.max(((s.to - s.from) * factor) / 2, SHORTEST / 2);
  const to = Math.min(middle + half, Math.max(now, s.to));
  return { from: to - 2 * half, to };
}

/** Moves a span by a share of its length, not beyond `now`. */
export function pan(s: Span, share: number, now: number): Span {
  const shift = Math.min((s.to - s.from) * share, Math.max(now - s.to, 0));
  return { from: s.from + shift, to: s.to + shift };
}
