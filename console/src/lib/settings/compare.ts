/** What a back-test says, in an order that helps to decide. */

import type { BacktestAnswer, Severity, TestedAlert } from '../types';

const RANK: Severity[] = ['info', 'low', 'medium', 'high', 'critical'];

export interface Comparison {
  gone: TestedAlert[];
  come: TestedAlert[];
  changed: TestedAlert[];
  same: number;
  /** Alerts of at least medium severity that would be lost. */
  lost: number;
}

/** The alerts by what becomes of them, the most severe first. */
export function comparison(answer: BacktestAnswer): Comparison {
  const of = (change: TestedAlert['change']) =>
    answer.alerts.filter((alert) => alert.change === change).sort(bySeverity);
  const gone = of('gone');
  return {
    gone,
    come: of('come'),
    changed: of('changed'),
    same: answer.same,
    lost: gone.filter((alert) => rank(alert.before) >= RANK.indexOf('medium')).length,
  };
}

function rank(severity: Severity | null): number {
  return severity ? RANK.indexOf(severity) : -1;
}

function bySeverity(a: TestedAlert, b: TestedAlert): number {
  const worst = (alert: TestedAlert) => Math.max(rank(alert.before), rank(alert.after));
  return worst(b) - worst(a) || (a.first < b.first ? -1 : 1);
}
