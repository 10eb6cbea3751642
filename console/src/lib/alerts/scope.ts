/** Which alerts a rule shall hide: begun as narrow as the alert allows, widened part by part. */

import type { Alert, Scope, SuppressionRule } from '../types';

export const PARTS = ['detector', 'technique', 'src', 'dst', 'port'] as const;
export type Part = (typeof PARTS)[number];

export interface ScopePart {
  part: Part;
  /** As the alert has it, or as somebody widened it. */
  value: string;
  on: boolean;
}

/** The only entry of a list, when there is no other that the list has no room for. */
function sole(list: string[] | undefined, count: number | undefined): string | null {
  return list?.length === 1 && (count ?? 1) <= 1 ? list[0]! : null;
}

/**
 * The parts that an alert offers. Ticked are detector, source, destination and port; the technique
 * is offered only, because the same thing seen again may show another one.
 */
export function partsOf(alert: Alert): ScopePart[] {
  const ports = (alert.dst_ports ?? []).map(String);
  const values: Record<Part, string | null> = {
    detector: alert.detector,
    technique: alert.technique || null,
    src: sole(alert.src, alert.src_count),
    dst: sole(alert.dst, alert.dst_count),
    port: sole(ports, alert.dst_port_count),
  };
  return PARTS.flatMap((part) => {
    const value = values[part];
    return value === null ? [] : [{ part, value, on: part !== 'technique' }];
  });
}

/** What is ticked, as the API takes it. */
export function scopeOf(parts: ScopePart[]): Scope {
  const scope: Scope = {};
  for (const { part, value, on } of parts) {
    if (!on || value.trim() === '') continue;
    if (part === 'port') scope.port = Number(value);
    else scope[part] = value.trim();
  }
  return scope;
}

export type ScopeFault = 'empty' | 'src' | 'dst' | 'port';

/** What is wrong with the parts; `null` when nothing is. */
export function faultOf(parts: ScopePart[]): ScopeFault | null {
  const on = parts.filter((part) => part.on);
  if (on.length === 0) return 'empty';
  for (const { part, value } of on) {
    if ((part === 'src' || part === 'dst') && !isNetwork(value)) return part;
    const port = Number(value);
    if (part === 'port' && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) return 'port';
  }
  return null;
}

/** `10.0.0.5`, `10.0.0.0/24`, `2001:db8::/32`. The server reads it strictly; this is for typing. */
export function isNetwork(text: string): boolean {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text.trim());
  if (!match) return false;
  const [, address = '', length] = match;
  const v4 = address.split('.');
  const isV4 = v4.length === 4 && v4.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  const isV6 = address.includes(':') && /^[0-9a-f:.]+$/i.test(address);
  if (!isV4 && !isV6) return false;
  return length === undefined || Number(length) <= (isV4 ? 32 : 128);
}

/** Networks around an address that one may widen it to, the address first. */
export function widenings(address: string): string[] {
  const host = address.split('/')[0]!;
  const parts = host.split('.');
  if (parts.length === 4) {
    const [a, b, c] = parts;
    return [host, `${a}.${b}.${c}.0/24`, `${a}.${b}.0.0/16`];
  }
  const head = firstGroups(host, 4);
  return head === null ? [host] : [host, `${head}::/64`];
}

/** The first groups of an IPv6 address, written out; `null` when it is none. */
function firstGroups(address: string, count: number): string | null {
  if (!address.includes(':')) return null;
  const [left = '', right] = address.split('::');
  const before = left === '' ? [] : left.split(':');
  const after = right === undefined || right === '' ? [] : right.split(':');
  const zeros = right === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after];
  return groups.length < count ? null : groups.slice(0, count).join(':');
}

/** Keys and values of a scope, in a fixed order, for lists. */
export function entriesOf(scope: Scope): [keyof Scope, string][] {
  const keys: (keyof Scope)[] = ['detector', 'technique', 'src', 'dst', 'port', 'name', 'subject'];
  return keys.flatMap((key) => {
    const value = scope[key];
    return value === undefined || value === null ? [] : [[key, String(value)] as [keyof Scope, string]];
  });
}

/** When a rule was made or ends, whichever way it is written; `null` without. */
export function ruleTime(rule: SuppressionRule, which: 'created' | 'expires'): Date | null {
  const text = rule[which];
  if (text) return new Date(text);
  const nanos = rule[`${which}_ns`];
  return typeof nanos === 'number' ? new Date(nanos / 1e6) : null;
}
