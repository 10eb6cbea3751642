//! What a quantity usually is at each hour of the week.
//!
//! Offices work by day and back up by night; an hour is judged by the same hour of earlier weeks.
//! Until there are enough weeks, neighbouring hours and other days stand in. Hours are UTC.

use super::baseline::{
    Expected, SD_OF_MEAN_DEVIATION, SIGMA_MIN, UNUSUAL, USUAL, log, steps, unsteps,
};
use anomalyzer_wire::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;

/// Hours of a week.
const HOURS: usize = 168;
const DAY: usize = 24;
const DAYS: usize = 7;
/// Weeks after which an hour stands for itself.
const WEEKS_MIN: u32 = 4;
/// Values that the same hour of all days must have.
const DAYS_MIN: u32 = 4;
/// Values that the hours around it, of all days, must have.
const POOL_MIN: u32 = 6;
/// Values that the whole week must have as the last resort: a day's.
const WEEK_MIN: u32 = 24;
/// The weight of a usual week: an hour's value of a month ago counts a quarter of this week's.
const WEIGHT_MIN: f64 = 0.3;
/// Bytes of a slot when written: level, spread, values.
const SLOT_BYTES: usize = 5;

/// One hour of the week: 12 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Slot {
    level: f32,
    spread: f32,
    seen: u8,
}

/// A baseline for each of the 168 hours of a week: 2 kB.
#[derive(Clone, Debug, PartialEq)]
pub struct HourOfWeek {
    slots: Box<[Slot; HOURS]>,
}

impl Default for HourOfWeek {
    fn default() -> Self {
        Self { slots: Box::new([Slot::default(); HOURS]) }
    }
}

impl HourOfWeek {
    /// What is expected at a time: by the same hour of earlier weeks, of all days, by the hours
    /// around it of all days, or by the whole week, whichever first has enough values.
    pub fn expect(&self, time: Timestamp) -> Option<Expected> {
        let slot = slot(time);
        let daily = (0..DAYS).map(|day| day * DAY + slot % DAY);
        let around = |s: usize| [s + HOURS - 1, s, s + 1].map(|s| s % HOURS);
        self.pool([slot], WEEKS_MIN)
            .or_else(|| self.pool(daily.clone(), DAYS_MIN))
            .or_else(|| self.pool(daily.flat_map(around), POOL_MIN))
            .or_else(|| self.pool(0..HOURS, WEEK_MIN))
    }

    /// Mean of the slots' levels by their values; the deviation is that within the slots and that
    /// between them.
    fn pool(&self, slots: impl IntoIterator<Item = usize>, least: u32) -> Option<Expected> {
        let (mut n, mut sum, mut squares, mut within) = (0.0, 0.0, 0.0, 0.0);
        for slot in slots {
            let Some(slot) = self.slots.get(slot).filter(|s| s.seen > 0) else { continue };
            let (weight, level) = (f64::from(slot.seen), f64::from(slot.level));
            n += weight;
            sum += weight * level;
            squares += weight * level * level;
            within += weight * (f64::from(slot.spread) * SD_OF_MEAN_DEVIATION).powi(2);
        }
        if n < f64::from(least) {
            return None;
        }
        let level = sum / n;
        let between = (squares / n - level * level).max(0.0);
        let sigma = (between + within / n).sqrt().max(SIGMA_MIN);
        Some(Expected { level, anchor: level, sigma })
    }

    /// Takes the value of an hour. What is unusual by [`HourOfWeek::expect`] teaches little, also
    /// where this very hour has not been seen before.
    #[allow(clippy::cast_possible_truncation)] // a level's precision is enough as f32
    pub fn learn(&mut self, time: Timestamp, value: f64) {
        let expected = self.expect(time);
        let Some(slot) = self.slots.get_mut(slot(time)) else { return };
        let x = log(value);
        let new = slot.seen == 0;
        if new {
            slot.level = expected.map_or(x, |e| e.level) as f32;
        }
        let usual = (1.0 / f64::from(slot.seen.saturating_add(1))).max(WEIGHT_MIN);
        // What weighs less than the usual in a plain baseline weighs less here in proportion; a
        // first value counts in full unless it is far off.
        let share = expected.map_or(1.0, |e| match e.weight(value) / USUAL {
            share if new && share > UNUSUAL / USUAL => 1.0,
            share => share,
        });
        let weight = usual * share;
        let most = expected.map_or(f64::MAX, |e| 3.0 * e.sigma);
        let (level, spread) = (f64::from(slot.level), f64::from(slot.spread));
        let deviation = if new { 0.0 } else { (x - level).abs().min(most) };
        slot.spread = (spread + weight * (deviation - spread)) as f32;
        slot.level = (level + weight * (x - level)) as f32;
        slot.seen = slot.seen.saturating_add(1);
    }

