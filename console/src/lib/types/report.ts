/** The report of a period. */

import type { AlertItem, IncidentItem } from './alerts';
import type { Severity, Time } from './base';
import type { Device } from './devices';
import type { Slice, Talker, TrafficPoint } from './traffic';

export interface Report {
  source: number;
  from: Time;
  to: Time;
  generated: Time;
  traffic: {
    bytes: number;
    packets: number;
    flows: number;
    peak: { t: number; bytes_per_s: number } | null;
    step: number;
    points: TrafficPoint[];
  };
  protocols: Slice[];
  apps: Slice[];
  talkers: Talker[];
  ports: Slice[];
  alerts: {
    by_severity: Partial<Record<Severity, number>>;
    by_detector: { key: string; count: number }[];
    incidents: IncidentItem[];
    top: AlertItem[];
  };
  devices: { total: number; new: Device[] };
}
