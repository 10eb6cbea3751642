/** What the API answers and takes: `docs/output.md`, `crates/web/src/control.rs` and the routes. */

/** RFC 3339 in UTC. */
export type Time = string;
/** Seconds since 1970 UTC. */
export type Unix = number;

export type Severity = 'info' | 'low' | 'medium' | 'high' | 'critical';
export type Role = 'viewer' | 'analyst' | 'admin';
export type AlertState = 'open' | 'acknowledged' | 'closed' | 'false-alarm';

/** A page of a list. */
export interface Page<T> {
  items: T[];
  next?: string | null;
  total?: number | null;
}

/** RFC 9457, with what this server adds. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  /** Number of the request, for the log. */
  instance?: string;
  /** A settings key, or `line N` of a list. */
  place?: string;
  errors?: { field: string; message: string }[];
  /** Byte offsets of the bad token of a filter. */
  start?: number;
  end?: number;
}

// Session, users

export interface User {
  id: number;
  name: string;
  role: Role;
  preferences: Record<string, unknown>;
}

export interface SessionView {
  user: User | null;
  setup_needed: boolean;
  demo: boolean;
  insecure: boolean;
  csrf: string | null;
  version: string;
}

export interface OwnSession {
  id: number;
  created: Time;
  seen: Time;
  peer: string;
  agent: string;
  current: boolean;
}

export interface Account {
  id: number;
  name: string;
  role: Role;
  disabled: boolean;
  created: Time;
  last_login: Time | null;
}

export interface Token {
  id: number;
  user: string;
  name: string;
  prefix: string;
  role: Role;
  created: Time;
  expires: Time;
  used: { at: Time; from: string } | null;
}

export interface NewToken {
  id: number;
  /** Shown once. */
  token: string;
}

export interface AuditEntry {
  id: number;
  /** Unix seconds, or RFC 3339. */
  at: Unix | Time;
  actor: string;
  peer: string;
  action: string;
  target: string;
  detail: string;
  result: string;
  hash: string;
}

export interface AuditVerdict {
  ok: boolean;
  entries: number;
  broken_at: number | null;
}

// State

export interface Health {
  id: string;
  level: 'warning' | 'error';
  text: string;
}

export interface InterfaceState {
  name: string;
  state: 'watching' | 'down' | 'gone' | 'not-permitted' | 'failed';
  problem: string | null;
  received: number;
  dropped: number;
  interface_dropped: number;
  drop_rate: number;
}

export interface Status {
  version: string;
  mode: 'run' | 'demo';
  uptime_s: number;
  level: 'ok' | 'warning' | 'error';
  problems: Health[];
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
  state: 'watching' | 'reading' | 'done' | 'failed' | 'stopped';
  problem: string | null;
  /** The source's own now: its latest packet time, or the clock of a live one. */
  now: Time;
}

// Traffic

export interface Place {
  country: string | null;
  country_name?: string | null;
  city?: string | null;
  network?: string | null;
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

/** Seconds `[from, to]` without data. */
export type Gap = [number, number];

export interface Overview {
  now: Time;
  from: Time;
  to: Time;
  rates: { bytes_per_s: number; packets_per_s: number; flows_per_s: number };
  traffic: { step: number; points: [number, number, number][]; gaps: Gap[] };
  protocols: Slice[];
  apps: Slice[];
  talkers: Talker[];
  ports: Slice[];
  alerts: { open: Record<Severity, number>; incidents: number; latest: InboxItem[] };
  devices: { total: number; new: number };
  status: Status;
}

export type SeriesBy = 'total' | 'protocol' | 'app' | 'port' | 'device';

/** Time, bytes, packets, flows, peak bytes/s, peak packets/s. */
export type SeriesPoint = [number, number, number, number, number, number];

export interface LimitLines {
  mean: (number | null)[];
  upper: (number | null)[];
  lower: (number | null)[];
}

export interface Series {
  key: string;
  label: string;
  total: { bytes: number; packets: number; flows: number };
  points: SeriesPoint[];
  limits: { bytes: LimitLines; packets: LimitLines } | null;
}

export interface Anomaly {
  t: number;
  id: string;
  detector: string;
  severity: Severity;
  title: string;
  address: string | null;
}

export interface SeriesView {
  from: Time;
  to: Time;
  step: number;
  by: SeriesBy;
  series: Series[];
  gaps: Gap[];
  anomalies: Anomaly[];
}

export interface FlowSide {
  packets: number;
  bytes: number;
  ip_bytes?: number;
  payload?: number;
  retransmissions?: number;
  ttl?: number;
  tcp_flags?: number;
}

export interface DeviceRef {
  id: string;
  name: string;
}

/** A flow record; fields without a value are left out, and more may come. */
export interface Flow {
  key: string;
  id: string;
  community_id?: string;
  ts: Time;
  duration: number;
  src: string;
  src_port?: number;
  dst: string;
  dst_port?: number;
  proto: string;
  app?: string;
  conn_state?: string;
  history?: string;
  end?: string;
  orig: FlowSide;
  resp: FlowSide;
  src_device?: DeviceRef | null;
  dst_device?: DeviceRef | null;
  src_place?: Place | null;
  dst_place?: Place | null;
  [further: string]: unknown;
}

export interface FlowPage {
  items: Flow[];
  next: string | null;
  total: number | null;
  scanned: number;
}

export interface AlertRef {
  id: string;
  title: string;
  severity: Severity;
}

export interface FlowDetail extends Flow {
  alerts: AlertRef[];
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

export interface FilterField {
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

// Devices

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

// Alerts

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
  technique?: string;
  severity: Severity;
  confidence: number;
  title: string;
  explanation: string;
  advice: string;
  src?: string[];
  src_count?: number;
  src_count_estimated?: boolean;
  src_mac?: string[];
  dst?: string[];
  dst_count?: number;
  dst_count_estimated?: boolean;
  dst_mac?: string[];
  dst_ports?: number[];
  dst_port_count?: number;
  dst_port_count_estimated?: boolean;
  first: Time;
  last: Time;
  count: number;
  evidence?: Record<string, Evidence>;
  flows?: string[];
  attack?: string[];
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
  related: AlertRef[];
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
  technique?: string;
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

// Settings

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

// Reports

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
    points: [number, number, number][];
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

// Events

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
  rows: { app: RowSum[]; port: RowSum[]; device: RowSum[] };
}

/** Key, bytes, packets. */
export type RowSum = [string, number, number];

/** What each kind of server-sent event carries. */
export interface EventData {
  hello: { id: number; now: Time };
  second: SecondEvent;
  alert: AlertItem;
  incident: IncidentItem;
  device: Device;
  flows: { source: number; items: Flow[] };
  source: Source;
  status: Status;
  gap: { missed: number };
}

export type EventKind = keyof EventData;
