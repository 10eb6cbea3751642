/** Devices of the site. */

import type { AlertItem } from './alerts';
import type { Time } from './base';
import type { Slice } from './traffic';

export interface Service {
  proto: number | string;
  port: number;
  app: string;
  last: Time;
}

export type DeviceStatus = 'new' | 'known' | 'ignored';

export interface Device {
  id: string;
  mac: string | null;
  vendor: string | null;
  addresses: string[];
  names: { from: string; name: string }[];
  label: string;
  first: Time;
  last: Time;
  services: Service[];
  learned: string;
  bytes_sent: number;
  bytes_received: number;
  flows: number;
  name: string;
  owner: string;
  tags: string[];
  notes: string;
  status: DeviceStatus;
  online: boolean;
  source: number;
  open_alerts: number;
}

export interface DeviceDetail extends Device {
  alerts: AlertItem[];
  ports_used: Slice[];
  peers: Slice[];
}

export interface DeviceChange {
  name?: string;
  owner?: string;
  tags?: string[];
  notes?: string;
  status?: DeviceStatus;
}
