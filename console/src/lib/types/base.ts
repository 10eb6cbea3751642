/** Words that all parts use. */

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
  /** Rows that were looked at. */
  scanned?: number;
}

/** An alert as a link shows it. */
export interface AlertTitle {
  id: string;
  title: string;
  severity: Severity;
}
