/** What the hex view shows: bytes in rows, and which layer each byte belongs to. */

import type { PacketLayer } from '../types';

/** Bytes in a row on a wide screen. */
export const ROW = 16;

export interface HexCell {
  index: number;
  hex: string;
  /** The byte as a character; a dot when it has none. */
  text: string;
}

export interface HexRow {
  offset: string;
  cells: HexCell[];
}

/** The bytes of a hex text; stops at the first thing that is no byte. */
export function bytesOf(hex: string): number[] {
  const bytes: number[] = [];
  for (let at = 0; at + 2 <= hex.length; at += 2) {
    const pair = hex.slice(at, at + 2);
    if (!/^[0-9a-f]{2}$/i.test(pair)) break;
    bytes.push(parseInt(pair, 16));
  }
  return bytes;
}

/** Printable ASCII stays; everything else is a dot. */
export function printable(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
}

export function rowsOf(bytes: number[], width = ROW): HexRow[] {
  const rows: HexRow[] = [];
  for (let start = 0; start < bytes.length; start += width) {
    const cells = bytes.slice(start, start + width).map((byte, nth) => ({
      index: start + nth,
      hex: byte.toString(16).padStart(2, '0'),
      text: printable(byte),
    }));
    rows.push({ offset: start.toString(16).padStart(4, '0'), cells });
  }
  return rows;
}

/** First byte and the byte behind the last one, within what was captured. */
export function span(layer: PacketLayer, captured: number): [number, number] {
  const start = Math.min(Math.max(0, layer.start), captured);
  return [start, Math.min(captured, start + Math.max(0, layer.length))];
}

/**
 * The layer a byte belongs to: of those that hold it the one that begins last, so that a header
 * within a payload wins over what is around it; -1 when there is none.
 */
export function layerAt(layers: PacketLayer[], index: number): number {
  let best = -1;
  layers.forEach((layer, nth) => {
    const holds = index >= layer.start && index < layer.start + layer.length;
    if (holds && (best < 0 || layer.start >= layers[best]!.start)) best = nth;
  });
  return best;
}

/** The byte that the cursor goes to with a key; `null` when the key does nothing. */
export function moved(index: number, key: string, count: number, width = ROW): number | null {
  const last = count - 1;
  const steps: Record<string, number> = {
    ArrowLeft: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index - width,
    ArrowDown: index + width,
    Home: index - (index % width),
    End: Math.min(last, index - (index % width) + width - 1),
    PageUp: Math.max(0, index - width * 8),
    PageDown: Math.min(last, index + width * 8),
  };
  const to = steps[key];
  if (to === undefined) return null;
  return to < 0 || to > last ? index : to;
}
