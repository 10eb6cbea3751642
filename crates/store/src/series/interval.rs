//! One interval with its keys: how it is named and how it is packed.

use super::{Dimension, Sums};
use crate::SourceId;
use crate::packed::{Bytes, put_number, put_text};
use anomalyzer_engine::rollup::OTHER;
use std::collections::BTreeMap;

/// Bits of a rowid that hold the time.
const TIME_BITS: u32 = 35;
/// Times are stored from here on, so that they are positive.
const TIME_MIN: i64 = -(1 << (TIME_BITS - 1));
/// The latest time that can be stored.
const TIME_MAX: i64 = (1 << (TIME_BITS - 1)) - 1;
/// Bits of a rowid that hold the dimension.
const DIMENSION_BITS: u32 = 3;
/// Sources have ids below this.
const SOURCE_MAX: i64 = 1 << (63 - TIME_BITS - DIMENSION_BITS);

/// How long an interval is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Resolution {
    Second,
    Minute,
    Hour,
}

impl Resolution {
    pub(crate) const ALL: [Self; 3] = [Self::Second, Self::Minute, Self::Hour];

    /// Seconds of an interval.
    pub(crate) const fn seconds(self) -> i64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
        }
    }

    /// Seconds that intervals are kept, back from the source's latest second.
    pub(crate) const fn kept(self) -> i64 {
        match self {
            Self::Second => 2 * 3_600,
            Self::Minute => 30 * 86_400,
            Self::Hour => 2 * 366 * 86_400,
        }
    }

    /// Keys that an interval tells apart; the others count as [`OTHER`].
    pub(crate) const fn keys(self) -> usize {
        match self {
            Self::Second => 320,
            Self::Minute => 256,
            Self::Hour => 512,
        }
    }

    /// The table.
    pub(crate) const fn table(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
        }
    }

    /// Where the interval begins that holds a second.
    pub(crate) const fn floor(self, second: i64) -> i64 {
        second - second.rem_euclid(self.seconds())
    }
}

/// The rowid of an interval. `None` for a source beyond what fits.
pub(crate) fn rowid(source: SourceId, dimension: Dimension, start: i64) -> Option<i64> {
    let dimension = match dimension {
        Dimension::Total => 0,
        Dimension::Protocol => 1,
        Dimension::App => 2,
        Dimension::Port => 3,
        Dimension::Device => 4,
    };
    let time = clamp(start) - TIME_MIN;
    let (source, bits) = (source.0, TIME_BITS + DIMENSION_BITS);
    (0..SOURCE_MAX).contains(&source).then_some(source << bits | dimension << TIME_BITS | time)
}

/// When the interval of a rowid begins.
pub(crate) fn start(rowid: i64) -> i64 {
    (rowid & ((1 << TIME_BITS) - 1)) + TIME_MIN
}

/// The nearest time that can be stored; an hour from the ends, so that minutes and hours fit too.
pub(crate) fn clamp(second: i64) -> i64 {
    second.clamp(TIME_MIN + 3_600, TIME_MAX - 3_600)
}

/// What is kept of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) sums: Sums,
    /// The highest of one second.
    pub(crate) peak: Sums,
}

/// The keys of an interval.
pub(crate) type Keys = BTreeMap<Box<[u8]>, Entry>;

/// Adds sums, saturating.
pub(crate) fn add(into: &mut Sums, sums: &Sums) {
    into.packets = into.packets.saturating_add(sums.packets);
    into.bytes = into.bytes.saturating_add(sums.bytes);
    into.flows = into.flows.saturating_add(sums.flows);
    into.bytes_sent = into.bytes_sent.saturating_add(sums.bytes_sent);
}

/// Raises each value to that of the other.
pub(crate) fn raise(into: &mut Sums, sums: &Sums) {
    into.packets = into.packets.max(sums.packets);
    into.bytes = into.bytes.max(sums.bytes);
    into.flows = into.flows.max(sums.flows);
    into.bytes_sent = into.bytes_sent.max(sums.bytes_sent);
}

/// Leaves the `most` keys with most bytes; the others are added up under [`OTHER`].
pub(crate) fn bound(keys: &mut Keys, most: usize) {
    // Cut only when a quarter is too much, so that not every second cuts.
    if keys.len() <= most + most / 4 {
        return;
    }
    let other = OTHER.as_bytes();
    let mut order: Vec<(u64, Box<[u8]>)> = keys
        .iter()
        .filter(|(key, _)| ***key != *other)
        .map(|(k, e)| (e.sums.bytes, k.clone()))
        .collect();
    order.sort_unstable_by(|a, b| b.cmp(a));
    for (_, key) in order.drain(most.min(order.len())..) {
        if let Some(gone) = keys.remove(&key) {
            let rest = keys.entry(other.into()).or_default();
            add(&mut rest.sums, &gone.sums);
            raise(&mut rest.peak, &gone.peak);
        }
    }
}

/// Packs an interval. Of a second the peak is the sum and is left out.
pub(crate) fn pack(keys: &Keys, resolution: Resolution) -> Vec<u8> {
    let mut out = Vec::with_capacity(keys.len() * 24);
    for (key, entry) in keys {
        put_text(&mut out, key);
        put(&mut out, &entry.sums);
        if resolution != Resolution::Second {
            put(&mut out, &entry.peak);
        }
    }
    out
}

fn put(out: &mut Vec<u8>, sums: &Sums) {
    for number in [sums.packets, sums.bytes, sums.flows, sums.bytes_sent] {
        put_number(out, number);
    }
}

/// Reads what [`pack`] wrote, key by key; ends early where it is damaged.
pub(crate) struct Unpack<'a> {
    bytes: Bytes<'a>,
    resolution: Resolution,
}

impl<'a> Unpack<'a> {
    pub(crate) fn new(bytes: &'a [u8], resolution: Resolution) -> Self {
        Self { bytes: Bytes(bytes), resolution }
    }

    fn sums(&mut self) -> Option<Sums> {
        Some(Sums {
            packets: self.bytes.number()?,
            bytes: self.bytes.number()?,
            flows: self.bytes.number()?,
            bytes_sent: self.bytes.number()?,
        })
    }
}

impl<'a> Iterator for Unpack<'a> {
    type Item = (&'a [u8], Entry);

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.bytes.text()?;
        let sums = self.sums()?;
        let peak = if self.resolution == Resolution::Second { sums } else { self.sums()? };
        Some((key, Entry { sums, peak }))
    }
}
