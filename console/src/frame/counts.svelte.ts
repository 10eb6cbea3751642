// The numbers beside the navigation: open incidents and new devices. Pages that know better set
// them; otherwise they are asked for at the start and when the stream says that they moved.
import { get } from '../lib/api';
import { on } from '../lib/events.svelte';
import { sourceId } from '../lib/router.svelte';
import type { Overview } from '../lib/types';

class Counts {
  alerts = $state(0);
  newDevices = $state(0);
}
export const counts = new Counts();

/** Takes the numbers from an overview. */
export function countFrom(overview: Pick<Overview, 'alerts' | 'devices'>) {
  const open = overview.alerts.open;
  counts.alerts = (open.critical ?? 0) + (open.high ?? 0) + (open.medium ?? 0);
  counts.newDevices = overview.devices.new;
}

async function ask() {
  try {
    countFrom(await get<Overview>('overview', { source: sourceId() }));
  } catch {
    // The page itself says what is wrong.
  }
}

/** Keeps the numbers true while the frame is shown; returns how to stop. */
export function watchCounts(): () => void {
  let timer = 0;
  const later = () => {
    if (timer === 0) timer = window.setTimeout(() => ((timer = 0), void ask()), 3000);
  };
  void ask();
  const stops = [on('alert', later), on('incident', later), on('device', later)];
  return () => {
    clearTimeout(timer);
    stops.forEach((stop) => stop());
  };
}
