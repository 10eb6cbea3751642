/** Alerts, incidents, evidence, and rules that hide alerts. */

import type { AlertState, AlertTitle, Severity, Time } from './base';

/** A named value of an alert's evidence. */
export interface Evidence {
  value: number | string | boolean;
  threshold?: number;
  window_s?: number;
  mean?: number;
  z?: number;
}

export interface Alert {
  id: string;
  detector: string;
  technique: string;
  severity: Severity;
  confidence: number;
  title: string;
  explanation: string;
  advice: string;
  src: string[];
  src_count: number;
  src_count_estimated?: boolean;
  src_mac?: string[];
  dst: string[];
  dst_count: number;
  dst_count_estimated?: boolean;
  dst_mac?: string[];
  dst_ports?: number[];
  dst_port_count?: number;
  dst_port_count_estimated?: boolean;
  first: Time;
  last: Time;
  count: number;
  evidence: Record<string, Evidence>;
  flows: string[];
  attack: string[];
  folded?: Record<string, number>;
  feedback?: { verdict: string; reason: string; given?: Time };
}

export interface AlertItem extends Alert {
  source: number;
  state: AlertState;
  escalated: boolean;
  note: string;
  changed: { by: string; at: Time } | null;
  incident: string | null;
  suppressed: string | null;
  revision: number;
}

export interface AlertDetail extends AlertItem {
  history: { at: Time; actor: string; what: string }[];
  related: AlertTitle[];
}

export type StageName =
  | 'reconnaissance'
  | 'access'
  | 'command-and-control'
  | 'exfiltration'
  | 'impact';

export interface StoryStep {
  alert: string;
  first: Time;
  last: Time;
  stage: StageName;
  detector: string;
  technique: string;
  severity: Severity;
  title: string;
  link: 'begins' | 'same-source' | 'hand-over' | 'calls-back';
  hypothesis?: string;
}

export interface Incident {
  id: string;
  severity: Severity;
  title: string;
  explanation: string;
  advice: string;
  attackers: string[];
  attacker_count: number;
  victims: string[];
  victim_count: number;
  first: Time;
  last: Time;
  stages: StageName[];
  alerts: number;
  story: StoryStep[];
  story_left_out?: number;
  context?: Record<string, number>;
}

export interface IncidentItem extends Incident {
  source: number;
  state: AlertState;
  escalated: boolean;
}

export interface IncidentDetail extends Omit<IncidentItem, 'alerts'> {
  alerts: AlertItem[];
}

export type InboxItem =
  | { kind: 'incident'; incident: IncidentItem }
  | { kind: 'alert'; alert: AlertItem };

export interface StateChange {
  source: number;
  ids?: string[];
  incidents?: string[];
  state?: AlertState;
  escalated?: boolean;
  note?: string;
}

export interface StateBefore {
  id: string;
  state: AlertState;
  escalated: boolean;
}

export interface StateChanged {
  changed: number;
  before: StateBefore[];
}

export interface PacketLayer {
  name: string;
  /** First byte within the frame. */
  start: number;
  length: number;
  fields: [string, string][];
}

export interface EvidencePacket {
  time: Time;
  line: string;
  /** Bytes on the wire. */
  length: number;
  /** The captured bytes; empty for those who may not see payload. */
  hex: string;
  layers: PacketLayer[];
}

/** Which alerts a rule hides: those that fit all of what is given. */
export interface Scope {
  detector?: string;
  technique?: string;
  src?: string;
  dst?: string;
  port?: number;
  name?: string;
  subject?: string;
}

export interface SuppressionRule {
  scope: Scope;
  reason: string;
  created_ns?: number | null;
  expires_ns?: number | null;
  created?: Time | null;
  expires?: Time | null;
}

export interface SuppressionInfo {
  id: string;
  rule: SuppressionRule;
  hides: number;
  /** From the settings file: cannot be removed here. */
  fixed: boolean;
}

export interface NewSuppression {
  scope: Scope;
  reason: string;
  expires: Time;
}
