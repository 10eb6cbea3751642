//! What a target usually receives: the peaks of hours that reach the floor.
//!
//! A collector of logs or a busy name server lives above a floor that is made for all hosts. What
//! it receives in such hours is learned, so that only more than that is a flood. An attack must
//! not become usual by going on: several days are asked for, and there is an end to what can be
//! usual.

use super::{On, What};
use crate::count::{Baseline, Clock, Expected, SIGMAS, Table};
use anomalyzer_wire::{Addr, Timestamp};
use serde_json::{Value, json};
use std::net::IpAddr;

/// Targets whose peaks are learned: those that ever reached the floor.
pub(super) const TARGETS: usize = 2_048;
/// Hours with a peak, and days with such an hour, before they are usual: by then an attack that
/// goes on has been told on three days.
const HOURS_MIN: u32 = 6;
const DAYS_MIN: u32 = 3;
/// Nothing above this many times the floor is usual; who receives more gets a floor of its own in
/// the settings.
const FLOORS_MAX: f64 = 10.0;

#[derive(Clone, Copy, Debug, Default)]
struct Peaks {
    baseline: Baseline,
    days: u32,
    /// Day of the last peak, since 1970.
    last: i64,
}

/// What is usual for a target, in packets a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Usual {
    pub(super) expected: Expected,
    limit: f64,
}

impl Usual {
    /// Packets a second that are still usual, where `floor` is that of the settings.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates
    pub(super) fn limit(&self, floor: u64) -> u64 {
        self.limit.min(FLOORS_MAX * floor as f64) as u64
    }
}

/// The peaks of all targets.
pub(super) struct Memory {
    pub(super) clock: Clock,
    table: Table<On, Peaks>,
}

impl Memory {
    pub(super) fn new(seed: u64) -> Self {
        let table = Table::new(TARGETS, seed, |peaks: &Peaks| peaks.days >= DAYS_MIN);
        Self { clock: Clock::default(), table }
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn evictions(&self) -> u64 {
        self.table.evictions()
    }

    /// Takes the peak of an hour.
    pub(super) fn learn(&mut self, on: On, hour: Timestamp, peak: u64) {
        let (peaks, _) = self.table.entry(on, Peaks::default);
        let Some(peaks) = peaks else { return };
        peaks.baseline.learn(peak as f64);
        let day = hour.secs().div_euclid(86_400);
        if peaks.days == 0 || day > peaks.last {
            peaks.days = peaks.days.saturating_add(1);
            peaks.last = day;
        }
    }

    pub(super) fn of(&self, on: &On) -> Option<Usual> {
        if self.table.is_empty() {
            return None;
        }
        let peaks = self.table.get(on).filter(|peaks| peaks.days >= DAYS_MIN)?;
        let expected = peaks.baseline.expect_after(HOURS_MIN)?;
        Some(Usual { expected, limit: expected.limit(SIGMAS) })
    }

    pub(super) fn save(&self) -> Option<Value> {
        let rows = self.table.iter().map(|(on, peaks)| {
            let Peaks { baseline, days, last } = peaks;
            let what = on.what.name();
            json!([on.dst.to_string(), on.port, what, baseline.save(), days, last])
        });
        (!self.table.is_empty()).then(|| Value::Array(rows.collect()))
    }

    pub(super) fn restore(&mut self, saved: &Value) -> Result<(), String> {
        let rows = saved.as_array().ok_or("its targets are no list")?;
        for row in rows.iter().take(TARGETS) {
            let (on, peaks) = read(row).ok_or("one of its targets is damaged")?;
            self.table.entry(on, || peaks);
        }
        Ok(())
    }
}

fn read(row: &Value) -> Option<(On, Peaks)> {
    let [dst, port, what, baseline, days, last] = row.as_array()?.as_slice() else { return None };
    let on = On {
        dst: Addr::from(dst.as_str()?.parse::<IpAddr>().ok()?),
        port: u16::try_from(port.as_u64()?).ok()?,
        what: What::parse(what.as_str()?)?,
    };
    let peaks = Peaks {
        baseline: Baseline::restore(baseline)?,
        days: u32::try_from(days.as_u64()?).ok()?,
        last: last.as_i64()?,
    };
    Some((on, peaks))
}
