// The last minutes of all traffic, second by second: asked for once, then kept up by events.
import { get } from './api';
import { live, on } from './events.svelte';
import { join } from './chart/model';
import { sourceId } from './router.svelte';
import type { Gap, SecondEvent, SeriesAnswer } from './types';

/** Seconds that are shown. */
export const LIVE_S = 600;
/** As many as the API gives: a point for each second. */
const MOST_POINTS = 1000;

export class LiveTraffic {
  /** Seconds since 1970, bytes, packets: parallel. */
  x = $state.raw<number[]>([]);
  bytes = $state.raw<(number | null)[]>([]);
  packets = $state.raw<(number | null)[]>([]);
  gaps = $state.raw<Gap[]>([]);
  /** The last second, as it came. */
  last = $state.raw<SecondEvent | null>(null);
  error = $state.raw<Error | null>(null);
  ready = $state(false);

  get to() {
    return (this.x[this.x.length - 1] ?? Date.now() / 1000) + 1;
  }

  /** Asks for what was, and listens; returns how to stop. */
  start(): () => void {
    void this.fill();
    return on('second', (second) => this.add(second));
  }

  /** Asks for the last minutes again, as after a gap of the stream. */
  async fill() {
    try {
      const query = { source: sourceId(), from: `-${LIVE_S}s`, points: MOST_POINTS, limits: false };
      const answer = await get<SeriesAnswer>('series', query);
      const points = answer.series[0]?.points ?? [];
      const times = points.map((p) => p[0]);
      const rates = [1, 2].map((i) => ({ t: times, v: points.map((p) => (p[i] ?? 0) / answer.step) }));
      const { x, rows } = join(rates, answer.step);
      // Seconds that came by the stream meanwhile stay behind what was asked for.
      const end = (times[times.length - 1] ?? 0) + answer.step;
      const later = this.x.findIndex((t) => t >= end);
      const rest = later < 0 ? this.x.length : later;
      this.bytes = [...(rows[0] ?? []), ...this.bytes.slice(rest)];
      this.packets = [...(rows[1] ?? []), ...this.packets.slice(rest)];
      this.x = [...x, ...this.x.slice(rest)];
      this.gaps = answer.gaps;
      this.error = null;
    } catch (error) {
      this.error = error instanceof Error ? error : new Error(String(error));
    }
    this.ready = true;
  }

  private add(second: SecondEvent) {
    if (second.source !== sourceId() || live.paused) return;
    const before = this.x[this.x.length - 1];
    if (before !== undefined && second.t <= before) return;
    this.last = second;
    const x = [...this.x];
    const bytes = [...this.bytes];
    const packets = [...this.packets];
    // A silent second has no event of its own on some sources; a longer break is a gap.
    if (before !== undefined && second.t - before > 3) {
      x.push(before + 1);
      bytes.push(null);
      packets.push(null);
    }
    x.push(second.t);
    bytes.push(second.bytes);
    packets.push(second.packets);
    const cut = x.findIndex((t) => t >= second.t - LIVE_S);
    this.x = x.slice(cut);
    this.bytes = bytes.slice(cut);
    this.packets = packets.slice(cut);
  }
}
