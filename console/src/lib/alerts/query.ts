/** The inbox's filter: in the URL as the page has it, and as the API takes it. */

import type { AlertItem, AlertState, InboxItem, Severity } from '../types';

export const SEVERITIES: Severity[] = ['info', 'low', 'medium', 'high', 'critical'];
export const STATES: AlertState[] = ['open', 'acknowledged', 'closed', 'false-alarm'];

export interface InboxFilter {
  states: AlertState[];
  severity: Severity;
  text: string;
  detector: string;
  address: string;
  from: string;
  to: string;
  suppressed: boolean;
}

export const DEFAULTS: InboxFilter = {
  states: ['open', 'acknowledged'],
  severity: 'medium',
  text: '',
  detector: '',
  address: '',
  from: '',
  to: '',
  suppressed: false,
};

/** Reads the URL; what it does not know is as by default. */
export function readFilter(params: URLSearchParams): InboxFilter {
  const states = (params.get('state') ?? '').split(',').filter(isState);
  const severity = params.get('severity') as Severity;
  return {
    states: params.get('state') === 'all' ? [...STATES] : states.length ? states : [...DEFAULTS.states],
    severity: SEVERITIES.includes(severity) ? severity : DEFAULTS.severity,
    text: params.get('text') ?? '',
    detector: params.get('detector') ?? '',
    address: params.get('address') ?? '',
    from: params.get('from') ?? '',
    to: params.get('to') ?? '',
    suppressed: params.get('suppressed') === 'true',
  };
}

function isState(text: string): text is AlertState {
  return (STATES as string[]).includes(text);
}

/** What the URL shall hold: `null` where the default holds, so that links stay short. */
export function urlOf(filter: InboxFilter): Record<string, string | null> {
  const same = filter.states.join() === DEFAULTS.states.join();
  const all = filter.states.length === STATES.length;
  return {
    state: same ? null : all ? 'all' : filter.states.join(','),
    severity: filter.severity === DEFAULTS.severity ? null : filter.severity,
    text: filter.text || null,
    detector: filter.detector || null,
    address: filter.address || null,
    from: filter.from || null,
    to: filter.to || null,
    suppressed: filter.suppressed ? 'true' : null,
  };
}

/** What the API is asked with. */
export function apiOf(filter: InboxFilter): Record<string, string> {
  const query: Record<string, string> = {
    state: filter.states.join(','),
    severity: filter.severity,
  };
  for (const key of ['text', 'detector', 'address', 'from', 'to'] as const) {
    if (filter[key]) query[key] = filter[key];
  }
  if (filter.suppressed) query.suppressed = 'true';
  return query;
}

/** True when the filter differs from the default in more than its order. */
export function isFiltered(filter: InboxFilter): boolean {
  return Object.values(urlOf(filter)).some((value) => value !== null);
}

/**
 * True when something that just happened belongs into the list. The time limits are the server's
 * affair: what just happened lies within every range that ends now, and a range that ends earlier
 * takes nothing new.
 */
export function wants(filter: InboxFilter, item: InboxItem): boolean {
  const what = item.kind === 'incident' ? item.incident : item.alert;
  if (filter.to && filter.to !== 'now') return false;
  if (!filter.states.includes(what.state)) return false;
  if (SEVERITIES.indexOf(what.severity) < SEVERITIES.indexOf(filter.severity)) return false;
  if (item.kind === 'alert' && item.alert.suppressed && !filter.suppressed) return false;
  return hasText(what.title + ' ' + what.explanation, filter.text) && hasEnds(filter, item);
}

function hasText(where: string, words: string): boolean {
  const text = where.toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function hasEnds(filter: InboxFilter, item: InboxItem): boolean {
  if (item.kind === 'incident') {
    const hosts = [...item.incident.attackers, ...item.incident.victims];
    return !filter.detector && (!filter.address || hosts.includes(filter.address));
  }
  const alert: AlertItem = item.alert;
  const hosts = [...(alert.src ?? []), ...(alert.dst ?? [])];
  if (filter.detector && alert.detector !== filter.detector) return false;
  return !filter.address || hosts.includes(filter.address);
}
