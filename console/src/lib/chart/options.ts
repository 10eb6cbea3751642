// How uPlot draws for us: colours from the tokens, round axes, gaps shaded, limits as a band.
import type uPlot from 'uplot';
import { language } from '../i18n.svelte';
import { token } from '../theme.svelte';
import { roundTop, type Band, type ChartLine } from './model';
import type { Gap } from '../types';

export interface Drawing {
  lines: ChartLine[];
  band: Band | null;
  gaps: Gap[];
  from: number;
  to: number;
  format: (value: number) => string;
}
export interface Hooks {
  moved: (index: number | null) => void;
  selected: (from: number, to: number) => void;
  restored: () => void;
  sized: (left: number, width: number) => void;
}

const FONT = '11px system-ui, sans-serif';

function timeLabels(splits: number[], incr: number): string[] {
  const spec: Intl.DateTimeFormatOptions =
    incr >= 86400
      ? { month: 'short', day: 'numeric' }
      : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...(incr < 60 ? { second: '2-digit' } : {}) };
  const format = new Intl.DateTimeFormat(language(), spec);
  const day = new Intl.DateTimeFormat(language(), { month: 'short', day: 'numeric' });
  return splits.map((t) => {
    const date = new Date(t * 1000);
    const midnight = incr < 86400 && date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
    return midnight ? day.format(date) : format.format(date);
  });
}

/** Axes need no trailing zeros: `6.40 MB` is `6.4 MB`. */
const short = (text: string) => text.replace(/([.,]\d*?)0+(?=\D|$)/, '$1').replace(/[.,](?=\D|$)/, '');

function shadeGaps(plot: uPlot, gaps: readonly Gap[]) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = token('gap');
  for (const [from, to] of gaps) {
    const left = Math.max(plot.valToPos(from, 'x', true), bbox.left);
    const right = Math.min(plot.valToPos(to, 'x', true), bbox.left + bbox.width);
    if (right > left) ctx.fillRect(left, bbox.top, Math.max(right - left, 1), bbox.height);
  }
  ctx.restore();
}

/** Series in the order: limits (mean, upper, lower) if there are any, then the lines. */
function seriesOf(drawing: Drawing): uPlot.Series[] {
  const limit = (dash: number[] | undefined, width: number): uPlot.Series => ({
    stroke: () => token('text-3'),
    width,
    dash,
    points: { show: false },
  });
  const limits = drawing.band ? [limit([2, 4], 1), limit([5, 4], 1), limit([5, 4], 1)] : [];
  const lines = drawing.lines.map(
    (line): uPlot.Series => ({
      stroke: () => token(line.color),
      fill: line.fill ? () => `${token(line.color)}22` : undefined,
      width: 1.5,
      dash: line.dash ? [4, 3] : undefined,
      spanGaps: false,
      points: { show: false },
    }),
  );
  return [{}, ...limits, ...lines];
}

/** Data in the order of `seriesOf`. */
export function dataOf(x: number[], drawing: Drawing): uPlot.AlignedData {
  const band = drawing.band ? [drawing.band.mean, drawing.band.upper, drawing.band.lower] : [];
  return [x, ...band, ...drawing.lines.map((line) => line.values)] as uPlot.AlignedData;
}

const axis = (more: uPlot.Axis): uPlot.Axis => ({
  stroke: () => token('text-3'),
  font: FONT,
  grid: { stroke: () => token('line'), width: 1 },
  ticks: { show: false },
  gap: 6,
  ...more,
});

/** Options of a new chart. `now` gives what is drawn at the moment. */
export function optionsOf(now: () => Drawing, width: number, height: number, sync: string | undefined, hooks: Hooks): uPlot.Options {
  return {
    width,
    height,
    legend: { show: false },
    padding: [8, 8, 0, 0],
    cursor: {
      y: false,
      sync: sync ? { key: sync } : undefined,
      drag: { x: true, y: false, setScale: false, dist: 6 },
      focus: { prox: -1 },
      points: { size: 7, width: 2 },
      bind: { dblclick: () => () => (hooks.restored(), null) },
    },
    scales: {
      x: { time: true, range: () => [now().from, now().to] },
      y: { range: (_plot, _min, max) => [0, roundTop(max ?? 0)] },
    },
    axes: [
      axis({ space: 72, values: (_p, splits, _a, _s, incr) => timeLabels(splits, incr), size: 26 }),
      axis({ space: 36, values: (_p, splits) => splits.map((v) => (v === 0 ? '0' : short(now().format(v)))), size: 76 }),
    ],
    bands: now().band ? [{ series: [2, 3], fill: () => token('band') }] : [],
    series: seriesOf(now()),
    hooks: {
      drawClear: [(plot) => shadeGaps(plot, now().gaps)],
      setCursor: [(plot) => hooks.moved(plot.cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          if (plot.select.width < 4) return;
          hooks.selected(plot.posToVal(plot.select.left, 'x'), plot.posToVal(plot.select.left + plot.select.width, 'x'));
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      draw: [(plot) => hooks.sized(plot.bbox.left / devicePixelRatio, plot.bbox.width / devicePixelRatio)],
    },
  };
}
