// What a chart shows, in words.
import { t, tn } from '../i18n.svelte';
import * as say from '../say';
import type { AnomalyMark, Gap } from '../types';
import { facts, type ChartLine } from './model';

const TOLD = 4;

export function summary(
  title: string,
  x: readonly number[],
  lines: readonly ChartLine[],
  gaps: readonly Gap[],
  marks: readonly AnomalyMark[],
  format: (value: number) => string,
): string {
  const parts = lines.slice(0, TOLD).map((line) => {
    const f = facts(x, line.values);
    if (!f) return t('chart.summary.none', { label: line.label });
    return t('chart.summary.line', {
      label: line.label,
      least: format(f.least),
      mean: format(f.mean),
      most: format(f.most),
      at: say.clock(f.mostAt),
    });
  });
  if (lines.length > TOLD) parts.push(t('chart.summary.more', { n: lines.length - TOLD }));
  if (gaps.length > 0) parts.push(tn('chart.summary.gaps', gaps.length));
  if (marks.length > 0) parts.push(tn('chart.summary.marks', marks.length));
  return `${title}. ${parts.join(' ')}`;
}
