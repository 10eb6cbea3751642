/** What the live stream carries. */

import type { AlertItem, IncidentItem } from './alerts';
import type { Time } from './base';
import type { Device } from './devices';
import type { Job } from './models';
import type { Source, Status } from './state';
import type { Flow } from './traffic';

export interface SecondEvent {
  source: number;
  t: number;
  bytes: number;
  packets: number;
  flows: number;
  tcp: number;
  udp: number;
  icmp: number;
  arp: number;
  other: number;
  rows?: { app?: RowTriple[]; port?: RowTriple[]; device?: RowTriple[] };
}

/** Key, bytes, packets. */
export type RowTriple = [string, number, number];

/** A sample of the flows that ended. */
export interface FlowsEvent {
  source: number;
  items: Flow[];
}

/** What each kind of server-sent event carries. */
export interface EventData {
  hello: { id: number; now: Time };
  second: SecondEvent;
  alert: AlertItem;
  incident: IncidentItem;
  device: Device;
  flows: FlowsEvent;
  source: Source;
  status: Status;
  job: Job;
  gap: { missed: number };
}

export type EventKind = keyof EventData;
