/** Who may use the program: sessions, users, tokens, the audit trail. */

import type { Role, Time, Unix } from './base';

export interface User {
  id: number;
  name: string;
  role: Role;
  preferences: Record<string, unknown>;
}

export interface Session {
  user: User | null;
  setup_needed: boolean;
  demo: boolean;
  /** Packets come from interfaces; false in a replay and in the demonstration. */
  captures: boolean;
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
