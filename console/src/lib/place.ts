// Where an address is, in the words of the reader's language. Pure.
import type { Place } from './types';

/** The country by its name: the code is known in every language, the server's name only in one. */
export function country(place: Place | null | undefined, language: string): string {
  const code = place?.country ?? '';
  if (/^[A-Z]{2}$/.test(code)) {
    try {
      const name = new Intl.DisplayNames([language], { type: 'region', fallback: 'none' }).of(code);
      if (name) return name;
    } catch {
      // A language that the browser does not know: the server's name.
    }
  }
  return place?.country_name || code;
}

/** Country, city and network, as far as they are known. */
export function placeName(place: Place | null | undefined, language: string): string {
  return [country(place, language), place?.city, place?.network].filter(Boolean).join(', ');
}
