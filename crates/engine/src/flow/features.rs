//! Flow features: the statistics that models learn from, in CICFlowMeter's vocabulary.
//!
//! All are computed from packet times and header lengths while the flow runs, in constant memory.
//! "Forward" is originator to responder. Lengths are payload bytes, times are microseconds.
//! Formulas: mean = sum / n; standard deviation = sample (n - 1), 0 below two values; rates divide
//! by the flow's duration and are 0 for a duration of 0.

mod names;

pub use names::NAMES;

use anomalyzer_wire::TcpFlags;

/// A pause of more than this ends an active period (CICFlowMeter's activity time-out, 5 s).
const ACTIVITY_MICROS: u64 = 5_000_000;
/// A pause of more than this begins a new subflow, and ends a bulk (1 s).
const SUBFLOW_MICROS: u64 = 1_000_000;
/// Data packets in a row that make a bulk.
const BULK_PACKETS: u32 = 4;

/// Count, sum, sum of squares, minimum and maximum of whole numbers.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    n: u32,
    min: u32,
    max: u32,
    sum: u64,
    squares: f64,
}

impl Moments {
    #[inline]
    fn add(&mut self, value: u32) {
        self.min = if self.n == 0 { value } else { self.min.min(value) };
        self.max = self.max.max(value);
        self.n = self.n.saturating_add(1);
        self.sum += u64::from(value);
        self.squares += f64::from(value) * f64::from(value);
    }

    fn mean(&self) -> f64 {
        if self.n == 0 { 0.0 } else { self.sum as f64 / f64::from(self.n) }
    }

    fn sd(&self) -> f64 {
        self.variance().sqrt()
    }

    fn variance(&self) -> f64 {
        variance(f64::from(self.n), self.sum as f64, self.squares)
    }

    fn merged(&self, other: &Self) -> Self {
        if self.n == 0 {
            return *other;
        }
        if other.n == 0 {
            return *self;
        }
        Self {
            n: self.n.saturating_add(other.n),
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            sum: self.sum + other.sum,
            squares: self.squares + other.squares,
        }
    }
}

fn variance(n: f64, sum: f64, squares: f64) -> f64 {
    if n < 2.0 { 0.0 } else { ((squares - sum * sum / n) / (n - 1.0)).max(0.0) }
}

/// A pause in microseconds as a [`Moments`] value; longer than 71 minutes counts as that.
#[allow(clippy::cast_possible_truncation)] // clamped
const fn micros32(micros: u64) -> u32 {
    if micros > u32::MAX as u64 { u32::MAX } else { micros as u32 }
}

