/** Parts of what an alert says. */

import type { Alert, Evidence } from '../types';

const EXPECTED = ' If this is expected, ';

/** What to do, apart from how to stop seeing it (which the command line's advice adds). */
export function adviceOf(advice: string): string {
  const at = advice.indexOf(EXPECTED);
  return at < 0 ? advice : advice.slice(0, at);
}

/** A name of evidence in words, and the unit that its last part says. */
export function evidenceName(name: string): { words: string; unit: 's' | 'bytes' | '' } {
  const seconds = /_s$/.test(name);
  const words = (seconds ? name.slice(0, -2) : name).replaceAll('_', ' ');
  const bytes = /(^|_)bytes(_|$)/.test(name) && !/share|names/.test(name);
  return { words, unit: seconds ? 's' : bytes ? 'bytes' : '' };
}

/** The evidence that the severity rests on: what is above its threshold, strongest first. */
export function overLimit(evidence: Alert['evidence']): [string, Evidence, number][] {
  const all = Object.entries(evidence ?? {}).flatMap(([name, item]) => {
    if (typeof item.value !== 'number' || !item.threshold) return [];
    return [[name, item, item.value / item.threshold] as [string, Evidence, number]];
  });
  return all.filter(([, , times]) => times >= 1).sort((a, b) => b[2] - a[2]);
}

/** Which columns the table of evidence needs: those that any value fills. */
export function columnsOf(evidence: Alert['evidence']): ('threshold' | 'window_s' | 'mean' | 'z')[] {
  const items = Object.values(evidence ?? {});
  const all = ['threshold', 'window_s', 'mean', 'z'] as const;
  return all.filter((column) => items.some((item) => item[column] !== undefined));
}
