// Files that tests make themselves: captures, and a table of places.

/** An Ethernet frame with a UDP datagram of 4 bytes; checksums are left at zero, which says: none. */
export function udpFrame({ from, to, port, to_port = 9 }) {
  const frame = Buffer.alloc(46)
  frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0])
  frame.set([0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, ...from, ...to], 14)
  let sum = 0
  for (let at = 14; at < 34; at += 2) sum += frame.readUInt16BE(at)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  frame.writeUInt16BE(~sum & 0xffff, 24)
  frame.writeUInt16BE(port, 34)
  frame.writeUInt16BE(to_port, 36)
  frame.writeUInt16BE(12, 38)
  return frame
}

/** A capture file (pcap, microseconds) of frames, `gap_us` apart. */
export function pcap(frames, gap_us = 1000, start = 1_700_000_000) {
  const head = Buffer.alloc(24)
  head.writeUInt32LE(0xa1b2c3d4, 0)
  head.writeUInt16LE(2, 4)
  head.writeUInt16LE(4, 6)
  head.writeUInt32LE(65_535, 16)
  head.writeUInt32LE(1, 20)
  const records = frames.map((frame, nth) => {
    const record = Buffer.alloc(16)
    record.writeUInt32LE(start + Math.floor((nth * gap_us) / 1e6), 0)
    record.writeUInt32LE((nth * gap_us) % 1e6, 4)
    record.writeUInt32LE(frame.length, 8)
    record.writeUInt32LE(frame.length, 12)
    return Buffer.concat([record, frame])
  })
  return Buffer.concat([head, ...records])
}

/**
 * A table of places (MaxMind DB 2.0) in which every address is at `place`: one node, whose two
 * branches lead to the same record.
 */
export function mmdb(place, type) {
  const record = 1 + 16
  const tree = Buffer.from([0, 0, record, 0, 0, record])
  const about = {
    binary_format_major_version: { u16: 2 }, binary_format_minor_version: { u16: 0 }, build_epoch: { u64: 1_700_000_000 },
    database_type: type, description: {}, ip_version: { u16: 6 }, languages: ['en'], node_count: { u32: 1 }, record_size: { u16: 24 },
  }
  const mark = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')])
  return Buffer.concat([tree, Buffer.alloc(16), field(place), mark, field(about)])
}

function field(value) {
  const head = (kind, size) => {
    const length = size < 29 ? [size, []] : [29, [size - 29]]
    return Buffer.from(kind < 8 ? [(kind << 5) | length[0], ...length[1]] : [length[0], kind - 7, ...length[1]])
  }
  const number = (kind, n) => {
    const bytes = []
    for (let rest = n; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
    return Buffer.concat([head(kind, bytes.length), Buffer.from(bytes)])
  }
  if (typeof value === 'string') return Buffer.concat([head(2, Buffer.byteLength(value)), Buffer.from(value)])
  if (Array.isArray(value)) return Buffer.concat([head(11, value.length), ...value.map(field)])
  if ('u16' in value) return number(5, value.u16)
  if ('u64' in value) return number(9, value.u64)
  if ('u32' in value) return number(6, value.u32)
  const entries = Object.entries(value)
  return Buffer.concat([head(7, entries.length), ...entries.flatMap(([key, one]) => [field(key), field(one)])])
}
