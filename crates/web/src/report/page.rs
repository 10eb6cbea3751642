//! The report as one page of HTML: no script, nothing loaded, so it can be mailed, printed and
//! opened years later. Names from traffic are escaped, and its policy says so to the browser too.

use super::chart::Chart;
use super::numbers::Contents;
use crate::data::{Slice, Talker};
use crate::json::device_label;
use anomalyzer_engine::Severity;
use anomalyzer_engine::text::{addresses, bytes, counted, duration, thousands};
use anomalyzer_report::markup;
use anomalyzer_store::control::{AlertRow, DeviceRow, IncidentRow};
use anomalyzer_wire::Timestamp;
use base64::Engine as _;
use serde::Deserialize;
use std::fmt::Write as _;

const STYLE: &str = include_str!("page.css");
/// Incidents told in words; the others are rows of a table.
const IN_WORDS: usize = 8;
/// Rows of the table of new devices: six pages are the most.
const DEVICES: usize = 30;
/// Marks in the chart.
const MARKS: usize = 40;
/// Characters of an explanation.
const WORDS_MAX: usize = 420;

/// What the page may do: nothing but show its own style.
pub(crate) fn policy() -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, STYLE.as_bytes());
    let hash = base64::engine::general_purpose::STANDARD.encode(digest);
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

/// The page.
pub(crate) fn page(contents: &Contents) -> String {
    let mut out = String::with_capacity(64 * 1024);
    let name = markup(&contents.source_name);
    put(
        &mut out,
        format_args!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Network report {name}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
            markup(&policy()),
        ),
    );
    head(&mut out, contents);
    traffic(&mut out, contents);
    incidents(&mut out, contents);
    alerts(&mut out, contents);
    shares(&mut out, contents);
    devices(&mut out, contents);
    let made = contents.report.generated.get(..16).unwrap_or("").replace('T', " ");
    put(
        &mut out,
        format_args!(
            "<footer>Made by Anomalyzer {} at {made} UTC. All times are UTC. Traffic is what the sensor \
         saw; where nobody watched, the chart is empty.</footer>\n</body>\n</html>\n",
            env!("CARGO_PKG_VERSION"),
        ),
    );
    out
}

/// Writing to a String cannot fail, so the result is dropped in this one place.
fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

fn head(out: &mut String, contents: &Contents) {
    let (report, range) = (&contents.report, contents.range);
    let span = duration(range.to.since(range.from) as f64 / 1e9);
    let name = if contents.source_name.is_empty() { "this sensor" } else { &contents.source_name };
    put(
        out,
        format_args!(
            "<header>\n<h1>Network report</h1>\n<p>{}</p>\n<p class=\"quiet\">{} to {} UTC, {span}</p>\n\
         </header>\n<dl class=\"figures\">\n",
            markup(name),
            date_time(range.from),
            date_time(range.to),
        ),
    );
    let traffic = &report.traffic;
    let severe: u64 = Severity::ALL
        .into_iter()
        .filter(|severity| *severity >= Severity::Medium)
        .filter_map(|severity| report.alerts.by_severity.get(severity.name()))
        .sum();
    let all: u64 = report.alerts.by_severity.values().sum();
    let peak =
        traffic.peak.as_ref().map_or("none".to_owned(), |peak| rate(peak.bytes_per_s as f64));
    let peak_at = traffic.peak.as_ref().map(|p| date_time(Timestamp::from_secs_nanos(p.t, 0)));
    figure(out, "Traffic", &bytes(traffic.bytes), &counted(traffic.packets, "packet"));
    figure(out, "Flows", &thousands(traffic.flows), "");
    figure(out, "Peak", &peak, &peak_at.unwrap_or_default());
    figure(out, "Incidents", &thousands(contents.incidents_total), "");
    figure(out, "Alerts", &thousands(severe), &format!("medium and above, of {}", thousands(all)));
    let new = report.devices.new.len() as u64;
    figure(out, "Devices", &thousands(report.devices.total), &format!("{} new", thousands(new)));
    out.push_str("</dl>\n");
}

