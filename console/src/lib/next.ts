// Where to go after the log-in: the page that was wanted, with its whole state. Pure.

/** A path of this console, from a query that anybody may have written; null when it is none. */
export function safeNext(wanted: string | null): string | null {
  if (!wanted || !wanted.startsWith('/')) return null;
  // `//host` and `/\host` are other servers to a browser; what is resolved must stay here.
  const base = 'http://console.invalid';
  try {
    const url = new URL(wanted, base);
    if (url.origin !== base || url.pathname.startsWith('/api/') || url.pathname.startsWith('//')) return null;
    if (['/login', '/link', '/setup'].includes(url.pathname)) return null;
    return url.pathname + url.search;
  } catch {
    return null;
  }
}
