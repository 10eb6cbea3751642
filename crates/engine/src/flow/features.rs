//! Flow features: the statistics that models learn from, in CICFlowMeter's vocabulary.
//!
//! All are computed from packet times and header lengths while the flow runs, in constant memory.
//! "Forward" is originator to responder. Lengths are payload bytes, times are microseconds. The
//! formulas stand in [`FEATURES`], from which `docs/features.md` is made; that page also tells
//! what CICFlowMeter gets wrong and what is done here instead.

mod bulk;
mod moments;
mod table;
#[cfg(test)]
mod tests;
mod vector;

pub use table::{FEATURES, Feature, NAMES};

use anomalyzer_wire::TcpFlags;
use bulk::Bulk;
use moments::Moments;

/// Number of features.
pub const COUNT: usize = 77;

/// A feature vector.
pub type Vector = [f64; COUNT];

/// Version of this feature set; the last value of each vector. 2: header lengths are those of the
/// transport header alone.
pub const VERSION: f64 = 2.0;

/// A pause of more than this ends an active period (CICFlowMeter's activity time-out, 5 s).
const ACTIVITY_MICROS: u64 = 5_000_000;
/// A pause of more than this begins a new subflow, and ends a bulk (1 s).
const SUBFLOW_MICROS: u64 = 1_000_000;

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
            Kept::Running(running) => running.vector(),
            Kept::One(sample) => {
                let mut features = Features::default();
                features.add(sample);
                features.vector()
            }
            Kept::Given(values) => **values,
            Kept::Nothing => Features::default().vector(),
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
    /// Bytes of the transport header.
    pub(crate) header: u16,
    /// Flags and window of the TCP header.
    pub(crate) tcp: Option<(TcpFlags, u16)>,
}

/// What is kept for one direction.
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
    /// Pauses that began a new subflow.
    pauses: u32,
    first: u64,
    last: u64,
    active_start: u64,
}

impl Features {
    /// Takes one packet. One that is older than the last counts as if it came with it.
    #[inline]
    fn add(&mut self, sample: &Sample) {
        let now = sample.micros.max(self.last);
        if self.sides[0].len.n == 0 && self.sides[1].len.n == 0 {
            (self.first, self.active_start) = (now, now);
        } else {
            self.pause(now);
        }
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
            self.pauses = self.pauses.saturating_add(1);
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
        let first = own.len.n == 1;
        own.min_header = if first { sample.header } else { own.min_header.min(sample.header) };
        if sample.payload > 0 {
            own.data_packets = own.data_packets.saturating_add(1);
            own.bulk.data(now, sample.payload);
            other.bulk.interrupt();
        }
    }

    #[inline]
    fn add_tcp(&mut self, side: usize, flags: TcpFlags, window: u16) {
        let mut bits = flags.0;
        while bits != 0 {
            if let Some(count) = self.flags.get_mut(bits.trailing_zeros() as usize) {
                *count = count.saturating_add(1);
            }
            bits &= bits - 1;
        }
        if let Some(own) = self.sides.get_mut(side) {
            own.window.get_or_insert(window);
            own.psh = own.psh.saturating_add(u32::from(flags.has(TcpFlags::PSH)));
            own.urg = own.urg.saturating_add(u32::from(flags.has(TcpFlags::URG)));
        }
    }
}

/// A time in microseconds as a [`Moments`] value; longer than 71 minutes counts as that.
#[allow(clippy::cast_possible_truncation)] // clamped
const fn micros32(micros: u64) -> u32 {
    if micros > u32::MAX as u64 { u32::MAX } else { micros as u32 }
}