fn figure(out: &mut String, name: &str, value: &str, more: &str) {
    put(
        out,
        format_args!(
            "<div><dt>{name}</dt><dd>{}</dd><dd class=\"small\">{}</dd></div>\n",
            markup(value),
            markup(more)
        ),
    );
}

fn traffic(out: &mut String, contents: &Contents) {
    let traffic = &contents.report.traffic;
    out.push_str("<h2>Traffic over time</h2>\n");
    if traffic.points.is_empty() {
        out.push_str("<p class=\"quiet\">Nobody watched in this period.</p>\n");
        return;
    }
    let step = traffic.step.max(1) as f64;
    let of = |value: fn(&(i64, u64, u64)) -> u64| -> Vec<(i64, f64)> {
        traffic.points.iter().map(|point| (point.0, value(point) as f64 / step)).collect()
    };
    let marks = marks(contents);
    let (from, to) = (contents.range.from.secs(), contents.range.to.secs());
    let base = Chart {
        title: "Bytes a second over time",
        ink: "bytes",
        height: 170.0,
        from,
        to,
        step: traffic.step,
        points: &of(|point| point.1),
        marks: &marks,
        unit: rate,
    };
    put(out, format_args!("<h3>Bytes a second, means of {}</h3>\n", duration(step)));
    out.push_str(&base.svg());
    let packets = of(|point| point.2);
    let title = "Packets a second over time";
    let unit = |rate: f64| whole(rate);
    out.push_str("<h3>Packets a second</h3>\n");
    let second =
        Chart { title, ink: "packets", height: 110.0, points: &packets, marks: &[], unit, ..base };
    out.push_str(&second.svg());
    if !marks.is_empty() {
        out.push_str(
            "<p class=\"quiet small\">Marks: beginnings of incidents and of alerts of high \
             severity and above.</p>\n",
        );
    }
}

/// Beginnings of incidents, and of severe alerts, within the period.
fn marks(contents: &Contents) -> Vec<(i64, &'static str)> {
    let incidents =
        contents.incidents.iter().map(|row| (&row.incident.first, row.incident.severity));
    let alerts = contents.alerts.iter().map(|row| (&row.alert.first, row.alert.severity));
    let severe = alerts.filter(|(_, severity)| *severity >= Severity::High);
    let mut marks: Vec<(i64, &'static str)> = incidents
        .chain(severe)
        .filter(|(first, _)| **first >= contents.range.from)
        .map(|(first, severity)| (first.secs(), severity.name()))
        .collect();
    marks.sort_unstable();
    marks.dedup();
    marks.truncate(MARKS);
    marks
}

/// What the page takes out of a record.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    explanation: String,
    advice: String,
    stages: Vec<String>,
}

fn told(record: &str) -> Told {
    serde_json::from_str(record).unwrap_or_default()
}

fn incidents(out: &mut String, contents: &Contents) {
    let total = contents.incidents_total;
    out.push_str("<h2>Incidents</h2>\n");
    if contents.incidents.is_empty() {
        out.push_str("<p>No alerts that belong together as an attack.</p>\n");
        return;
    }
    for row in contents.incidents.iter().take(IN_WORDS) {
        one_incident(out, row);
    }
    let rest = contents.incidents.get(IN_WORDS..).unwrap_or(&[]);
    if !rest.is_empty() {
        table_open(
            out,
            &[("Severity", false), ("Incident", false), ("Began", false), ("Alerts", true)],
        );
        for row in rest {
            let incident = &row.incident;
            put(
                out,
                format_args!(
                    "<tr><td class=\"w\">{}</td><td>{}</td><td class=\"w\">{}</td><td class=\"n\">{}</td></tr>\n",
                    tag(incident.severity),
                    markup(&incident.title),
                    date_time(incident.first),
                    incident.alerts.len(),
                ),
            );
        }
        out.push_str("</tbody></table>\n");
    }
    more(out, total, contents.incidents.len(), "incident");
}

