//! The hours of packet time, for what is learned by the hour: when one ends, how much of it
//! was seen, and for how long there has been learning.

use anomalyzer_wire::Timestamp;
use serde_json::{Value, json};

const HOUR: i64 = 3_600;
/// Part of an hour that must have been seen for its sum to say something of the whole.
const SHARE_MIN: f64 = 0.25;

/// An hour of the clock, as far as it was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hour {
    /// Its beginning.
    pub start: Timestamp,
    /// From when to when it was seen.
    seen: [Timestamp; 2],
}

impl Hour {
    /// The part of it that was seen, 0.25 to 1; `None` when it was less.
    pub fn share(&self) -> Option<f64> {
        let [from, to] = self.seen;
        let share = to.since(from) as f64 / (HOUR as f64 * 1e9);
        // The last second of an hour is never seen to its end.
        (share >= SHARE_MIN).then_some(if share > 0.99 { 1.0 } else { share })
    }
}

/// For how long there has been learning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Days since the first packet ever.
    pub days: i64,
    /// Hours that were seen.
    pub hours: u64,
}

/// Follows the hours.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// The hour that is going on: where seeing it began, and the last observation.
    now: Option<[Timestamp; 2]>,
    /// The first packet of all runs.
    since: Option<Timestamp>,
    /// Hours that ended, in all runs.
    hours: u64,
}

impl Clock {
    /// To be called with each observation: the hour that ended before it, when one did.
    pub fn turns(&mut self, now: Timestamp) -> Option<Hour> {
        self.since = Some(self.since.map_or(now, |since| since.min(now)));
        let Some([from, last]) = &mut self.now else {
            self.now = Some([now, now]);
            return None;
        };
        let hour = |time: Timestamp| time.secs().div_euclid(HOUR);
        if hour(now) <= hour(*from) {
            *last = now.max(*last);
            return None;
        }
        let (begun, start) = (*from, Timestamp::from_secs_nanos(hour(*from) * HOUR, 0));
        // Neighbouring hours were seen without a gap, also when little happened in them.
        let next = Timestamp::from_secs_nanos(hour(now).saturating_mul(HOUR), 0);
        let follows = hour(now) == hour(*from).saturating_add(1);
        let end = if follows { next } else { *last };
        self.now = Some([if follows { next } else { now }, now]);
        self.hours = self.hours.saturating_add(1);
        Some(Hour { start, seen: [begun, end] })
    }

    /// The hour that is going on, at the end of the input.
    pub fn last_hour(&mut self) -> Hour {
        let [from, last] = self.now.unwrap_or_default();
        self.hours = self.hours.saturating_add(1);
        self.now = None;
        let start = Timestamp::from_secs_nanos(from.secs().div_euclid(HOUR) * HOUR, 0);
        Hour { start, seen: [from, last] }
    }

    /// For how long there has been learning.
    pub fn known(&self, now: Timestamp) -> Known {
        let nanos = self.since.map_or(0, |since| now.since(since));
        Known { days: nanos / (24 * HOUR * 1_000_000_000), hours: self.hours }
    }

    /// As two numbers.
    pub fn save(&self) -> Value {
        json!([self.since.map(Timestamp::secs), self.hours])
    }

    /// From [`Clock::save`]; an error when it is not that.
    pub fn restore(&mut self, saved: &Value) -> Result<(), String> {
        let damaged = || "its clock is damaged".to_owned();
        let [since, hours] = saved.as_array().ok_or_else(damaged)?.as_slice() else {
            return Err(damaged());
        };
        self.hours = hours.as_u64().ok_or_else(damaged)?;
        self.since = match since {
            Value::Null => None,
            other => Some(Timestamp::from_secs_nanos(other.as_i64().ok_or_else(damaged)?, 0)),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs_nanos(1_760_000_400 + seconds, 0)
    }

    #[test]
    fn hours_end_with_the_first_observation_of_another() {
        let mut clock = Clock::default();
        assert_eq!(at(0).secs() % HOUR, 0, "an hour begins here");
        assert_eq!(clock.turns(at(1_800)), None);
        assert_eq!(clock.turns(at(3_000)), None);
        let first = clock.turns(at(3_700)).unwrap();
        assert_eq!((first.start, first.share()), (at(0), Some(0.5)));
        let second = clock.turns(at(7_200)).unwrap();
        assert_eq!((second.start, second.share()), (at(3_600), Some(1.0)));
        // After a gap of hours the hour ends with its last observation.
        clock.turns(at(7_500));
        let third = clock.turns(at(30_000)).unwrap();
        assert_eq!(third.share(), None);
        assert_eq!(clock.known(at(86_400 * 3)).days, 2);
        assert_eq!(clock.known(at(0)).hours, 3);
    }

    #[test]
    fn the_last_hour_counts_as_far_as_it_was_seen() {
        let mut clock = Clock::default();
        clock.turns(at(0));
        clock.turns(at(1_000));
        assert!((clock.last_hour().share().unwrap() - 1_000.0 / 3_600.0).abs() < 1e-9);
        assert_eq!(Clock::default().last_hour().share(), None);
        let mut extreme = Clock::default();
        for time in [Timestamp::MIN, at(0), Timestamp::MAX, Timestamp::MIN] {
            extreme.turns(time);
        }
    }

    #[test]
    fn what_is_saved_is_restored_and_nothing_else() {
        let mut clock = Clock::default();
        clock.turns(at(0));
        clock.turns(at(5_000));
        let mut restored = Clock::default();
        restored.restore(&clock.save()).unwrap();
        assert_eq!(restored.known(at(900_000)), clock.known(at(900_000)));
        for bad in ["[]", "[1]", "[\"x\",1]", "[1,-1]", "{}"] {
            assert!(restored.restore(&serde_json::from_str(bad).unwrap()).is_err(), "{bad}");
        }
    }
}
