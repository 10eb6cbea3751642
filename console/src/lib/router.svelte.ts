// History routing. The URL holds the whole state: pages read `router.query` and write with
// `setQuery`. Back and forward restore it, and the scroll position with it.
import { tick } from 'svelte';

class RouterState {
  path = $state('/');
  query = $state.raw(new URLSearchParams());
  hash = $state('');
}
export const router = new RouterState();

type Change = Record<string, string | number | readonly string[] | null | undefined>;

function read() {
  router.path = location.pathname.replace(/(.)\/+$/, '$1');
  router.query = new URLSearchParams(location.search);
  router.hash = location.hash;
}

/** The source that all pages speak of; 1 is the sensor itself. */
export function sourceId(): number {
  const id = Number(router.query.get('source') ?? 1);
  return Number.isInteger(id) && id > 0 ? id : 1;
}

/** A link to another page that keeps the source. `query` replaces all other state. */
export function href(path: string, query: Change = {}): string {
  const search = new URLSearchParams();
  apply(search, query);
  if (sourceId() !== 1 && !search.has('source')) search.set('source', String(sourceId()));
  const text = readable(search);
  return text ? `${path}?${text}` : path;
}

function apply(search: URLSearchParams, change: Change) {
  for (const [key, value] of Object.entries(change)) {
    search.delete(key);
    if (typeof value === 'object' && value !== null) for (const one of value) search.append(key, one);
    else if (value !== null && value !== undefined && value !== '') search.set(key, String(value));
  }
}

/** Queries are read by people: what need not be escaped is not. */
function readable(search: URLSearchParams): string {
  return search.toString().replaceAll('%3A', ':').replaceAll('%2F', '/').replaceAll('%2C', ',');
}

/** The present page with other state. */
export function hrefWith(change: Change): string {
  const search = new URLSearchParams(router.query);
  apply(search, change);
  const text = readable(search);
  return text ? `${router.path}?${text}` : router.path;
}

function keepScroll() {
  history.replaceState({ ...(history.state as object | null), y: scrollY }, '');
}

/** Goes somewhere. `replace` leaves no step for "back"; `keep` keeps the scroll position. */
export function go(url: string, options: { replace?: boolean; keep?: boolean } = {}) {
  if (new URL(url, location.href).href === location.href) return;
  const samePage = new URL(url, location.href).pathname === location.pathname;
  keepScroll();
  if (options.replace) history.replaceState({ y: scrollY }, '', url);
  else history.pushState({ y: 0 }, '', url);
  read();
  if (!options.keep && !samePage) {
    scrollTo(0, 0);
    void tick().then(focusMain);
  }
}

/** Changes parts of the URL's state on the present page. */
export function setQuery(change: Change, options: { replace?: boolean } = {}) {
  go(hrefWith(change), { ...options, keep: true });
}

/** After a change of page the keyboard goes on from its heading. */
function focusMain() {
  document.getElementById('main')?.focus({ preventScroll: true });
}

/** Pages load after the URL has changed: tries until they are long enough, for at most 2 s. */
function restoreScroll(y: number) {
  const end = performance.now() + 2000;
  const attempt = () => {
    scrollTo(0, y);
    if (Math.abs(scrollY - y) > 2 && performance.now() < end) requestAnimationFrame(attempt);
  };
  requestAnimationFrame(attempt);
}

function onClick(event: MouseEvent) {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.('a[href]');
  if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download')) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || url.pathname.startsWith('/api/')) return;
  if (url.hash && url.pathname === location.pathname && url.search === location.search) return;
  event.preventDefault();
  go(url.pathname + url.search + url.hash);
}

export function startRouter() {
  history.scrollRestoration = 'manual';
  read();
  addEventListener('popstate', (event) => {
    read();
    restoreScroll(Number((event.state as { y?: number } | null)?.y ?? 0));
  });
  addEventListener('pagehide', keepScroll);
  let timer = 0;
  addEventListener(
    'scroll',
    () => {
      clearTimeout(timer);
      timer = window.setTimeout(keepScroll, 200);
    },
    { passive: true },
  );
  document.addEventListener('click', onClick);
  const y = Number((history.state as { y?: number } | null)?.y ?? 0);
  if (y > 0) restoreScroll(y);
}