fn one_incident(out: &mut String, row: &IncidentRow) {
    let incident = &row.incident;
    let told = told(&incident.record);
    let span = incident.last.since(incident.first).max(0) as f64 / 1e9;
    let mut facts = vec![
        format!("{} for {}", date_time(incident.first), duration(span)),
        counted(incident.alerts.len() as u64, "alert"),
    ];
    if !told.stages.is_empty() {
        facts.push(told.stages.join(", "));
    }
    facts.push(state(row.state).to_owned());
    put(
        out,
        format_args!(
            "<div class=\"incident {}\">\n<p>{} <strong>{}</strong></p>\n<p class=\"quiet small\">{}</p>\n",
            incident.severity.name(),
            tag(incident.severity),
            markup(&incident.title),
            markup(&facts.join(" \u{b7} ")),
        ),
    );
    for text in [&told.explanation, &told.advice] {
        if !text.is_empty() {
            put(out, format_args!("<p>{}</p>\n", markup(&cut(text))));
        }
    }
    out.push_str("</div>\n");
}

fn alerts(out: &mut String, contents: &Contents) {
    let alerts = &contents.report.alerts;
    out.push_str("<h2>Alerts</h2>\n");
    let all: u64 = alerts.by_severity.values().sum();
    if all == 0 {
        out.push_str("<p>No attack, no breach of policy and nothing unusual was found.</p>\n");
        return;
    }
    let by_severity: Vec<String> = Severity::ALL
        .into_iter()
        .rev()
        .filter_map(|severity| Some((severity, *alerts.by_severity.get(severity.name())?)))
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{} {}", tag(severity), thousands(count)))
        .collect();
    put(out, format_args!("<p>{}</p>\n", by_severity.join(" &nbsp; ")));
    let by_detector: Vec<String> = alerts
        .by_detector
        .iter()
        .map(|row| format!("{} {}", markup(&row.key), thousands(row.count)))
        .collect();
    put(out, format_args!("<p class=\"quiet small\">{}</p>\n", by_detector.join(" \u{b7} ")));
    table_open(
        out,
        &[
            ("Severity", false),
            ("Alert", false),
            ("Detector", false),
            ("Began", false),
            ("Seen", true),
            ("State", true),
        ],
    );
    for row in &contents.alerts {
        one_alert(out, row);
    }
    out.push_str("</tbody></table>\n");
    more(out, all, contents.alerts.len(), "alert");
}

fn one_alert(out: &mut String, row: &AlertRow) {
    let alert = &row.alert;
    let src = addresses(&alert.src, alert.src.len() as u64);
    let dst = addresses(&alert.dst, alert.dst.len() as u64);
    let who = match (src.is_empty(), dst.is_empty()) {
        (false, false) => format!("{src} to {dst}"),
        _ => src + &dst,
    };
    put(
        out,
        format_args!(
            "<tr><td class=\"w\">{}</td><td><strong>{}</strong><br><span class=\"quiet\">{}</span></td>\
         <td>{}</td><td class=\"w\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
            tag(alert.severity),
            markup(&alert.title),
            markup(&who),
            markup(&alert.detector),
            date_time(alert.first),
            thousands(alert.count),
            state(row.state),
        ),
    );
}

fn shares(out: &mut String, contents: &Contents) {
    let report = &contents.report;
    let all = report.traffic.bytes;
    out.push_str("<div class=\"columns\">\n");
    talkers(out, &report.talkers, all);
    slices(out, "Ports", "port", &report.ports, all);
    slices(out, "Applications", "application", &report.apps, all);
    slices(out, "Protocols", "protocol", &report.protocols, all);
    out.push_str("</div>\n");
}

fn slices(out: &mut String, title: &str, what: &str, slices: &[Slice], all: u64) {
    put(out, format_args!("<section>\n<h2>{title}</h2>\n"));
    table_open(
        out,
        &[(what, false), ("share", false), ("bytes", true), ("packets", true), ("flows", true)],
    );
    for slice in slices {
        share_row(out, &markup(&slice.label), all, [slice.bytes, slice.packets, slice.flows]);
    }
    out.push_str("</tbody></table>\n</section>\n");
}

