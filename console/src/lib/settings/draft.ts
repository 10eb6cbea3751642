/** What somebody has changed in a form and not yet applied. */

import type { DetectorInfo, HostOverride, Setting, SettingsChange } from '../types';
import { faultOf, fieldOf, same, tomlOf, type Field, type ValueFault } from './toml';

/** Fields by key; `null` means: back to the file's value or the default. */
export type Fields = Record<string, Field | null>;

export interface Draft {
  /** Only what was touched. */
  fields: Fields;
  /** Detectors whose overrides were touched. */
  hosts: Record<string, HostOverride[]>;
}

export function emptyDraft(): Draft {
  return { fields: {}, hosts: {} };
}

/** What the form shows for a setting. */
export function shown(setting: Setting, draft: Draft): Field {
  const field = draft.fields[setting.key];
  if (field === null) return fieldOf(setting.kind, setting.default);
  return field ?? fieldOf(setting.kind, setting.value);
}

/** True when the draft differs from what holds. */
export function touched(setting: Setting, draft: Draft): boolean {
  const field = draft.fields[setting.key];
  if (field === undefined) return false;
  if (field === null) return setting.origin === 'console';
  return !same(setting.kind, tomlOf(setting.kind, field), setting.value);
}

/** The draft as the API takes it; what is as it was is left out. */
export function changeOf(
  settings: Setting[],
  detectors: Pick<DetectorInfo, 'id' | 'hosts'>[],
  draft: Draft,
  version: number,
): SettingsChange {
  const set = settings
    .filter((setting) => touched(setting, draft))
    .map(({ key, kind }) => {
      const field = draft.fields[key]!;
      return [key, field === null ? null : tomlOf(kind, field)] as [string, string | null];
    });
  const hosts = detectors.flatMap(({ id, hosts: before }) => {
    const after = draft.hosts[id];
    return after && !sameHosts(before, after) ? [[id, after] as [string, HostOverride[]]] : [];
  });
  return { set, hosts, version };
}

export function isEmpty(change: SettingsChange): boolean {
  return change.set.length === 0 && change.hosts.length === 0;
}

/** Faults by key. */
export function faultsOf(settings: Setting[], draft: Draft): Record<string, ValueFault> {
  const faults: Record<string, ValueFault> = {};
  for (const setting of settings) {
    const field = draft.fields[setting.key];
    if (field === undefined || field === null) continue;
    const fault = faultOf(setting, field);
    if (fault) faults[setting.key] = fault;
  }
  return faults;
}

/** The order of overrides and of their values means nothing. */
export function sameHosts(a: HostOverride[], b: HostOverride[]): boolean {
  const text = (hosts: HostOverride[]) =>
    hosts.map(({ prefix, values }) => JSON.stringify([prefix, [...values].sort()])).sort().join();
  return text(a) === text(b);
}

export interface Conflict {
  key: string;
  /** What the draft was made from, what holds now, what the draft says. */
  before: string;
  now: string;
  mine: string | null;
}

/**
 * Somebody else changed settings meanwhile: what of the draft collides. What the other one left
 * alone is no conflict, so the draft can be sent again upon the new version.
 */
export function conflictsOf(before: Setting[], now: Setting[], change: SettingsChange): Conflict[] {
  const old = new Map(before.map((setting) => [setting.key, setting]));
  const latest = new Map(now.map((setting) => [setting.key, setting]));
  return change.set.flatMap(([key, mine]) => {
    const was = old.get(key);
    const is = latest.get(key);
    if (!was || !is || same(was.kind, was.value, is.value)) return [];
    return [{ key, before: was.value, now: is.value, mine }];
  });
}

/** `detect.port-scan.ports` without the detector's name, `limits.flows` without its part. */
export function shortKey(key: string): string {
  return key.replace(/^(?:detect\.)?[^.]+\./, '');
}
