// Asks the program. Errors are problem objects (RFC 9457). When the session has ended or the
// password must be entered again, the request waits for the answer and is then repeated.
import { askConfirm, askLogin, session } from './session.svelte';

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  instance?: string;
  place?: string;
  errors?: { field: string; message: string }[];
  start?: number;
  end?: number;
}

export class ApiError extends Error {
  constructor(
    readonly problem: Problem,
    readonly retryAfter: number | null = null,
  ) {
    super(problem.detail || problem.title);
  }
  get status() {
    return this.problem.status;
  }
  /** True for a problem `urn:anomalyzer:NAME`. */
  is(name: string) {
    return this.problem.type === `urn:anomalyzer:${name}`;
  }
}

export type QueryValue = string | number | boolean | null | undefined | readonly (string | number)[];
export type Query = Record<string, QueryValue>;
export interface Options {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
  /** Sent as it is, such as a capture file. */
  raw?: Blob;
  /** Do not open the login overlay: for background refreshes and the login itself. */
  quiet?: boolean;
}

/** Builds `/api/v1/PATH?QUERY`; empty values are left out, lists are repeated. */
export function apiUrl(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (Array.isArray(value)) for (const one of value) search.append(key, String(one));
    else if (value !== null && value !== undefined && value !== '') search.set(key, String(value));
  }
  const text = search.toString();
  return `/api/v1/${path}${text ? `?${text}` : ''}`;
}

function headers(method: string, options: Options): Record<string, string> {
  const all: Record<string, string> = { Accept: 'application/json' };
  if (method !== 'GET' && session.current.csrf) all['X-CSRF-Token'] = session.current.csrf;
  if (options.raw) all['Content-Type'] = 'application/octet-stream';
  else if (options.body !== undefined) all['Content-Type'] = 'application/json';
  return all;
}

async function problemOf(answer: Response): Promise<Problem> {
  const base = { type: 'about:blank', title: answer.statusText || `HTTP ${answer.status}`, status: answer.status };
  try {
    if (!answer.headers.get('content-type')?.includes('json')) return base;
    return { ...base, ...((await answer.json()) as Partial<Problem>) };
  } catch {
    return base;
  }
}

async function once(method: string, path: string, options: Options): Promise<Response> {
  try {
    return await fetch(apiUrl(path, options.query), {
      method,
      headers: headers(method, options),
      body: options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
      signal: options.signal,
      credentials: 'same-origin',
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError({ type: 'urn:anomalyzer:unreachable', title: 'unreachable', status: 0 });
  }
}

/** Asks, and repeats after a login or a confirmation. */
export async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  for (let tries = 0; ; tries++) {
    const answer = await once(method, path, options);
    if (answer.ok) {
      const json = answer.headers.get('content-type')?.includes('json');
      return (json && answer.status !== 204 ? await answer.json() : undefined) as T;
    }
    const problem = await problemOf(answer);
    const retry = Number(answer.headers.get('retry-after'));
    const error = new ApiError(problem, Number.isFinite(retry) && retry > 0 ? retry : null);
    if (options.quiet || tries > 2) throw error;
    if (error.is('login') && (await askLogin())) continue;
    if (error.is('confirm') && (await askConfirm())) continue;
    throw error;
  }
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) =>
  request<T>('GET', path, { query, signal });
export const post = <T>(path: string, body?: unknown, query?: Query) =>
  request<T>('POST', path, { body, query });
export const put = <T>(path: string, body: unknown) => request<T>('PUT', path, { body });
export const patch = <T>(path: string, body: unknown, query?: Query) =>
  request<T>('PATCH', path, { body, query });
export const del = <T>(path: string, query?: Query) => request<T>('DELETE', path, { query });
