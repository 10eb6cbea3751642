//! How long the intervals of a chart are, and from which table they come.

use super::interval::Resolution;

/// Steps that people can read; beyond a day, whole days.
const STEPS: [i64; 31] = [
    1, 2, 3, 5, 10, 15, 20, 30, 60, 120, 180, 240, 300, 360, 480, 600, 720, 900, 1_200, 1_800,
    2_700, 3_600, 7_200, 10_800, 14_400, 21_600, 28_800, 43_200, 86_400, 172_800, 345_600,
];

/// The step in seconds and the table for a range, so that at most `points` come, and the range is
/// still kept at that resolution.
pub(crate) fn choose(from: i64, to: i64, points: usize, latest: i64) -> (i64, Resolution) {
    let points = i64::try_from(points).unwrap_or(i64::MAX).max(1);
    let kept = |r: &Resolution| from >= latest.saturating_sub(r.kept());
    let finest = Resolution::ALL.into_iter().find(kept).unwrap_or(Resolution::Hour);
    let fits = |step: i64| {
        let first = from - from.rem_euclid(step);
        to.saturating_sub(first).saturating_add(step - 1) / step <= points
    };
    let step = STEPS.into_iter().find(|step| *step >= finest.seconds() && fits(*step));
    let step = step.unwrap_or_else(|| days(from, to, points));
    // The coarsest table whose intervals make up whole steps: fewest rows to read.
    let whole = |r: &Resolution| step % r.seconds() == 0 && *r >= finest;
    let resolution = Resolution::ALL.into_iter().rev().find(whole).unwrap_or(finest);
    (step, resolution)
}

/// Whole days, as few as make few enough points.
fn days(from: i64, to: i64, points: i64) -> i64 {
    let span = to.saturating_sub(from).max(1);
    // One point more may come of the first step, which begins before `from`.
    let step = span / (points - 1).max(1) + 1;
    let step = step.saturating_add(86_399) / 86_400 * 86_400;
    if points == 1 { step.saturating_mul(4).max(86_400) } else { step }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steps_of_common_ranges() {
        let now = 1_795_219_200;
        let check = |ago: i64, points, step, resolution| {
            assert_eq!(choose(now - ago, now, points, now), (step, resolution), "{ago}");
        };
        check(900, 600, 2, Resolution::Second);
        check(3_600, 600, 10, Resolution::Second);
        check(86_400, 600, 180, Resolution::Minute);
        check(7 * 86_400, 600, 1_200, Resolution::Minute);
        check(7 * 86_400, 168, 3_600, Resolution::Hour);
        check(365 * 86_400, 600, 86_400, Resolution::Hour);
        // Too old for minutes.
        check(60 * 86_400, 10_000, 3_600, Resolution::Hour);
    }

    proptest! {
        #[test]
        fn never_more_points_than_asked(
            from in -9_000_000_000..9_000_000_000_i64,
            span in 1..9_000_000_000_i64,
            points in 2..2_000_usize,
            ahead in 0..9_000_000_000_i64,
        ) {
            let to = from + span;
            let (step, resolution) = choose(from, to, points, to + ahead);
            let first = from - from.rem_euclid(step);
            prop_assert!((to - first + step - 1) / step <= i64::try_from(points).unwrap(), "{step}");
            prop_assert_eq!(step % resolution.seconds(), 0);
        }
    }
}
