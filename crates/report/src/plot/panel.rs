//! A panel: one value over time with its threshold.

use super::canvas::{Anchor, Canvas, Font, Ink, Point};
use super::font;
use super::scale::{Prefix, TimeAxis, ValueAxis};
use anomalyzer_engine::observation::SecondTotals;
use anomalyzer_engine::series::Series;

/// What a panel shows.
pub(super) struct Panel<'a> {
    pub(super) title: &'a str,
    pub(super) unit: &'a str,
    pub(super) ink: Ink,
    pub(super) top: f64,
    pub(super) bottom: f64,
    /// The threshold per second; `None` when there are too few seconds for one.
    pub(super) limit: Option<f64>,
    pub(super) value: fn(&SecondTotals) -> u64,
}

/// Least and most within a column of pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
    seen: u64,
}

impl Panel<'_> {
    /// Draws the panel on a time axis.
    pub(super) fn draw(&self, canvas: &mut dyn Canvas, axis: &TimeAxis, series: &Series) {
        let columns = columns(series, axis.span(), axis.width(), self.value);
        let highest = columns.iter().map(|column| column.high).fold(0.0, f64::max);
        let most = highest.max(self.limit.unwrap_or(0.0));
        let values = ValueAxis::new(most, self.top, self.bottom);
        let prefix = Prefix::of(values.ticks().last().copied().unwrap_or(1.0));
        self.grid(canvas, axis, &values, prefix);
        self.area(canvas, axis, &values, &columns);
        self.heading(canvas, axis, highest);
        if let Some(limit) = self.limit {
            let y = values.y(limit);
            let line = [(axis.left(), y), (axis.left() + axis.width(), y)];
            canvas.line(&line, Ink::Limit, 1.5, Some(6.0));
        }
    }

    fn grid(&self, canvas: &mut dyn Canvas, axis: &TimeAxis, values: &ValueAxis, prefix: Prefix) {
        let (left, right) = (axis.left(), axis.left() + axis.width());
        for value in values.ticks() {
            let y = values.y(value);
            let label = prefix.show(value, self.unit);
            canvas.line(&[(left, y), (right, y)], Ink::Grid, 1.0, None);
            canvas.text((left - 12.0, y + 4.0), &label, Font::SMALL, Anchor::End, Ink::Quiet);
        }
        for tick in axis.ticks() {
            canvas.line(&[(tick.x, self.top), (tick.x, self.bottom)], Ink::Grid, 1.0, None);
        }
    }

    fn area(
        &self,
        canvas: &mut dyn Canvas,
        axis: &TimeAxis,
        values: &ValueAxis,
        columns: &[Range],
    ) {
        if columns.is_empty() {
            return;
        }
        let high = steps(columns, axis, |column| values.y(column.high));
        let low = steps(columns, axis, |column| values.y(column.low));
        let corners = |line: &[Point]| -> Vec<Point> {
            let (left, right) = (axis.left(), axis.left() + axis.width());
            let ends = ([(left, self.bottom)], [(right, self.bottom)]);
            ends.0.iter().chain(line).chain(&ends.1).copied().collect()
        };
        canvas.polygon(&corners(&high), self.ink, 0.28);
        if low != high {
            canvas.polygon(&corners(&low), self.ink, 0.4);
        }
        canvas.line(&high, self.ink, 1.3, None);
    }

    /// Title on the left, what the lines mean on the right.
    fn heading(&self, canvas: &mut dyn Canvas, axis: &TimeAxis, highest: f64) {
        let y = self.top - 12.0;
        canvas.text((axis.left(), y), self.title, Font::HEADING, Anchor::Start, Ink::Text);
        let show = |value: f64| Prefix::of(value).show(value, self.unit);
        let mut x = axis.left() + axis.width();
        if let Some(limit) = self.limit {
            let text = format!("threshold {}: mean + 3 standard deviations", show(limit));
            canvas.text((x, y), &text, Font::SMALL, Anchor::End, Ink::Quiet);
            x -= font::width(&text, Font::SMALL) + 8.0;
            canvas.line(&[(x - 26.0, y - 4.0), (x, y - 4.0)], Ink::Limit, 1.5, Some(6.0));
            x -= 46.0;
        }
        let text = format!("peak {}", show(highest));
        canvas.text((x, y), &text, Font::SMALL, Anchor::End, Ink::Quiet);
        x -= font::width(&text, Font::SMALL) + 8.0;
        canvas.rect((x - 14.0, y - 9.0), (14.0, 9.0), self.ink, 0.28);
        canvas.line(&[(x - 14.0, y - 9.0), (x, y - 9.0)], self.ink, 1.3, None);
    }
}

