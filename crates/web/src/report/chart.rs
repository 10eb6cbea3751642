//! Traffic over time as a small SVG: an area for what was there, nothing where nobody watched.
//!
//! Inks are classes of the page's style, so one drawing serves light, dark and paper.

use anomalyzer_report::plot::TIME_STEPS;
use anomalyzer_wire::Timestamp;
use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 752.0;
const TOP: f64 = 12.0;
/// Room below the plot for the times.
const FOOT: f64 = 22.0;
/// Labels on the time axis at most.
const TICKS: i64 = 8;
/// What is drawn.
pub(super) struct Chart<'a> {
    /// What it shows, for those who do not see it.
    pub(super) title: &'a str,
    /// Class of the ink: `bytes` or `packets`.
    pub(super) ink: &'a str,
    /// Height of the whole drawing.
    pub(super) height: f64,
    /// First and last second.
    pub(super) from: i64,
    /// See `from`.
    pub(super) to: i64,
    /// Seconds of an interval.
    pub(super) step: i64,
    /// Start of the interval and rate.
    pub(super) points: &'a [(i64, f64)],
    /// Moments to mark, with the class of their severity.
    pub(super) marks: &'a [(i64, &'static str)],
    /// How a rate is written.
    pub(super) unit: fn(f64) -> String,
}

impl Chart<'_> {
    /// The drawing.
    pub(super) fn svg(&self) -> String {
        let mut out = String::with_capacity(16 * 1024);
        let height = self.height;
        put(
            &mut out,
            format_args!(
                "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">\n",
                anomalyzer_report::markup(self.title)
            ),
        );
        let (top_value, ticks) = value_ticks(self.points.iter().map(|p| p.1).fold(0.0, f64::max));
        for tick in ticks {
            let y = short(self.y(tick, top_value));
            put(
                &mut out,
                format_args!(
                    "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y}\" x2=\"{RIGHT}\" y2=\"{y}\"/>\
                 <text class=\"tick\" text-anchor=\"end\" x=\"{}\" y=\"{}\">{}</text>\n",
                    LEFT - 8.0,
                    short(y + 3.5),
                    anomalyzer_report::markup(&(self.unit)(tick)),
                ),
            );
        }
        self.times(&mut out);
        for run in self.runs() {
            self.area(&mut out, run, top_value);
        }
        for (at, class) in self.marks {
            let x = short(self.x(*at));
            put(
                &mut out,
                format_args!(
                    "<path class=\"mark {class}\" d=\"M{x} {TOP}l-4 -8h8z\"/>\
                 <line class=\"mark {class}\" x1=\"{x}\" x2=\"{x}\" y1=\"{TOP}\" y2=\"{}\"/>\n",
                    height - FOOT
                ),
            );
        }
        out.push_str("</svg>\n");
        out
    }

    /// Points without a gap between them.
    fn runs(&self) -> Vec<&[(i64, f64)]> {
        self.points.chunk_by(|a, b| b.0 - a.0 <= self.step).collect()
    }

    /// Steps, since a point is the rate over its whole interval.
    fn area(&self, out: &mut String, run: &[(i64, f64)], top: f64) {
        let Some(first) = run.first() else { return };
        let base = short(self.height - FOOT);
        let mut line = String::new();
        for (at, value) in run {
            let (x, next, y) = (self.x(*at), self.x(at + self.step), self.y(*value, top));
            put(&mut line, format_args!("L{} {}H{}", short(x), short(y), short(next)));
        }
        let start = short(self.x(first.0));
        let ink = self.ink;
        put(
            out,
            format_args!(
                "<path class=\"area {ink}\" d=\"M{start} {base}{line}V{base}H{start}z\"/>\n"
            ),
        );
        let line = line.strip_prefix('L').unwrap_or(&line);
        put(out, format_args!("<path class=\"line {ink}\" d=\"M{line}\"/>\n"));
    }

    fn times(&self, out: &mut String) {
        let span = (self.to - self.from).max(1);
        let step = TIME_STEPS.into_iter().find(|step| span / step < TICKS).unwrap_or(i64::MAX);
        let first = self.from + (step - self.from.rem_euclid(step)) % step;
        let y = short(self.height - 6.0);
        for i in 0..=TICKS {
            let Some(at) = step.checked_mul(i).and_then(|ahead| first.checked_add(ahead)) else {
                break;
            };
            if at > self.to {
                break;
            }
            let x = short(self.x(at).clamp(LEFT + 16.0, RIGHT - 16.0));
            let label = time_label(at, step);
            put(
                out,
                format_args!(
                    "<text class=\"tick\" text-anchor=\"middle\" x=\"{x}\" y=\"{y}\">{label}</text>\n"
                ),
            );
        }
    }

    fn x(&self, at: i64) -> f64 {
        let share = (at - self.from) as f64 / (self.to - self.from).max(1) as f64;
        LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    fn y(&self, value: f64, top: f64) -> f64 {
        let room = self.height - FOOT - TOP;
        self.height - FOOT - (value / top).clamp(0.0, 1.0) * room
    }
}

/// Writing to a String cannot fail, so the result is dropped in this one place.
fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

/// The top of the value axis and its ticks: 1, 2 or 5 times a power of ten.
fn value_ticks(max: f64) -> (f64, Vec<f64>) {
    if !max.is_finite() || max <= 0.0 {
        return (1.0, vec![0.0]);
    }
    let power = 10_f64.powf((max / 3.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|n| n * power)
        .find(|step| max / step <= 3.5)
        .unwrap_or(power * 10.0);
    let count = (max / step).ceil();
    let ticks = std::iter::successors(Some(0.0), |tick| Some(tick + step));
    (count * step, ticks.take_while(|tick| *tick <= count * step * 1.001).take(6).collect())
}

fn time_label(at: i64, step: i64) -> String {
    let c = Timestamp::from_secs_nanos(at, 0).civil();
    if step >= 86_400 {
        format!("{:04}-{:02}-{:02}", c.year, c.month, c.day)
    } else if c.hour == 0 && c.minute == 0 && c.second == 0 {
        format!("{:02}-{:02}", c.month, c.day)
    } else if step < 60 {
        format!("{:02}:{:02}:{:02}", c.hour, c.minute, c.second)
    } else {
        format!("{:02}:{:02}", c.hour, c.minute)
    }
}

/// Tenths of a unit are enough.
fn short(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(value_ticks(0.0), (1.0, vec![0.0]));
        assert_eq!(value_ticks(10.0), (10.0, vec![0.0, 5.0, 10.0]));
        let (top, ticks) = value_ticks(7_300.0);
        assert!(top >= 7_300.0 && ticks.len() >= 3 && ticks.len() <= 5, "{top} {ticks:?}");
        assert!((value_ticks(f64::INFINITY).0 - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn what_nobody_watched_is_not_drawn() {
        let points = [(0, 5.0), (10, 7.0), (50, 3.0)];
        let chart = Chart {
            title: "<b>",
            ink: "bytes",
            height: 120.0,
            from: 0,
            to: 60,
            step: 10,
            points: &points,
            marks: &[(20, "high")],
            unit: |rate| format!("{rate}"),
        };
        let svg = chart.svg();
        assert_eq!(svg.matches("class=\"area bytes\"").count(), 2);
        assert!(svg.contains("mark high") && svg.contains("&lt;b&gt;") && !svg.contains("<b>"));
    }
}
