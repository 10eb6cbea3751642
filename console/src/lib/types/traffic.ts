/** Traffic over time, and flows. */

import type { InboxItem } from './alerts';
import type { AlertTitle, Severity, Time } from './base';
import type { Status } from './state';

export interface Place {
  country: string | null;
  country_name: string | null;
  city: string | null;
  network: string | null;
}

export interface Slice {
  key: string;
  label: string;
  bytes: number;
  packets: number;
  flows: number;
}

export interface Talker extends Slice {
  address: string;
  device: string | null;
  name: string | null;
  place: Place | null;
}

/** Time, bytes, packets. */
export type TrafficPoint = [number, number, number];

/** Seconds `[from, to]` without data. */
export type Gap = [number, number];

export interface Overview {
  now: Time;
  from: Time;
  to: Time;
  rates: { bytes_per_s: number; packets_per_s: number; flows_per_s: number };
  traffic: { step: number; points: TrafficPoint[]; gaps: Gap[] };
  protocols: Slice[];
  apps: Slice[];
  talkers: Talker[];
  ports: Slice[];
  alerts: { open: Record<Severity, number>; incidents: number; latest: InboxItem[] };
  devices: { total: number; new: number };
  status: Status;
}

export type Dimension = 'total' | 'protocol' | 'app' | 'port' | 'device';

/** Time, bytes, packets, flows, peak bytes/s, peak packets/s. */
export type SeriesPoint = [number, number, number, number, number, number];

export interface LimitLines {
  mean: (number | null)[];
  upper: (number | null)[];
  lower: (number | null)[];
}

export interface SeriesLine {
  key: string;
  label: string;
  total: { bytes: number; packets: number; flows: number };
  points: SeriesPoint[];
  limits: { bytes: LimitLines; packets: LimitLines } | null;
}

export interface AnomalyMark {
  t: number;
  id: string;
  detector: string;
  severity: Severity;
  title: string;
  address: string | null;
}

export interface SeriesAnswer {
  from: Time;
  to: Time;
  step: number;
  by: Dimension;
  series: SeriesLine[];
  gaps: Gap[];
  anomalies: AnomalyMark[];
}

export interface FlowSide {
  packets: number;
  bytes: number;
  ip_bytes: number;
  payload: number;
  retransmissions: number;
  out_of_order?: number;
  missed?: number;
  ttl: number;
  tcp_flags?: number;
}

export interface DeviceLink {
  id: string;
  name: string;
}

/** A flow record; fields without a value are left out, and more may come. */
export interface Flow {
  key: string;
  id: string;
  community_id: string;
  ts: Time;
  duration: number;
  src: string;
  src_port: number;
  dst: string;
  dst_port: number;
  proto: string;
  app: string;
  conn_state: string;
  history: string;
  end: string;
  orig: FlowSide;
  resp: FlowSide;
  rtt_ms?: number;
  vlan?: number;
  tunnel?: { kind: string; src: string; dst: string; id: number; depth: number };
  src_mac?: string;
  dst_mac?: string;
  src_device?: DeviceLink | null;
  dst_device?: DeviceLink | null;
  src_place?: Place | null;
  dst_place?: Place | null;
  sni?: string;
  http_host?: string;
  dns_query?: string;
  resolved?: string;
  /** Only in the answer about one flow. */
  alerts?: AlertTitle[];
  [further: string]: unknown;
}

export interface FlowPage {
  items: Flow[];
  next: string | null;
  total: number | null;
  scanned: number;
}

export type GroupBy = 'src' | 'dst' | 'pair' | 'dport' | 'app' | 'proto' | 'state' | 'name';

export interface FlowGroup {
  key: string;
  flows: number;
  packets: number;
  bytes: number;
  bytes_orig: number;
  peers: number;
}

export interface FlowField {
  field: string;
  summary: string;
  example: string;
  values: string[] | null;
}

export interface SearchHit {
  kind: 'device' | 'alert' | 'flows' | 'incident';
  id: string;
  title: string;
  /** A route of the console. */
  url: string;
}