fn talkers(out: &mut String, talkers: &[Talker], all: u64) {
    out.push_str("<section>\n<h2>Devices that talked most</h2>\n");
    table_open(
        out,
        &[("device", false), ("share", false), ("bytes", true), ("packets", true), ("flows", true)],
    );
    for talker in talkers {
        let name = talker.name.as_deref().map_or_else(
            || markup(&talker.address),
            |name| {
                format!("{} <span class=\"quiet\">{}</span>", markup(name), markup(&talker.address))
            },
        );
        share_row(out, &name, all, [talker.bytes, talker.packets, talker.flows]);
    }
    out.push_str("</tbody></table>\n</section>\n");
}

fn share_row(out: &mut String, name: &str, all: u64, [sum, packets, flows]: [u64; 3]) {
    let share = if all == 0 { 0.0 } else { (sum as f64 / all as f64).clamp(0.0, 1.0) };
    put(
        out,
        format_args!(
            "<tr><td>{name}</td><td class=\"w\"><svg class=\"bar\" viewBox=\"0 0 72 8\" role=\"img\" \
         aria-label=\"{:.0} %\"><rect class=\"rest\" width=\"72\" height=\"8\"/><rect \
         width=\"{:.1}\" height=\"8\"/></svg></td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
         <td class=\"n\">{}</td></tr>\n",
            share * 100.0,
            share * 72.0,
            bytes(sum),
            thousands(packets),
            thousands(flows),
        ),
    );
}

fn devices(out: &mut String, contents: &Contents) {
    out.push_str("<h2>New devices</h2>\n");
    if contents.devices.is_empty() {
        out.push_str("<p>None were seen for the first time in this period.</p>\n");
        return;
    }
    table_open(
        out,
        &[
            ("device", false),
            ("address", false),
            ("hardware address", false),
            ("vendor", false),
            ("first seen", false),
            ("traffic", true),
        ],
    );
    for row in contents.devices.iter().take(DEVICES) {
        one_device(out, row);
    }
    out.push_str("</tbody></table>\n");
    more(out, contents.devices.len() as u64, contents.devices.len().min(DEVICES), "device");
}

fn one_device(out: &mut String, row: &DeviceRow) {
    let device = &row.device;
    let sum = device.bytes[0].saturating_add(device.bytes[1]);
    put(
        out,
        format_args!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"w\">{}</td><td class=\"n\">{}</td></tr>\n",
            markup(&device_label(row)),
            addresses(&device.addresses, device.addresses.len() as u64),
            device.mac.map(|mac| mac.to_string()).unwrap_or_default(),
            markup(device.vendor.as_deref().unwrap_or("")),
            date_time(device.first),
            bytes(sum),
        ),
    );
}

/// Opens a table; columns with their names and whether they hold numbers.
fn table_open(out: &mut String, columns: &[(&str, bool)]) {
    out.push_str("<table>\n<thead><tr>");
    for (name, number) in columns {
        let class = if *number { " class=\"n\"" } else { "" };
        put(out, format_args!("<th{class}>{name}</th>"));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
}

fn more(out: &mut String, total: u64, shown: usize, noun: &str) {
    let rest = total.saturating_sub(shown as u64);
    if rest > 0 {
        put(out, format_args!("<p class=\"quiet small\">and {} more</p>\n", counted(rest, noun)));
    }
}

fn tag(severity: Severity) -> String {
    let name = severity.name();
    format!("<span class=\"tag {name}\">{name}</span>")
}

const fn state(state: anomalyzer_store::control::AlertState) -> &'static str {
    crate::json::state_name(state)
}

fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(WORDS_MAX).collect();
    if cut.len() < text.len() {
        cut.push('\u{2026}');
    }
    cut
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates
fn rate(value: f64) -> String {
    format!("{}/s", bytes(value.round() as u64))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates
fn whole(value: f64) -> String {
    if value > 0.0 && value < 10.0 {
        format!("{value:.1}")
    } else {
        thousands(value.round() as u64)
    }
}

fn date_time(time: Timestamp) -> String {
    let c = time.civil();
    format!("{:04}-{:02}-{:02} {:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute)
}
