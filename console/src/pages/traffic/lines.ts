// The lines of the chart, made of the API's answer. Values are a second's.
import { join, type Band, type ChartLine, type Value } from '../../lib/chart/model';
import type { SeriesAnswer, SeriesLine } from '../../lib/types';
import type { Metric } from './selection';

const AT: Record<Metric, number> = { bytes: 1, packets: 2, flows: 3 };
const PEAK: Partial<Record<Metric, number>> = { bytes: 4, packets: 5 };

export interface Drawn {
  x: number[];
  lines: ChartLine[];
  band: Band | null;
}
export interface Names {
  /** For one key. */
  label: (line: SeriesLine) => string;
  /** For the highest second within an interval. */
  peak: string;
  /** Draw it: always, never, or unless it would press everything else to the ground. */
  peaks?: 'always' | 'never' | 'fitting';
}

/** Peaks that are higher than this many times the rest are drawn only when asked for. */
const FITTING = 5;

const times = (line: SeriesLine) => line.points.map((point) => point[0]);
const values = (line: SeriesLine, at: number, step: number): Value[] =>
  line.points.map((point) => (point[at] ?? 0) / step);

function peaksShown(line: SeriesLine, at: number, peakAt: number, step: number, wish: Names['peaks']): boolean {
  if (wish === 'always' || wish === 'never') return wish === 'always';
  const top = (i: number) => line.points.reduce((most, point) => Math.max(most, point[i] ?? 0), 0);
  return top(peakAt) <= FITTING * (top(at) / step);
}

/** Lines for these series; a single one is drawn with its limits and its peaks. */
export function drawn(series: readonly SeriesLine[], answer: SeriesAnswer, metric: Metric, names: Names): Drawn {
  const step = answer.step;
  const parts = series.map((line) => ({ t: times(line), v: values(line, AT[metric], step) }));
  const alone = series.length === 1 ? series[0] : undefined;
  const limits = metric === 'flows' ? null : (alone?.limits?.[metric] ?? null);
  const peakAt = PEAK[metric];
  const withPeak = alone !== undefined && step > 1 && peakAt !== undefined && peaksShown(alone, AT[metric], peakAt, step, names.peaks);
  if (alone && withPeak) parts.push({ t: times(alone), v: values(alone, peakAt, 1) });
  if (alone && limits) {
    for (const edge of [limits.mean, limits.upper, limits.lower]) {
      parts.push({ t: times(alone), v: edge.map((v) => (v === null ? null : Math.max(0, v) / step)) });
    }
  }
  const { x, rows } = join(parts, step);
  const lines = series.map(
    (line, i): ChartLine => ({ key: line.key, label: names.label(line), color: `c${(i % 8) + 1}`, values: rows[i] ?? [], fill: series.length === 1 }),
  );
  let next = series.length;
  if (withPeak) lines.push({ key: 'peak', label: names.peak, color: 'c8', values: rows[next++] ?? [], dash: true });
  const band = limits ? { mean: rows[next] ?? [], upper: rows[next + 1] ?? [], lower: rows[next + 2] ?? [] } : null;
  return { x, lines, band };
}
