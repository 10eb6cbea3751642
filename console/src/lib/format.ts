// Numbers with units, short enough for tables. Pure: the locale is an argument.

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const COUNT_UNITS = ['', 'k', 'M', 'G', 'T'];
const BIT_UNITS = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'];

function scaled(value: number, units: readonly string[], locale: string): string {
  let rest = Math.abs(value);
  let unit = 0;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  const digits = unit === 0 ? (rest < 10 && rest % 1 !== 0 ? 1 : 0) : rest < 10 ? 2 : rest < 100 ? 1 : 0;
  const number = new Intl.NumberFormat(locale, { minimumFractionDigits: unit === 0 ? 0 : digits, maximumFractionDigits: digits });
  return `${number.format(value < 0 ? -rest : rest)}${units[unit] ? `\u00a0${units[unit]}` : ''}`;
}

/** `1.23 MB` (powers of 1,000). */
export const bytes = (n: number, locale = 'en') => scaled(n, BYTE_UNITS, locale);
/** `12.3 Mbit/s` of bytes a second. */
export const bitRate = (bytesPerSecond: number, locale = 'en') => scaled(bytesPerSecond * 8, BIT_UNITS, locale);
/** `12.3 k`: a count, shortened. */
export const count = (n: number, locale = 'en') => scaled(n, COUNT_UNITS, locale);

/** A share of a whole, `12 %`. */
export function percent(share: number, locale = 'en'): string {
  const digits = share > 0 && share < 0.1 ? 1 : 0;
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: digits }).format(share);
}

/** A share with as many digits as matter near 0 and 1: `3 %`, `99.7 %`, `99.98 %`. */
export function share(value: number, locale = 'en'): string {
  const edge = Math.min(Math.abs(value), Math.abs(1 - value));
  const digits = edge === 0 || edge >= 0.1 ? 0 : edge >= 0.01 ? 1 : 2;
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: digits }).format(value);
}

/** A number between 0 and 1 as it is: `0.987`. */
export const decimal = (value: number, locale = 'en', digits = 4) =>
  new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);

/** A number with its sign, two digits: `+1.20`. */
export const signed = (value: number, locale = 'en') =>
  new Intl.NumberFormat(locale, { signDisplay: 'exceptZero', minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);

/** `340 ms`, `12.3 s`, `5 min 10 s`, `3 h 20 min`, `2 d 4 h`. */
export function duration(seconds: number, locale = 'en'): string {
  const n = (value: number, digits = 0) =>
    new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);
  if (seconds < 0.001) return seconds <= 0 ? '0 s' : `${n(seconds * 1e6)} µs`;
  if (seconds < 1) return `${n(seconds * 1000, seconds < 0.01 ? 1 : 0)} ms`;
  if (seconds < 60) return `${n(seconds, seconds < 10 ? 1 : 0)} s`;
  const [big, small, a, b] =
    seconds < 3600 ? [60, 1, 'min', 's'] as const : seconds < 86400 ? [3600, 60, 'h', 'min'] as const : [86400, 3600, 'd', 'h'] as const;
  const whole = Math.floor(seconds / big);
  const rest = Math.floor((seconds % big) / small);
  return rest ? `${whole} ${a} ${rest} ${b}` : `${whole} ${a}`;
}

/** Time of day with seconds, or with the date when it was not today. */
export function clock(at: Date, locale = 'en', now = new Date()): string {
  const sameDay = at.toDateString() === now.toDateString();
  const time = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
  if (sameDay) return time.format(at);
  const date = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric' });
  return `${date.format(at)} ${time.format(at)}`;
}

/**
 * Two moments as a range: each with its date when they are of different days, or when neither is of
 * today.
 */
export function between(from: Date, to: Date, locale = 'en', now = new Date()): string {
  const sameDay = from.toDateString() === to.toDateString();
  // Seen from the day before, no moment is of today: both say their date.
  const seen = sameDay ? now : new Date(Math.min(from.getTime(), to.getTime()) - 86_400_000);
  const end = sameDay ? clock(to, locale, to) : clock(to, locale, seen);
  return `${clock(from, locale, seen)} – ${end}`;
}

/** Date and time in full, with the time zone. */
export function fullTime(at: Date, locale = 'en'): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'long', hourCycle: 'h23' } as Intl.DateTimeFormatOptions).format(at);
}

/** `3 min ago`, `in 2 h`. */
export function ago(seconds: number, locale = 'en'): string {
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
  const size = Math.abs(seconds);
  if (size < 60) return format.format(-Math.round(seconds), 'second');
  if (size < 3600) return format.format(-Math.round(seconds / 60), 'minute');
  if (size < 86400) return format.format(-Math.round(seconds / 3600), 'hour');
  return format.format(-Math.round(seconds / 86400), 'day');
}

/** Address and port as people write them; IPv6 in brackets. */
export function endpoint(address: string, port: number | undefined): string {
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