    /// As text: 5 bytes for each hour, in Base64.
    pub fn save(&self) -> String {
        let mut bytes = Vec::with_capacity(HOURS * SLOT_BYTES);
        for slot in self.slots.iter() {
            bytes.extend(steps(f64::from(slot.level)).to_be_bytes());
            bytes.extend(steps(f64::from(slot.spread)).to_be_bytes());
            bytes.push(slot.seen);
        }
        BASE64.encode(bytes)
    }

    /// From [`HourOfWeek::save`]; `None` when it is not that.
    #[allow(clippy::cast_possible_truncation)] // as in `learn`
    pub fn restore(saved: &str) -> Option<Self> {
        let bytes = BASE64.decode(saved).ok().filter(|b| b.len() == HOURS * SLOT_BYTES)?;
        let mut week = Self::default();
        for (slot, bytes) in week.slots.iter_mut().zip(bytes.chunks_exact(SLOT_BYTES)) {
            let [a, b, c, d, seen] = *bytes else { return None };
            let amount = |high, low| unsteps(u64::from(u16::from_be_bytes([high, low])));
            let (level, spread) = (amount(a, b)? as f32, amount(c, d)? as f32);
            *slot = Slot { level, spread, seen };
        }
        Some(week)
    }
}

/// Hours since a Thursday at midnight: 1970-01-01 was one.
fn slot(time: Timestamp) -> usize {
    let hour = time.secs().div_euclid(3_600).rem_euclid(7 * 24);
    usize::try_from(hour).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_secs_nanos(hour * 3_600 + 1_800, 0)
    }

    /// An office: 100 by night, 10,000 from 8 to 18, and a backup of a million at 22.
    fn office(hour: i64) -> f64 {
        let jitter = 1.0 + f64::from(i32::try_from(hour * 7 % 11).unwrap()) / 100.0;
        jitter
            * match hour.rem_euclid(24) {
                8..18 => 10_000.0,
                22 => 1_000_000.0,
                _ => 100.0,
            }
    }

    fn weeks(hours: i64) -> HourOfWeek {
        let mut week = HourOfWeek::default();
        for hour in 0..hours {
            week.learn(at(hour), office(hour));
        }
        week
    }

    #[test]
    fn the_backup_is_expected_by_night_and_not_by_day() {
        let week = weeks(5 * 168);
        for hour in 0..168 {
            let expected = week.expect(at(hour)).unwrap();
            assert!(office(hour) < expected.limit(3.0), "{hour}");
            if hour % 24 != 22 {
                assert!(1_000_000.0 > expected.limit(3.0), "{hour}: {expected:?}");
            }
        }
    }

    #[test]
    fn few_days_are_pooled_and_judge_with_more_caution() {
        assert_eq!(weeks(20).expect(at(40)), None);
        let days = weeks(3 * 24);
        let (noon, night) = (days.expect(at(4 * 24 + 12)).unwrap(), days.expect(at(98)).unwrap());
        assert!((noon.mean() / 10_500.0 - 1.0).abs() < 0.1, "the same hours of other days");
        assert!(noon.limit(3.0) > 10_700.0 && noon.limit(3.0) < 50_000.0);
        assert!(night.limit(3.0) < 1_000.0);
        // The backup's hour stands between two quiet ones: wide, but not without an end.
        let backup = days.expect(at(4 * 24 + 22)).unwrap();
        assert!(backup.limit(3.0) > 1_000_000.0 && backup.limit(3.0) < 1e13);
    }

    #[test]
    fn one_unusual_hour_is_not_learned() {
        let mut week = weeks(4 * 168);
        let before = week.expect(at(12)).unwrap().limit(3.0);
        week.learn(at(4 * 168 + 12), 1e10);
        assert!(week.expect(at(12)).unwrap().limit(3.0) < before * 2.0);
        let mut young = weeks(48);
        young.learn(at(48 + 12), 1e10);
        assert!(young.expect(at(48 + 12)).unwrap().limit(3.0) < 1e6);
    }

    #[test]
    fn a_change_that_stays_is_learned_within_weeks() {
        let mut week = weeks(4 * 168);
        for hour in 4 * 168..10 * 168 {
            week.learn(at(hour), 1.5 * office(hour));
        }
        assert!((week.expect(at(12)).unwrap().mean() / 15_750.0 - 1.0).abs() < 0.15);
    }

    #[test]
    fn hours_before_1970_and_extreme_times_have_a_slot() {
        let mut week = HourOfWeek::default();
        for time in [Timestamp::MIN, Timestamp::MAX, at(-1)] {
            week.learn(time, f64::MAX);
            assert_eq!(week.expect(time), None);
        }
        assert_eq!(slot(at(-1)), 167);
    }

    #[test]
    fn what_is_saved_is_restored_and_nothing_else() {
        let week = weeks(300);
        let text = week.save();
        assert_eq!(text.len(), 1_120);
        let restored = HourOfWeek::restore(&text).unwrap();
        assert_eq!(restored.save(), text);
        assert_eq!(HourOfWeek::restore(""), None);
        assert_eq!(HourOfWeek::restore(&text[4..]), None);
        assert_eq!(HourOfWeek::restore(&"/".repeat(1_120)), None, "65,535 is no level");
    }
}
