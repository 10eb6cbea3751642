// Formatting in the language of the console: what components call.
import * as format from './format';
import { language } from './i18n.svelte';
import { country as countryOf, placeName } from './place';
import type { Place } from './types';

export const bytes = (n: number) => format.bytes(n, language());
export const bitRate = (n: number) => format.bitRate(n, language());
export const count = (n: number) => format.count(n, language());
export const percent = (n: number) => format.percent(n, language());
export const share = (n: number) => format.share(n, language());
export const decimal = (n: number, digits?: number) => format.decimal(n, language(), digits);
export const signed = (n: number) => format.signed(n, language());
export const duration = (n: number) => format.duration(n, language());
const toDate = (at: string | number | Date) => (typeof at === 'number' ? new Date(at * 1000) : new Date(at));
/** Two moments as a range; the end says its date too when it is of another day. */
export const between = (from: string | number | Date, to: string | number | Date) =>
  format.between(toDate(from), toDate(to), language());
/** Of an RFC 3339 text, or seconds since 1970. */
export const clock = (at: string | number | Date) => format.clock(toDate(at), language());
export const fullTime = (at: string | number | Date) => format.fullTime(toDate(at), language());
export const ago = (at: string | number | Date, now: number = Date.now()) =>
  format.ago((now - toDate(at).getTime()) / 1000, language());
/** Country and city and network of an address, as far as they are known. */
export const place = (where: Place | null | undefined) => placeName(where, language());
/** The country alone. */
export const country = (where: Place | null | undefined) => countryOf(where, language());
export { endpoint } from './format';
