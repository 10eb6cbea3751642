//! A row of small bars: traffic over time in one line.

use anomalyzer_engine::observation::SecondTotals;

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];

/// The most that any interval of each of `columns` equal parts of the time holds, so that no peak
/// is lost; `None` where there was no traffic.
pub(super) fn columns(
    points: &[SecondTotals],
    columns: usize,
    value: impl Fn(&SecondTotals) -> u64,
) -> Vec<Option<u64>> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    let span = i128::from(last.second) - i128::from(first.second) + 1;
    let columns = columns.min(usize::try_from(span).unwrap_or(columns));
    let mut peaks = vec![None; columns];
    for point in points {
        let offset = i128::from(point.second) - i128::from(first.second);
        let column = offset * columns as i128 / span;
        if let Some(peak) = usize::try_from(column).ok().and_then(|i| peaks.get_mut(i)) {
            *peak = Some(peak.unwrap_or(0).max(value(point)));
        }
    }
    peaks
}

/// The peaks as bars, from 0 to the highest; nothing is blank.
pub(super) fn line(peaks: &[Option<u64>], unicode: bool) -> String {
    let top = peaks.iter().flatten().max().copied().unwrap_or(0).max(1);
    let bars = if unicode { BLOCKS } else { ASCII };
    peaks
        .iter()
        .map(|peak| {
            let Some(value) = peak else { return ' ' };
            let level = (u128::from(*value) * 8).div_ceil(u128::from(top)).max(1) - 1;
            usize::try_from(level).ok().and_then(|i| bars.get(i)).copied().unwrap_or(' ')
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(second: i64, packets: u64) -> SecondTotals {
        SecondTotals { second, packets, ..SecondTotals::default() }
    }

    #[test]
    fn peaks_survive_and_gaps_are_blank() {
        let mut points: Vec<SecondTotals> = (0..1_000).map(|s| point(s, 1)).collect();
        points[777].packets = 800;
        let peaks = columns(&points, 10, |p| p.packets);
        assert_eq!(line(&peaks, true), "▁▁▁▁▁▁▁█▁▁");
        let gap = columns(&[point(0, 4), point(9, 8)], 5, |p| p.packets);
        assert_eq!(line(&gap, true), "▄   █");
        assert_eq!(line(&gap, false), "-   #");
    }

    #[test]
    fn one_instant_and_the_ends_of_time() {
        assert_eq!(line(&columns(&[point(5, 3)], 40, |p| p.packets), true), "█");
        assert_eq!(line(&columns(&[], 40, |p| p.packets), true), "");
        let far = columns(&[point(i64::MIN, 1), point(i64::MAX, u64::MAX)], 4, |p| p.packets);
        assert_eq!(line(&far, true), "▁  █");
    }
}
