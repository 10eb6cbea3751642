/** Settings, detectors, lists, what is kept. */

import type { Severity, Time } from './base';

export type Origin = 'default' | 'file' | 'environment' | 'console';

export interface Setting {
  key: string;
  /** As written in TOML. */
  value: string;
  default: string;
  origin: Origin;
  unit: string;
  summary: string;
  range: [number, number] | null;
  kind: 'number' | 'flag' | 'text' | 'list';
  restart: boolean;
}

export interface HostOverride {
  prefix: string;
  /** Keys without the detector's name, and values as in TOML. */
  values: [string, string][];
}

export interface DetectorInfo {
  id: string;
  summary: string;
  /** Markdown. */
  about: string;
  severity: Severity;
  attack: string[];
  back_test: 'flows' | 'capture';
  enabled: boolean;
  settings: Setting[];
  hosts: HostOverride[];
  /** Entries in its tables, and evictions. */
  entries: [number, number];
}

export interface SettingsView {
  version: number;
  core: Setting[];
  detectors: DetectorInfo[];
}

export interface SettingsChange {
  /** Key and value as in TOML; `null` goes back to file or default. */
  set: [string, string | null][];
  /** For a detector: all its overrides, in place of those before. */
  hosts: [string, HostOverride[]][];
  version: number;
}

export interface TestedAlert {
  change: 'gone' | 'come' | 'changed';
  before: Severity | null;
  after: Severity | null;
  detector: string;
  title: string;
  first: Time;
  id: string;
}

export interface BacktestAnswer {
  over: string;
  range: [Time, Time] | null;
  alerts: TestedAlert[];
  same: number;
  notes: string[];
}

export type ListKind = 'keywords' | 'threats';

export interface ListInfo {
  name: string;
  builtin: boolean;
  enabled: boolean;
  entries: number;
  hits: number;
  version: number;
  problems: string[];
}

export interface ListText {
  info: ListInfo;
  text: string;
}

export interface Retention {
  history_days: number;
  history_bytes: number;
  alert_days: number;
  used: { control: number; series: number; history: number; evidence: number };
  free: number;
  projected_days: number | null;
}
