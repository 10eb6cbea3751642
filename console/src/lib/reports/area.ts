/** The outline of traffic over time, as paths of an SVG. */

import type { TrafficPoint } from '../types';

export interface Area {
  fill: string;
  line: string;
  /** Most bytes of a step. */
  most: number;
}

/** `null` when there is nothing to draw. A gap of more than two steps is drawn as a gap. */
export function areaOf(points: TrafficPoint[], width: number, height: number): Area | null {
  if (points.length < 2) return null;
  const first = points[0]![0];
  const last = points.at(-1)![0];
  const most = Math.max(...points.map(([, bytes]) => bytes));
  if (!(last > first) || !(most > 0)) return null;
  const step = usualStep(points);
  const x = (time: number) => round(((time - first) / (last - first)) * width);
  const y = (bytes: number) => round(height - 2 - (Math.max(0, bytes) / most) * (height - 6));
  let line = '';
  let fill = '';
  for (const run of runs(points, step * 2.5)) {
    const path = run.map(([time, bytes]) => `${x(time)} ${y(bytes)}`).join('L');
    line += `M${path}`;
    fill += `M${x(run[0]![0])} ${height}L${path}L${x(run.at(-1)![0])} ${height}Z`;
  }
  return { fill, line, most };
}

const round = (n: number) => Math.round(n * 10) / 10;

function usualStep(points: TrafficPoint[]): number {
  const steps = points.slice(1).map(([time], nth) => time - points[nth]![0]).sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] ?? 1;
}

function runs(points: TrafficPoint[], gap: number): TrafficPoint[][] {
  const all: TrafficPoint[][] = [[]];
  points.forEach((point, nth) => {
    const before = points[nth - 1];
    if (before && point[0] - before[0] > gap) all.push([]);
    all.at(-1)!.push(point);
  });
  return all;
}
