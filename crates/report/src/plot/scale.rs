//! Axes: from values to places, and where the ticks are.

use anomalyzer_wire::Timestamp;

/// The time axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeAxis {
    /// First second shown.
    start: i64,
    /// Seconds shown, at least 1.
    span: f64,
    left: f64,
    width: f64,
}

/// A tick of the time axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TimeTick {
    pub(super) x: f64,
    pub(super) label: String,
    /// The date, where it is new.
    pub(super) date: Option<String>,
}

/// Steps that a time axis may have, in seconds: those that people count in, up to ten years.
pub const TIME_STEPS: [i64; 28] = [
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1_800,
    3_600,
    7_200,
    10_800,
    21_600,
    43_200,
    86_400,
    172_800,
    604_800,
    1_209_600,
    2_592_000,
    7_776_000,
    15_552_000,
    31_536_000,
    63_072_000,
    157_680_000,
    315_360_000,
];

/// Hostile time stamps span centuries: steps go on by doubling.
const CENTURY: i64 = 3_153_600_000;

/// Room for a label of the time axis.
const LABEL: f64 = 92.0;

impl TimeAxis {
    /// From the second `start` to the second `end` (exclusive).
    pub(super) fn new(start: i64, end: i64, left: f64, width: f64) -> Self {
        let span = (i128::from(end) - i128::from(start)).max(1) as f64;
        Self { start, span, left, width }
    }

    pub(super) fn left(&self) -> f64 {
        self.left
    }

    pub(super) fn width(&self) -> f64 {
        self.width
    }

    /// Seconds from one end to the other.
    pub(super) fn span(&self) -> f64 {
        self.span
    }

    /// Place of a second.
    pub(super) fn x(&self, second: i64) -> f64 {
        let offset = i128::from(second) - i128::from(self.start);
        self.left + offset as f64 / self.span * self.width
    }

    /// Place of a point in time, never outside the axis.
    pub(super) fn x_of(&self, time: Timestamp) -> f64 {
        let offset =
            (i128::from(time.nanos()) - i128::from(self.start) * 1_000_000_000) as f64 / 1e9;
        self.left + (offset / self.span).clamp(0.0, 1.0) * self.width
    }

    /// Ticks at round times, as many as have room.
    pub(super) fn ticks(&self) -> Vec<TimeTick> {
        let most = (self.width / LABEL).max(1.0);
        let longer = std::iter::successors(Some(CENTURY), |step| step.checked_mul(2));
        let mut steps = TIME_STEPS.into_iter().chain(longer);
        let step = steps.find(|step| self.span / *step as f64 <= most).unwrap_or(i64::MAX);
        let behind = self.start.rem_euclid(step);
        let ahead = if behind == 0 { 0 } else { step - behind };
        let first = self.start.saturating_add(ahead);
        let mut day = None;
        (0..50)
            .map(|i| first.saturating_add(step.saturating_mul(i)))
            .take_while(|second| (i128::from(*second) - i128::from(self.start)) as f64 <= self.span)
            .map(|second| {
                let new_day = day.replace(second.div_euclid(86_400)) != day;
                self.tick(second, step, new_day)
            })
            .collect()
    }

    fn tick(&self, second: i64, step: i64, new_day: bool) -> TimeTick {
        let c = Timestamp::from_secs_nanos(second, 0).civil();
        let date = format!("{:04}-{:02}-{:02}", c.year, c.month, c.day);
        let x = self.x(second);
        if step >= 86_400 {
            return TimeTick { x, label: date, date: None };
        }
        let minutes = format!("{:02}:{:02}", c.hour, c.minute);
        let label = if step < 60 { format!("{minutes}:{:02}", c.second) } else { minutes };
        TimeTick { x, label, date: new_day.then_some(date) }
    }
}

/// A value axis from 0 up.
#[derive(Clone, Copy, Debug)]
pub(super) struct ValueAxis {
    top: f64,
    bottom: f64,
    max: f64,
}

impl ValueAxis {
    /// From 0 at `bottom` to a little more than `max` at `top`.
    pub(super) fn new(max: f64, top: f64, bottom: f64) -> Self {
        let max = if max.is_finite() && max > 0.0 { max * 1.06 } else { 1.0 };
        Self { top, bottom, max }
    }

