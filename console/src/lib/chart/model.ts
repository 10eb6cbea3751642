// What a chart draws, made of what the API answers. Pure: no drawing here.
import type { Gap } from '../types';

export type Value = number | null;
export interface ChartLine {
  key: string;
  label: string;
  /** Name of a colour token: `c1` to `c8`, `accent`. */
  color: string;
  values: Value[];
  fill?: boolean;
  dash?: boolean;
}
export interface Band {
  mean: Value[];
  upper: Value[];
  lower: Value[];
}
export interface Joined {
  x: number[];
  /** For each input line its values along `x`. */
  rows: Value[][];
}

/** Shorter breaks, in seconds, are the jitter of clocks. */
const JITTER_S = 3;

/** Puts lines of points on one time axis. Where an interval is absent a line breaks: nobody
 * watched then, which is not the same as no traffic. */
export function join(lines: readonly { t: readonly number[]; v: readonly Value[] }[], step: number): Joined {
  const times = new Set<number>();
  for (const line of lines) for (const t of line.t) times.add(t);
  const sorted = [...times].sort((a, b) => a - b);
  const x: number[] = [];
  for (const t of sorted) {
    const before = x[x.length - 1];
    if (before !== undefined && t - before > Math.max(step * 1.5, JITTER_S)) x.push(before + step);
    x.push(t);
  }
  const rows = lines.map((line) => {
    const at = new Map(line.t.map((t, i) => [t, line.v[i] ?? null]));
    return x.map((t) => at.get(t) ?? null);
  });
  return { x, rows };
}

const STEPS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];

/** The top of an axis: a round number a little above `max`, so that the axis seldom moves. */
export function roundTop(max: number): number {
  if (!(max > 0)) return 1;
  const wanted = max * 1.06;
  const power = 10 ** Math.floor(Math.log10(wanted));
  return (STEPS.find((step) => step * power >= wanted) ?? 10) * power;
}

export interface Facts {
  least: number;
  most: number;
  mostAt: number;
  mean: number;
}

/** Least, most and mean of a line; null without a single value. */
export function facts(x: readonly number[], values: readonly Value[]): Facts | null {
  let least = Infinity;
  let most = -Infinity;
  let mostAt = 0;
  let sum = 0;
  let n = 0;
  values.forEach((value, i) => {
    if (value === null) return;
    n += 1;
    sum += value;
    least = Math.min(least, value);
    if (value > most) {
      most = value;
      mostAt = x[i] ?? 0;
    }
  });
  return n === 0 ? null : { least, most, mostAt, mean: sum / n };
}

/** At most `limit` evenly spread indexes of `length`. */
export function spread(length: number, limit: number): number[] {
  const step = Math.max(1, Math.ceil(length / limit));
  return Array.from({ length: Math.ceil(length / step) }, (_, i) => i * step);
}

/** Marks that would lie on each other, together: `width` is the span of one mark in seconds. */
export function cluster<T extends { t: number }>(marks: readonly T[], width: number): T[][] {
  const groups: T[][] = [];
  for (const mark of [...marks].sort((a, b) => a.t - b.t)) {
    const last = groups[groups.length - 1];
    if (last?.[0] && mark.t - last[0].t < width) last.push(mark);
    else groups.push([mark]);
  }
  return groups;
}

/** Seconds that a point stands for: the least distance of two. */
const stepOf = (x: readonly number[]) =>
  x.reduce((least, t, i) => (i === 0 ? least : Math.min(least, t - (x[i - 1] ?? t))), Infinity);

/** Gaps without the parts that have points all the same: what was seen was watched. */
export function emptyGaps(gaps: readonly Gap[], x: readonly number[], values: readonly Value[]): Gap[] {
  const seen = x.filter((_, i) => values[i] !== null && values[i] !== undefined);
  const step = x.length > 1 ? stepOf(x) : 1;
  return gaps.flatMap(([from, to]) => {
    const within = seen.filter((t) => t + step > from && t < to);
    const starts = [from, ...within.map((t) => t + step)];
    const parts = starts.map((start, i): Gap => [start, within[i] ?? to]);
    return parts.filter(([a, b]) => b - a > JITTER_S);
  });
}

/** The part of gaps that lies within a span. */
export function clipGaps(gaps: readonly Gap[], from: number, to: number): Gap[] {
  return gaps
    .map(([a, b]): Gap => [Math.max(a, from), Math.min(b, to)])
    .filter(([a, b]) => b > a);
}