/// Values per second by columns of the axis: each interval its own where there is room, else the
/// least and the most of all intervals of a pixel, so that no peak is lost. Intervals without
/// traffic are 0.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // counts of pixels
pub(super) fn columns(
    series: &Series,
    span: f64,
    width: f64,
    value: fn(&SecondTotals) -> u64,
) -> Vec<Range> {
    let Some(first) = series.points().first() else { return Vec::new() };
    let interval = series.width_secs().max(1) as f64;
    let count = (span / interval).round().clamp(1.0, width.max(1.0));
    let mut columns = vec![Range::default(); count as usize];
    for point in series.points() {
        let offset = (i128::from(point.second) - i128::from(first.second)) as f64;
        let column = (offset / span * count).floor().max(0.0) as usize;
        let rate = value(point) as f64 / interval;
        if let Some(range) = columns.get_mut(column) {
            range.low = if range.seen == 0 { rate } else { range.low.min(rate) };
            range.high = range.high.max(rate);
            range.seen += 1;
        }
    }
    let whole = (span / interval / count).floor() as u64;
    for range in &mut columns {
        if range.seen < whole {
            range.low = 0.0;
        }
    }
    columns
}

/// The outline of columns; runs of equal height are one piece.
fn steps(columns: &[Range], axis: &TimeAxis, y: impl Fn(&Range) -> f64) -> Vec<Point> {
    let width = axis.width() / columns.len().max(1) as f64;
    let mut points: Vec<Point> = Vec::with_capacity(columns.len() * 2);
    for (i, column) in columns.iter().enumerate() {
        let (x, y) = (axis.left() + i as f64 * width, y(column));
        match points.last_mut() {
            Some(last) if (last.1 - y).abs() < 0.05 => last.0 = x + width,
            _ => points.extend([(x, y), (x + width, y)]),
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(seconds: impl IntoIterator<Item = (i64, u64)>) -> Series {
        let mut series = Series::default();
        for (second, packets) in seconds {
            series.push(&SecondTotals { second, packets, ..SecondTotals::default() });
        }
        series
    }

    #[test]
    fn few_intervals_keep_their_own_column() {
        let ranges = columns(&series([(10, 4), (12, 6)]), 3.0, 100.0, |p| p.packets);
        assert_eq!(ranges.iter().map(|r| r.high).collect::<Vec<_>>(), [4.0, 0.0, 6.0]);
        assert_eq!(ranges.iter().map(|r| r.low).collect::<Vec<_>>(), [4.0, 0.0, 6.0]);
    }

    #[test]
    fn many_intervals_keep_peaks_and_lulls() {
        let many = series((0..10_000).map(|s| (s, if s == 7_777 { 900 } else { 5 })));
        let ranges = columns(&many, 10_000.0, 100.0, |p| p.packets);
        assert_eq!(ranges.len(), 100);
        assert_eq!((ranges[77].low, ranges[77].high), (5.0, 900.0));
        assert_eq!((ranges[78].low, ranges[78].high), (5.0, 5.0));
        let gaps = series((0..5_000).map(|s| (s * 2, 5)));
        assert!(columns(&gaps, 9_999.0, 100.0, |p| p.packets).iter().all(|r| r.low == 0.0));
    }
}