    /// Place of a value.
    pub(super) fn y(&self, value: f64) -> f64 {
        let share = (value / self.max).clamp(0.0, 1.0);
        self.bottom - share * (self.bottom - self.top)
    }

    /// Round values from 0 up, about four of them.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let raw = self.max / 4.5;
        let power = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .into_iter()
            .map(|factor| factor * power)
            .find(|step| *step >= raw)
            .unwrap_or(raw);
        (0..20).map(|i| f64::from(i) * step).take_while(|value| *value <= self.max).collect()
    }
}

/// A value with the decimal prefix of its axis: all labels of one axis have the same unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prefix {
    divisor: f64,
    sign: &'static str,
}

impl Prefix {
    /// The prefix for values up to `max`.
    pub(super) fn of(max: f64) -> Self {
        let prefixes = [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
        let fitting = prefixes.into_iter().find(|(divisor, _)| max >= *divisor);
        let (divisor, sign) = fitting.unwrap_or((1.0, ""));
        Self { divisor, sign }
    }

    /// Such as `1.5 MB/s`.
    pub(super) fn show(&self, value: f64, unit: &str) -> String {
        if value == 0.0 {
            return "0".to_owned();
        }
        let scaled = value / self.divisor;
        let text = match scaled {
            100.0.. => format!("{scaled:.0}"),
            10.0.. => trim(&format!("{scaled:.1}")),
            _ => trim(&format!("{scaled:.2}")),
        };
        format!("{text} {}{unit}", self.sign).trim_end().to_owned()
    }
}

fn trim(text: &str) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::NOON;

    fn labels(start: i64, end: i64) -> Vec<String> {
        TimeAxis::new(start, end, 0.0, 1_000.0).ticks().into_iter().map(|t| t.label).collect()
    }

    #[test]
    fn time_ticks_are_round_and_have_room() {
        assert_eq!(labels(NOON, NOON + 1), ["12:00:00", "12:00:01"]);
        assert_eq!(labels(NOON + 3, NOON + 33)[..2], ["12:00:05", "12:00:10"]);
        assert_eq!(labels(NOON, NOON + 7_200)[..3], ["12:00", "12:15", "12:30"]);
        assert_eq!(labels(NOON, NOON + 86_400 * 7)[0], "2025-10-12");
        for span in [1, 10, 59, 61, 3_600, 100_000, 10_000_000, 3_000_000_000, i64::MAX / 2] {
            let ticks = TimeAxis::new(NOON, NOON.saturating_add(span), 0.0, 1_000.0).ticks();
            assert!(ticks.windows(2).all(|w| w[1].x - w[0].x >= 90.0), "{span}");
        }
        for (start, end) in [(i64::MIN, i64::MAX), (5, 5), (7, 3), (i64::MIN, i64::MIN)] {
            assert!(TimeAxis::new(start, end, 0.0, 1_000.0).ticks().len() <= 50);
        }
    }

    #[test]
    fn a_new_day_shows_its_date() {
        let ticks = TimeAxis::new(NOON, NOON + 86_400, 0.0, 1_000.0).ticks();
        let dates: Vec<&str> = ticks.iter().filter_map(|t| t.date.as_deref()).collect();
        assert_eq!(dates, ["2025-10-11", "2025-10-12"]);
    }

    #[test]
    fn value_ticks_and_units() {
        assert_eq!(ValueAxis::new(0.0, 0.0, 100.0).ticks().first(), Some(&0.0));
        let axis = ValueAxis::new(2_160_000.0, 0.0, 100.0);
        assert_eq!(axis.ticks(), [0.0, 1e6, 2e6]);
        assert!((axis.y(0.0) - 100.0).abs() < 1e-9 && axis.y(1e12).abs() < 1e-9);
        assert!((ValueAxis::new(f64::NAN, 0.0, 100.0).y(f64::INFINITY)).abs() < 1e-9);
        let mega = Prefix::of(2e6);
        assert_eq!(mega.show(1_500_000.0, "B/s"), "1.5 MB/s");
        assert_eq!(mega.show(0.0, "B/s"), "0");
        assert_eq!(Prefix::of(5.0).show(2.5, ""), "2.5");
        assert_eq!(Prefix::of(250e3).show(200e3, "B/s"), "200 kB/s");
    }
}
