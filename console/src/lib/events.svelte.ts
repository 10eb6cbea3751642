// The live stream: one EventSource for the whole console. It comes back by itself with growing
// pauses, asks for what it missed, and says when pages must take a snapshot. A tab that nobody
// sees lets go of its connection after a while: browsers allow only six for each server.
import { loadSession, session } from './session.svelte';
import { sourceId } from './router.svelte';
import type { AlertItem, Device, FlowsEvent, IncidentItem, Job, SecondEvent, Source, Status } from './types';

export interface Kinds {
  second: SecondEvent;
  alert: AlertItem;
  incident: IncidentItem;
  device: Device;
  flows: FlowsEvent;
  source: Source;
  status: Status;
  job: Job;
}
const KINDS: (keyof Kinds)[] = ['second', 'alert', 'incident', 'device', 'flows', 'source', 'status', 'job'];
const PAUSES_MS = [500, 1000, 2000, 4000, 8000, 15000];
const HIDDEN_MS = 60_000;
/** The program says something at least each 5 s; longer silence is a broken line. */
const SILENCE_MS = 15_000;

class LiveState {
  /** `open`, `connecting` at first, `lost` once it broke. */
  state = $state<'connecting' | 'open' | 'lost'>('connecting');
  /** The user has stopped all movement (Space). */
  paused = $state(false);
  /** When the last event came, in milliseconds of this browser's clock. */
  lastAt = $state(Date.now());
  /** The program's own state, as it said last. */
  status = $state.raw<Status | null>(null);
  /** Rises when pages must ask for everything again: after a gap or another source. */
  snapshot = $state(0);
  /** When the next attempt to connect comes; 0 while connected. */
  retryAt = $state(0);
}
export const live = new LiveState();

type Handler = (data: never) => void;
const handlers = new Map<string, Set<Handler>>();
let stream: EventSource | null = null;
let lastId = '';
let failures = 0;
let retryTimer = 0;
let hiddenTimer = 0;
let openSource = 0;
let watchTimer = 0;

/** Calls `handler` for each event of a kind; returns how to stop. */
export function on<K extends keyof Kinds>(kind: K, handler: (data: Kinds[K]) => void): () => void {
  const set = handlers.get(kind) ?? new Set();
  handlers.set(kind, set);
  set.add(handler as Handler);
  return () => set.delete(handler as Handler);
}

function receive(kind: string, event: MessageEvent<string>) {
  lastId = event.lastEventId || lastId;
  live.lastAt = Date.now();
  let data: unknown;
  try {
    data = JSON.parse(event.data);
  } catch {
    return;
  }
  if (kind === 'status') live.status = data as Status;
  for (const handler of handlers.get(kind) ?? []) (handler as (data: unknown) => void)(data);
}

/** The first event says where the stream is. A lower number than ours: the program has started anew
 * and cannot replay what was missed. */
function greeted(event: MessageEvent<string>) {
  live.lastAt = Date.now();
  const id = Number((JSON.parse(event.data) as { id?: number }).id ?? 0);
  if (lastId && id < Number(lastId)) {
    lastId = String(id);
    live.snapshot += 1;
  } else if (!lastId) lastId = String(id);
}

function opened() {
  if (live.state === 'lost' && !lastId) live.snapshot += 1;
  live.state = 'open';
  live.retryAt = 0;
  live.lastAt = Date.now();
  failures = 0;
}

function failed() {
  close();
  live.state = 'lost';
  const pause = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] ?? 15000;
  failures += 1;
  live.retryAt = Date.now() + pause;
  retryTimer = window.setTimeout(() => void reopen(), pause);
}

/** An EventSource does not say why it failed: a session that ended is asked for by itself. */
async function reopen() {
  if (failures > 1) await loadSession();
  if (session.unreachable) return failed();
  if (session.user) open();
}

/** A line may break without anybody noticing: behind a proxy, or when a cable is pulled. */
function watch() {
  if (stream && live.state === 'open' && Date.now() - live.lastAt > SILENCE_MS) failed();
}

function close() {
  clearTimeout(retryTimer);
  clearInterval(watchTimer);
  stream?.close();
  stream = null;
}

function open() {
  close();
  const query = new URLSearchParams({ source: String(sourceId()) });
  if (lastId && openSource === sourceId()) query.set('last', lastId);
  openSource = sourceId();
  const next = new EventSource(`/api/v1/events?${query}`);
  stream = next;
  watchTimer = window.setInterval(watch, 2000);
  next.onopen = opened;
  next.onerror = failed;
  next.addEventListener('hello', greeted);
  next.addEventListener('gap', () => (live.snapshot += 1));
  for (const kind of KINDS) {
    next.addEventListener(kind, (event: MessageEvent<string>) => receive(kind, event));
  }
}

function visibility() {
  clearTimeout(hiddenTimer);
  if (document.visibilityState === 'hidden') hiddenTimer = window.setTimeout(close, HIDDEN_MS);
  else if (!stream && session.user) open();
}

/** Connects for the present source; connects again when that has changed. */
export function connect() {
  if (stream && openSource === sourceId()) return;
  if (openSource !== 0 && openSource !== sourceId()) live.snapshot += 1;
  if (openSource === 0) document.addEventListener('visibilitychange', visibility);
  open();
}

/** Ends the stream, as on logging out. */
export function disconnect() {
  close();
  lastId = '';
  live.state = 'connecting';
}

/** Tries again now. */
export function retryNow() {
  failures = 0;
  void reopen();
}