#[derive(Clone, Copy, Debug, Default)]
struct Bulk {
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
    fn data(&mut self, now: u64, len: u32) {
        if self.run_packets == 0 || now.saturating_sub(self.run_last) > SUBFLOW_MICROS {
            (self.run_packets, self.run_bytes, self.run_start) = (1, u64::from(len), now);
        } else {
            self.run_packets += 1;
            self.run_bytes += u64::from(len);
            if self.run_packets == BULK_PACKETS {
                self.bulks += 1;
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
}

#[derive(Clone, Copy, Debug, Default)]
struct SideFeatures {
    len: Moments,
    iat: Moments,
    last: u64,
    header: u64,
    psh: u32,
    urg: u32,
    data_packets: u32,
    min_header: u16,
    window: Option<u16>,
    bulk: Bulk,
}

/// Running statistics of one flow, by key side.
#[derive(Clone, Copy, Debug, Default)]
struct Features {
    sides: [SideFeatures; 2],
    iat: Moments,
    active: Moments,
    idle: Moments,
    flags: [u32; 8],
    subflows: u32,
    first: u64,
    last: u64,
    active_start: u64,
    packets: u64,
}

/// The features of a flow: what its packets add up to, turned into values when they are asked for.
///
/// Most flows of a flood have one packet. That packet is kept as it is; the running statistics,
/// an order of magnitude larger, are made with the second one.
#[derive(Clone, Debug, Default)]
pub struct FlowFeatures(Kept);

#[derive(Clone, Debug, Default)]
enum Kept {
    #[default]
    Nothing,
    One(Sample),
    Running(Box<Features>),
    /// Values of a record that was made by hand.
    Given(Box<Vector>),
}

impl FlowFeatures {
    /// Features with given values, in the order of [`NAMES`]; for tests and imported records.
    pub fn of(values: Vector) -> Self {
        Self(Kept::Given(Box::new(values)))
    }

    /// Takes one packet.
    #[inline]
    pub(crate) fn add(&mut self, sample: Sample) {
        match &mut self.0 {
            Kept::Running(running) => running.add(&sample),
            Kept::One(first) => {
                let mut running = Box::<Features>::default();
                running.add(first);
                running.add(&sample);
                self.0 = Kept::Running(running);
            }
            Kept::Nothing | Kept::Given(_) => self.0 = Kept::One(sample),
        }
    }

    /// The values as seen from key side `orig`, taken out of the flow.
    pub(crate) fn take(&mut self, orig: usize) -> Self {
        let mut taken = std::mem::take(&mut self.0);
        match &mut taken {
            Kept::Running(running) if orig == 1 => running.sides.swap(0, 1),
            Kept::One(sample) if orig == 1 => sample.side = 1 - (sample.side & 1),
            _ => {}
        }
        Self(taken)
    }

    /// The feature vector, in the order of [`NAMES`].
    pub fn vector(&self) -> Vector {
        match &self.0 {
            Kept::Running(running) => running.vector(0),
            Kept::One(sample) => {
                let mut features = Features::default();
                features.add(sample);
                features.vector(0)
            }
            Kept::Given(values) => **values,
            Kept::Nothing => Features::default().vector(0),
        }
    }
}

/// One packet as the features see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Key side that sent it.
    pub(crate) side: u8,
    /// Packet time in microseconds.
    pub(crate) micros: u64,
    /// Payload bytes.
    pub(crate) payload: u32,
    /// IP and transport header bytes.
    pub(crate) header: u32,
    /// Flags and window of the TCP header.
    pub(crate) tcp: Option<(TcpFlags, u16)>,
}

impl Features {
    /// Takes one packet.
    #[inline]
    fn add(&mut self, sample: &Sample) {
        let now = sample.micros.max(self.last);
        if self.packets == 0 {
            (self.first, self.active_start) = (now, now);
        } else {
            self.pause(now);
        }
        self.packets += 1;
        self.last = now;
        self.add_side(sample, now);
        if let Some((flags, window)) = sample.tcp {
            self.add_tcp(usize::from(sample.side), flags, window);
        }
    }

    #[inline]
    fn pause(&mut self, now: u64) {
        let pause = now - self.last;
        self.iat.add(micros32(pause));
        if pause > SUBFLOW_MICROS {
            self.subflows += 1;
            if pause > ACTIVITY_MICROS {
                let active = self.last - self.active_start;
                if active > 0 {
                    self.active.add(micros32(active));
                }
                self.idle.add(micros32(pause));
                self.active_start = now;
            }
        }
    }

    #[inline]
    fn add_side(&mut self, sample: &Sample, now: u64) {
        let [a, b] = &mut self.sides;
        let (own, other) = if sample.side == 0 { (a, b) } else { (b, a) };
        if own.len.n > 0 {
            own.iat.add(micros32(now - own.last));
        }
        own.last = now;
        own.len.add(sample.payload);
        own.header += u64::from(sample.header);
        let header = u16::try_from(sample.header).unwrap_or(u16::MAX);
        own.min_header = if own.len.n == 1 { header } else { own.min_header.min(header) };
        if sample.payload > 0 {
            own.data_packets += 1;
            own.bulk.data(now, sample.payload);
            other.bulk.run_packets = 0;
        }
    }

    #[inline]
    fn add_tcp(&mut self, side: usize, flags: TcpFlags, window: u16) {
        let mut bits = flags.0;
        while bits != 0 {
            if let Some(count) = self.flags.get_mut(bits.trailing_zeros() as usize) {
                *count += 1;
            }
            bits &= bits - 1;
        }
        if let Some(own) = self.sides.get_mut(side) {
            own.window.get_or_insert(window);
            own.psh += u32::from(flags.has(TcpFlags::PSH));
            own.urg += u32::from(flags.has(TcpFlags::URG));
        }
    }

    /// The feature vector in the order of [`NAMES`]; `orig` is the originator's key side.
    fn vector(&self, orig: usize) -> Vector {
        let [a, b] = &self.sides;
        let (fwd, bwd) = if orig == 0 { (a, b) } else { (b, a) };
        let mut v = Writer { values: [0.0; COUNT], at: 0 };
        let duration = (self.last - self.first) as f64;
        let seconds = duration / 1e6;
        let rate = |n: f64| if seconds > 0.0 { n / seconds } else { 0.0 };
        v.push(duration);
        v.push(f64::from(fwd.len.n));
        v.push(f64::from(bwd.len.n));
        v.push(fwd.len.sum as f64);
        v.push(bwd.len.sum as f64);
        v.spread(&fwd.len);
        v.spread(&bwd.len);
        v.push(rate((fwd.len.sum + bwd.len.sum) as f64));
        v.push(rate(self.packets as f64));
        v.times(&self.iat);
        v.total_and_times(&fwd.iat);
        v.total_and_times(&bwd.iat);
        for flag in [fwd.psh, bwd.psh, fwd.urg, bwd.urg] {
            v.push(f64::from(flag));
        }
        v.push(fwd.header as f64);
        v.push(bwd.header as f64);
        v.push(rate(f64::from(fwd.len.n)));
        v.push(rate(f64::from(bwd.len.n)));
        self.whole_flow(&mut v, fwd, bwd);
        self.bulks(&mut v, fwd, bwd);
        self.endings(&mut v, fwd, bwd);
        v.values
    }

    fn whole_flow(&self, v: &mut Writer, fwd: &SideFeatures, bwd: &SideFeatures) {
        let all = fwd.len.merged(&bwd.len);
        v.push(f64::from(all.min));
        v.push(f64::from(all.max));
        v.push(all.mean());
        v.push(all.sd());
        v.push(all.variance());
        for count in self.flags {
            v.push(f64::from(count));
        }
        let ratio = if fwd.len.n == 0 { 0.0 } else { f64::from(bwd.len.n) / f64::from(fwd.len.n) };
        v.push(ratio);
        v.push(all.mean());
        v.push(fwd.len.mean());
        v.push(bwd.len.mean());
    }

    fn bulks(&self, v: &mut Writer, fwd: &SideFeatures, bwd: &SideFeatures) {
        for side in [fwd, bwd] {
            let bulk = &side.bulk;
            let per = |n: u64| {
                if bulk.bulks == 0 { 0.0 } else { n as f64 / f64::from(bulk.bulks) }
            };
            v.push(per(bulk.bytes));
            v.push(per(bulk.packets));
            v.push(if bulk.micros == 0 {
                0.0
            } else {
                bulk.bytes as f64 * 1e6 / bulk.micros as f64
            });
        }
        let subflows = f64::from(self.subflows + 1);
        for side in [fwd, bwd] {
            v.push(f64::from(side.len.n) / subflows);
            v.push(side.len.sum as f64 / subflows);
        }
    }

    fn endings(&self, v: &mut Writer, fwd: &SideFeatures, bwd: &SideFeatures) {
        v.push(fwd.window.map_or(-1.0, f64::from));
        v.push(bwd.window.map_or(-1.0, f64::from));
        v.push(f64::from(fwd.data_packets));
        v.push(f64::from(fwd.min_header));
        let mut active = self.active;
        if self.last > self.active_start {
            active.add(micros32(self.last - self.active_start));
        }
        v.times(&active);
        v.times(&self.idle);
        v.push(VERSION);
    }
}

/// Number of features.
pub const COUNT: usize = 77;

/// A feature vector.
pub type Vector = [f64; COUNT];

struct Writer {
    values: Vector,
    at: usize,
}

impl Writer {
    #[inline]
    fn push(&mut self, value: f64) {
        if let Some(slot) = self.values.get_mut(self.at) {
            *slot = value;
        }
        self.at += 1;
    }

    fn spread(&mut self, m: &Moments) {
        self.push(f64::from(m.max));
        self.push(f64::from(m.min));
        self.push(m.mean());
        self.push(m.sd());
    }

    fn times(&mut self, m: &Moments) {
        self.push(m.mean());
        self.push(m.sd());
        self.push(f64::from(m.max));
        self.push(f64::from(m.min));
    }

    fn total_and_times(&mut self, m: &Moments) {
        self.push(m.sum as f64);
        self.times(m);
    }
}

/// Version of this feature set; the last value of each vector.
pub const VERSION: f64 = 1.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(packets: &[(u8, u64, u32)]) -> FlowFeatures {
        let mut features = FlowFeatures::default();
        for &(side, micros, payload) in packets {
            features.add(Sample { side, micros, payload, header: 40, tcp: None });
        }
        features
    }

    fn value(features: &FlowFeatures, name: &str) -> f64 {
        let at = NAMES.iter().position(|n| *n == name).unwrap();
        features.vector()[at]
    }

    #[test]
    fn hand_computed_flow() {
        // Forward 100 and 300 bytes at 0 s and 2 s, backward 50 at 1 s, forward 200 at 9 s.
        let f = flow(&[(0, 0, 100), (1, 1_000_000, 50), (0, 2_000_000, 300), (0, 9_000_000, 200)]);
        let check = |name: &str, expected: f64| {
            assert!((value(&f, name) - expected).abs() < 1e-6, "{name}: {}", value(&f, name));
        };
        check("flow_duration_us", 9e6);
        check("fwd_packets", 3.0);
        check("fwd_packet_length_mean", 200.0);
        check("fwd_packet_length_std", 100.0);
        check("flow_bytes_per_s", 650.0 / 9.0);
        check("flow_iat_mean", 3e6);
        check("flow_iat_max", 7e6);
        check("fwd_iat_total", 9e6);
        check("bwd_iat_total", 0.0);
        check("packet_length_mean", 162.5);
        check("down_up_ratio", 1.0 / 3.0);
        check("subflow_fwd_packets", 1.5);
        check("active_max", 2e6);
        check("idle_max", 7e6);
        check("fwd_header_bytes", 120.0);
        check("fwd_init_window_bytes", -1.0);
    }

    #[test]
    fn bulk_needs_four_data_packets_in_a_row() {
        let mut packets: Vec<(u8, u64, u32)> = (0..6).map(|i| (0, i * 1_000, 10)).collect();
        packets.push((1, 7_000, 5));
        let f = flow(&packets);
        assert!((value(&f, "fwd_bulk_packets_avg") - 6.0).abs() < 1e-9);
        assert!((value(&f, "fwd_bulk_bytes_avg") - 60.0).abs() < 1e-9);
        assert!((value(&f, "fwd_bulk_rate_avg") - 60.0 / 0.005).abs() < 1e-6);
        assert!((value(&f, "bwd_bulk_packets_avg")).abs() < 1e-9);
    }

    #[test]
    fn every_name_has_a_value_and_time_never_runs_back() {
        let f = flow(&[(0, 5_000_000, 1), (1, 1, 1)]);
        assert!(f.vector().iter().all(|v| v.is_finite()));
        assert!(value(&f, "flow_duration_us").abs() < 1e-9);
        let unique: std::collections::BTreeSet<_> = NAMES.iter().collect();
        assert_eq!(unique.len(), COUNT);
    }
}
