// Why no packets come, as far as the program's state says it. Pure.
import type { Status } from './types';

export type Silence =
  /** The right to capture is missing: which, on what, and the line that grants it. */
  | { kind: 'not-permitted'; port: string; right: string; line: string; text: string }
  /** An interface is down or gone, or could not be opened. */
  | { kind: 'broken'; port: string; text: string }
  /** Nobody has chosen an interface. */
  | { kind: 'unwatched' };

const LINE = /sudo setcap .+?(?= \(|$)/;
const RIGHT = /CAP_[A-Z_]+/;

/** What keeps packets from coming; null when nothing does. */
export function silenceOf(status: Status | null, captures: boolean): Silence | null {
  if (!status || !captures) return null;
  const ports = status.interfaces;
  if (ports.some((port) => port.state === 'watching')) return null;
  const refused = ports.find((port) => port.state === 'not-permitted');
  // Without any interface to name, the program says it among its problems.
  const told = refused?.problem ?? status.problems.find((one) => one.id === 'not_permitted')?.text;
  if (told) {
    return {
      kind: 'not-permitted',
      port: refused?.name ?? '',
      right: RIGHT.exec(told)?.[0] ?? 'CAP_NET_RAW',
      line: LINE.exec(told)?.[0] ?? 'anomalyzer doctor',
      text: told,
    };
  }
  const broken = ports.find((port) => port.problem);
  if (broken) return { kind: 'broken', port: broken.name, text: broken.problem ?? '' };
  return ports.length === 0 ? { kind: 'unwatched' } : null;
}
