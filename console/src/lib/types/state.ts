/** The program itself: health, interfaces, sources. */

import type { Time } from './base';

export type Level = 'ok' | 'warning' | 'error';

/** Something of the program that is not well. */
export interface Problem {
  id: string;
  level: Level | string;
  text: string;
}

export interface InterfaceState {
  name: string;
  state: 'watching' | 'down' | 'gone' | 'not-permitted' | 'failed' | string;
  problem: string | null;
  received: number;
  dropped: number;
  interface_dropped: number;
  drop_rate: number;
}

export interface Status {
  version: string;
  mode: 'run' | 'demo' | string;
  uptime_s: number;
  level: Level | string;
  problems: Problem[];
  interfaces: InterfaceState[];
  lag_s: number;
  memory_bytes: number;
  flows_active: number;
  disk_free_bytes: number;
  /** Control, series, history, evidence. */
  store_bytes: [number, number, number, number];
  counters: [string, number][];
  /** Detector, severity, count. */
  alerts: [string, string, number][];
}

export interface ConfigStatus {
  last_reload: 'ok' | 'failed' | 'none';
  message: string;
  at: Time | null;
}

export interface Interface {
  name: string;
  description: string | null;
  addresses: string[];
  up: boolean;
  loopback: boolean;
  watched: boolean;
  bytes_per_second: number;
  packets_per_second: number;
}

export interface Source {
  id: number;
  kind: 'live' | 'file' | 'demo';
  name: string;
  created: Time;
  first: Time | null;
  last: Time | null;
  packets: number;
  bytes: number;
  state: 'watching' | 'reading' | 'done' | 'failed' | 'stopped' | string;
  problem: string | null;
  /** The source's own now: its latest packet time, or the clock of a live one. */
  now: Time | null;
}
