//! One series of seconds: its baseline, and when a second exceeds it.

use super::Limits;
use crate::alert::REOPEN_GAP_NANOS;
use crate::count::{Ewma, Expected, Moments, leave_one_out};
use crate::text;

/// Largest z that is written: after constant seconds, z has no bound.
const Z_MAX: f64 = 1e6;

/// Packets and bytes of a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Volume {
    pub(super) packets: f64,
    pub(super) bytes: f64,
}

impl Volume {
    /// The larger of each.
    fn most(self, other: Self) -> Self {
        Self { packets: self.packets.max(other.packets), bytes: self.bytes.max(other.bytes) }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { packets: self.packets + other.packets, bytes: self.bytes + other.bytes }
    }
}

/// How a second was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Technique {
    /// Above mean and standard deviations of all seconds before.
    Sigma,
    /// Above the moving mean and its standard deviations alone.
    Ewma,
}

impl Technique {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sigma => "sigma",
            Self::Ewma => "ewma",
        }
    }
}

/// What a second was held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Basis {
    /// The seconds before.
    Before,
    /// All other seconds, later ones included.
    Others,
    /// The busiest seconds of this hour in earlier weeks and days.
    Learned,
}

/// A second above its limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Exceeded {
    pub(super) second: i64,
    pub(super) technique: Technique,
    /// Counts bytes; else packets.
    of_bytes: bool,
    pub(super) value: f64,
    pub(super) mean: f64,
    pub(super) limit: f64,
    pub(super) z: f64,
    pub(super) basis: Basis,
}

impl Exceeded {
    /// Order among the spikes of a second: by packets or, at 1,000 bytes for one, by bytes.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates
    pub(super) fn rank(&self) -> u64 {
        if self.of_bytes { (self.value / 1_000.0) as u64 } else { self.value as u64 }
    }

    /// What no limit is below.
    pub(super) fn floor(&self, limits: &Limits) -> f64 {
        if self.of_bytes { limits.floor.bytes } else { limits.floor.packets }
    }

    pub(super) fn evidence_name(&self) -> &'static str {
        if self.of_bytes { "bytes_per_second" } else { "packets_per_second" }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // shown only
    pub(super) fn show(&self, value: f64) -> String {
        let value = value.max(0.0).round() as u64;
        if self.of_bytes { text::bytes(value) } else { text::counted(value, "packet") }
    }
}

/// Seconds above their limits that follow each other closely.
#[derive(Clone, Copy, Debug)]
pub(super) struct Episode {
    pub(super) first: i64,
    last: i64,
    pub(super) seconds: u64,
    /// The second that was farthest above its limit.
    pub(super) peak: Exceeded,
}

/// A baseline of one measure.
#[derive(Clone, Copy, Debug)]
struct Baseline {
    all: Moments,
    moving: Ewma,
}

/// Packets and bytes per second, over the seconds that had traffic.
#[derive(Clone, Debug)]
pub(super) struct Series {
    current: Volume,
    /// The busiest second of this hour.
    peak: Volume,
    packets: Baseline,
    bytes: Baseline,
    episode: Option<Episode>,
}

impl Series {
    pub(super) fn new(lambda: f64) -> Self {
        let baseline = Baseline { all: Moments::default(), moving: Ewma::new(lambda) };
        let (current, peak) = (Volume::default(), Volume::default());
        Self { current, peak, packets: baseline, bytes: baseline, episode: None }
    }

    /// Adds traffic to the second that has not ended; true when it is the first of it.
    pub(super) fn grow(&mut self, volume: Volume) -> bool {
        let first = self.current.packets <= 0.0;
        self.current = self.current.plus(volume);
        first
    }

    /// Seconds with traffic so far.
    pub(super) fn seconds(&self) -> u64 {
        self.packets.all.count()
    }

    /// The seconds above their limits that the last one belongs to.
    pub(super) fn episode(&self) -> Option<&Episode> {
        self.episode.as_ref()
    }

    /// The busiest second of the hour, which begins anew.
    pub(super) fn take_peak(&mut self) -> Volume {
        std::mem::take(&mut self.peak)
    }

