// What a user likes (columns, density), kept by the program for all of the user's browsers.
import { request } from './api';
import { session } from './session.svelte';

let timer = 0;

/** A preference, or `otherwise`. */
export function preference<T>(name: string, otherwise: T): T {
  const value = session.user?.preferences[name];
  return value === undefined ? otherwise : (value as T);
}

/** Sets one; it is sent a moment later, together with others. */
export function prefer(name: string, value: unknown) {
  if (!session.user) return;
  session.current.user = {
    ...session.user,
    preferences: { ...session.user.preferences, [name]: value },
  };
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    // A preference that cannot be kept still holds for this page.
    void request('PUT', 'me/preferences', { body: session.user?.preferences, quiet: true }).catch(() => {});
  }, 600);
}
