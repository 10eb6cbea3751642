//! Bulks: packets with data that one side sends in a row.

use super::SUBFLOW_MICROS;

/// Data packets in a row that make a bulk.
const BULK_PACKETS: u32 = 4;

/// The bulks of one direction.
///
/// A run are data packets of this direction with no data packet of the other between them, and no
/// pause of more than a second. From its fourth packet on a run is a bulk, all of its packets
/// included.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bulk {
    run_packets: u32,
    run_bytes: u64,
    run_start: u64,
    run_last: u64,
    bulks: u32,
    packets: u64,
    bytes: u64,
    micros: u64,
}

impl Bulk {
    /// Takes a data packet of this direction.
    pub(super) fn data(&mut self, now: u64, len: u32) {
        if self.run_packets == 0 || now.saturating_sub(self.run_last) > SUBFLOW_MICROS {
            (self.run_packets, self.run_bytes, self.run_start) = (1, u64::from(len), now);
        } else {
            self.run_packets = self.run_packets.saturating_add(1);
            self.run_bytes += u64::from(len);
            if self.run_packets == BULK_PACKETS {
                self.bulks = self.bulks.saturating_add(1);
                self.packets += u64::from(BULK_PACKETS);
                self.bytes += self.run_bytes;
                self.micros += now.saturating_sub(self.run_start);
            } else if self.run_packets > BULK_PACKETS {
                self.packets += 1;
                self.bytes += u64::from(len);
                self.micros += now.saturating_sub(self.run_last);
            }
        }
        self.run_last = now;
    }

    /// The other side sent data.
    pub(super) fn interrupt(&mut self) {
        self.run_packets = 0;
    }

    /// Bytes per bulk, packets per bulk, bytes per second of bulk; 0 without a bulk, and the rate 0
    /// when its packets came at one time.
    pub(super) fn averages(&self) -> [f64; 3] {
        if self.bulks == 0 {
            return [0.0; 3];
        }
        let per = |n: u64| n as f64 / f64::from(self.bulks);
        let rate = |micros| self.bytes as f64 * 1e6 / micros as f64;
        let rate = if self.micros == 0 { 0.0 } else { rate(self.micros) };
        [per(self.bytes), per(self.packets), rate]
    }
}
