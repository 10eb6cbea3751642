// Curves between 0 and 1 as paths of an SVG, and numbers of a confusion matrix. Pure.
import type { Metrics } from '../types';

const round = (value: number) => Math.round(value * 100) / 100;
const part = (value: number) => Math.max(0, Math.min(1, value));

/** A path through points of the unit square, on a drawing of `size` with its origin at the bottom. */
export function pathOf(points: readonly (readonly [number, number])[], size: number): string {
  const at = ([x, y]: readonly [number, number]) => `${round(part(x) * size)} ${round((1 - part(y)) * size)}`;
  return points.length === 0 ? '' : `M${points.map(at).join('L')}`;
}

/** At most `most` of the points, the first and the last among them. */
export function thinned<T>(points: readonly T[], most: number): T[] {
  if (points.length <= most) return [...points];
  return Array.from({ length: most }, (_, nth) => points[Math.round((nth * (points.length - 1)) / (most - 1))]!);
}

/** Each cell of the matrix with its share of its row: of the attacks, of the normal records. */
export function cellsOf({ confusion }: Pick<Metrics, 'confusion'>) {
  const { tp, fp, tn, fn } = confusion;
  const share = (count: number, all: number) => (all > 0 ? count / all : 0);
  return {
    tp: { count: tp, share: share(tp, tp + fn), good: true },
    fn: { count: fn, share: share(fn, tp + fn), good: false },
    fp: { count: fp, share: share(fp, fp + tn), good: false },
    tn: { count: tn, share: share(tn, fp + tn), good: true },
  };
}

export const MEASURES = ['accuracy', 'balanced_accuracy', 'precision', 'recall', 'f1', 'fpr', 'roc_auc', 'pr_auc'] as const;
export type Measure = (typeof MEASURES)[number];

/** True when a difference of this measure is for the better: fewer false alarms, more of all else. */
export const isBetter = (measure: Measure, difference: number) => (measure === 'fpr' ? difference < 0 : difference > 0);