    /// Ends the second: judges it by the seconds before and by what is `usual` at this hour, of
    /// bytes or of packets, where that is known; then learns it.
    pub(super) fn ends(
        &mut self,
        second: i64,
        limits: &Limits,
        usual: impl Fn(bool) -> Option<Expected>,
    ) -> Option<Exceeded> {
        let now = std::mem::take(&mut self.current);
        let warm = self.seconds() >= limits.warm_up;
        let measures = [
            (false, self.packets, now.packets, limits.floor.packets),
            (true, self.bytes, now.bytes, limits.floor.bytes),
        ];
        self.peak = self.peak.most(now);
        self.packets.learn(now.packets);
        self.bytes.learn(now.bytes);
        let exceeded = measures
            .into_iter()
            .filter(|(_, _, value, floor)| value > floor)
            .filter_map(|(of_bytes, baseline, value, floor)| {
                let usual = || usual(of_bytes);
                let judged = if warm {
                    let ordinary = |u: Expected| value <= u.limit(limits.sigma);
                    let risen = baseline.judge(value, floor, limits)?;
                    (!usual().is_some_and(ordinary)).then_some(risen)?
                } else {
                    learned(value, &usual()?, floor, limits)?
                };
                Some(Exceeded { second, of_bytes, ..judged })
            })
            .max_by(|a, b| (a.value / a.limit).total_cmp(&(b.value / b.limit)))?;
        self.note(&exceeded);
        Some(exceeded)
    }

    /// Adds a second above its limit to the episode, or begins another one.
    pub(super) fn note(&mut self, exceeded: &Exceeded) {
        let second = exceeded.second;
        match &mut self.episode {
            Some(episode)
                if second.saturating_sub(episode.last) <= REOPEN_GAP_NANOS / 1_000_000_000 =>
            {
                episode.last = second;
                episode.seconds += 1;
                let above = |e: &Exceeded| e.value / e.limit;
                if above(exceeded) > above(&episode.peak) {
                    episode.peak = *exceeded;
                }
            }
            episode => {
                let (first, last) = (second, second);
                *episode = Some(Episode { first, last, seconds: 1, peak: *exceeded });
            }
        }
    }
}

impl Baseline {
    fn learn(&mut self, value: f64) {
        self.all.push(value);
        self.moving.push(value);
    }

    fn judge(&self, value: f64, floor: f64, limits: &Limits) -> Option<Exceeded> {
        let sigma = judge(value, self.all.mean(), self.all.sd(), floor, limits);
        let ewma = || judge(value, self.moving.mean(), self.moving.sd(), floor, limits);
        match sigma {
            Some(exceeded) => Some(exceeded),
            None => ewma().map(|exceeded| Exceeded { technique: Technique::Ewma, ..exceeded }),
        }
    }
}

/// Holds a value against mean and standard deviation, the floor and the least ratio.
fn judge(value: f64, mean: f64, sd: f64, floor: f64, limits: &Limits) -> Option<Exceeded> {
    let limit = limits.sigma.mul_add(sd, mean).max(mean * limits.ratio).max(floor);
    if value <= limit {
        return None;
    }
    let z = if sd > 0.0 { ((value - mean) / sd).min(Z_MAX) } else { Z_MAX };
    let limit = limit.max(1.0);
    Some(Exceeded {
        second: 0,
        technique: Technique::Sigma,
        of_bytes: false,
        value,
        mean,
        limit,
        z,
        basis: Basis::Before,
    })
}

/// Holds a value against what was learned, before there are seconds to hold it against.
fn learned(value: f64, usual: &Expected, floor: f64, limits: &Limits) -> Option<Exceeded> {
    let mean = usual.mean();
    let limit = usual.limit(limits.sigma).max(mean * limits.ratio);
    let exceeded = judge(value, mean, 0.0, floor.max(limit), limits)?;
    Some(Exceeded { z: usual.z(value).min(Z_MAX), basis: Basis::Learned, ..exceeded })
}

/// The seconds that exceed what all the others say, in order.
pub(super) fn in_hindsight(seconds: &[(i64, Volume)], limits: &Limits) -> Vec<Exceeded> {
    let packets: Vec<f64> = seconds.iter().map(|(_, v)| v.packets).collect();
    let bytes: Vec<f64> = seconds.iter().map(|(_, v)| v.bytes).collect();
    let mut exceeded = Vec::new();
    for (at, (second, volume)) in seconds.iter().enumerate() {
        let measures = [
            (false, &packets, volume.packets, limits.floor.packets),
            (true, &bytes, volume.bytes, limits.floor.bytes),
        ];
        let judged = measures.into_iter().filter_map(|(of_bytes, values, value, floor)| {
            // Of very few seconds none is usual.
            let others = leave_one_out(values, at).filter(|_| values.len() >= 5)?;
            let judged = judge(value, others.mean, others.sd, floor, limits)?;
            Some(Exceeded { second: *second, of_bytes, basis: Basis::Others, ..judged })
        });
        exceeded.extend(judged.max_by(|a, b| (a.value / a.limit).total_cmp(&(b.value / b.limit))));
    }
    exceeded
}
