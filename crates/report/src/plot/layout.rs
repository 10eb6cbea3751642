//! Where everything is: title, alerts, two panels on one time axis, two sets of bars.

use super::bars::{self, Bar};
use super::canvas::{Anchor, Canvas, Font, Ink, Point};
use super::panel::Panel;
use super::scale::TimeAxis;
use super::{font, lane};
use crate::escape;
use crate::source::Report;
use anomalyzer_engine::summary::PerSecond;
use anomalyzer_engine::text::{bytes, counted, duration};

/// Width of the picture, and what is kept free around it.
const WIDTH: f64 = 1200.0;
const MARGIN: f64 = 32.0;

/// Room for the labels of the value axes.
const LABELS: f64 = 72.0;

const VOLUME: f64 = 220.0;
const PACKETS: f64 = 170.0;

/// Fewest seconds with traffic that a threshold is drawn for.
const SECONDS: u64 = 12;

/// Where the parts begin.
struct Plan {
    axis: TimeAxis,
    lane: f64,
    volume: f64,
    packets: f64,
    times: f64,
    bars: f64,
    height: f64,
    protocols: Vec<Bar>,
    ports: Vec<Bar>,
}

/// Size of the picture.
pub(super) fn size(report: &Report<'_>) -> Point {
    (WIDTH, plan(report).height)
}

/// Draws the whole picture.
pub(super) fn draw(canvas: &mut dyn Canvas, report: &Report<'_>) {
    let plan = plan(report);
    title(canvas, report);
    lane::draw(canvas, &plan.axis, plan.lane, report.alerts);
    let rate = &report.summary.per_second;
    let volume = Panel {
        title: "Traffic volume",
        unit: "B/s",
        ink: Ink::Bytes,
        top: plan.volume,
        bottom: plan.volume + VOLUME,
        limit: threshold(rate, rate.bytes_mean, rate.bytes_sd),
        value: |point| point.bytes,
    };
    let packets = Panel {
        title: "Packets per second",
        unit: "",
        ink: Ink::Packets,
        top: plan.packets,
        bottom: plan.packets + PACKETS,
        limit: threshold(rate, rate.packets_mean, rate.packets_sd),
        value: |point| point.packets,
    };
    for panel in [volume, packets] {
        lane::bands(canvas, &plan.axis, (panel.top, panel.bottom), report.alerts);
        panel.draw(canvas, &plan.axis, report.series);
    }
    times(canvas, &plan);
    shares(canvas, report, &plan);
}

/// Mean and three standard deviations. Of n values none can be more than sqrt(n - 1) deviations
/// off, so below [`SECONDS`] values the threshold would say nothing.
fn threshold(rate: &PerSecond, mean: f64, sd: f64) -> Option<f64> {
    let limit = anomalyzer_engine::count::upper_limit(mean, sd);
    (rate.active >= SECONDS && limit.is_finite() && limit > 0.0).then_some(limit)
}

fn plan(report: &Report<'_>) -> Plan {
    let points = report.series.points();
    let start = points.first().map_or(0, |point| point.second);
    let end = points.last().map_or(1, |p| p.second.saturating_add(report.series.width_secs()));
    let left = MARGIN + LABELS;
    let axis = TimeAxis::new(start, end, left, WIDTH - MARGIN - left);
    let lane = 88.0;
    let rows = lane::rows(report.alerts).len() as f64;
    let volume = lane + rows * lane::ROW + 40.0;
    let packets = volume + VOLUME + 44.0;
    let times = packets + PACKETS;
    let bars = times + 76.0;
    let (protocols, ports) = (bars::protocols(report.summary), bars::ports(report.summary));
    let height = bars + 14.0 + protocols.len().max(ports.len()) as f64 * bars::ROW + MARGIN;
    Plan { axis, lane, volume, packets, times, bars, height, protocols, ports }
}

fn title(canvas: &mut dyn Canvas, report: &Report<'_>) {
    let room = WIDTH - 2.0 * MARGIN;
    let names: Vec<String> = report.sources.iter().take(3).map(|s| s.name.escaped()).collect();
    let more = report.sources.len() - names.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let names = if names.is_empty() { "Traffic".to_owned() } else { names.join(", ") + &more };
    let names = font::fit(&names, Font::TITLE, room);
    canvas.text((MARGIN, 44.0), &names, Font::TITLE, Anchor::Start, Ink::Text);
    let facts = font::fit(&facts(report), Font::BODY, room);
    canvas.text((MARGIN, 66.0), &facts, Font::BODY, Anchor::Start, Ink::Quiet);
}

/// How much, how long, from when.
pub(super) fn facts(report: &Report<'_>) -> String {
    let summary = report.summary;
    let (Some(first), Some(last)) = (summary.first, summary.last) else {
        return "No packets.".to_owned();
    };
    let c = first.civil();
    let alerts = match report.alerts.len() {
        0 => "no alerts".to_owned(),
        n => counted(n as u64, "alert"),
    };
    let text = format!(
        "{}, {}, {} in {} from {:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC; {alerts}",
        counted(summary.packets, "packet"),
        bytes(summary.bytes),
        counted(summary.flows, "flow"),
        duration(last.since(first).max(0) as f64 / 1e9),
        c.year,
        c.month,
        c.day,
        c.hour,
        c.minute,
        c.second,
    );
    escape::terminal(&text)
}

fn times(canvas: &mut dyn Canvas, plan: &Plan) {
    for tick in plan.axis.ticks() {
        let lines = [(18.0, Some(&tick.label)), (33.0, tick.date.as_ref())];
        for (below, text) in lines {
            let Some(text) = text else { continue };
            // The last label stays on the paper.
            let x = tick.x.min(WIDTH - 8.0 - font::width(text, Font::SMALL) / 2.0);
            canvas.text((x, plan.times + below), text, Font::SMALL, Anchor::Middle, Ink::Quiet);
        }
    }
    let at = (MARGIN + LABELS - 58.0, plan.times + 18.0);
    canvas.text(at, "UTC", Font::SMALL, Anchor::End, Ink::Quiet);
}

fn shares(canvas: &mut dyn Canvas, report: &Report<'_>, plan: &Plan) {
    let gap = 48.0;
    let width = (WIDTH - 2.0 * MARGIN - gap) / 2.0;
    let total = report.summary.bytes;
    let left = (MARGIN, plan.bars);
    let right = (MARGIN + width + gap, plan.bars);
    bars::draw(canvas, left, width, "Protocols by bytes", &plan.protocols, total, Ink::Bytes);
    bars::draw(canvas, right, width, "Top ports by bytes", &plan.ports, total, Ink::Packets);
}
