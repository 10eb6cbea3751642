//! The picture, the alerts and the facts as one page of HTML.
//!
//! No script, nothing loaded: it can be mailed and opened years later. Its policy says so to the
//! browser too.

use super::{layout, svg};
use crate::coverage;
use crate::escape::markup;
use crate::names;
use crate::source::Report;
use anomalyzer_engine::summary::HostShare;
use anomalyzer_engine::text::{addresses, bytes, duration, thousands};
use anomalyzer_engine::{Alert, Evidence, Severity};
use anomalyzer_wire::Timestamp;
use std::fmt::Write as _;

/// Alerts listed; the picture counts all.
const ALERTS: usize = 500;

/// Rows of the tables of hosts and ports.
const ROWS: usize = 10;

const STYLE: &str = include_str!("page.css");

/// The page around a drawing.
pub(super) fn page(report: &Report<'_>, drawing: &str) -> String {
    let mut out = String::with_capacity(drawing.len() + 32 * 1024);
    let name = report.sources.first().map_or_else(String::new, |source| source.name.escaped());
    put(
        &mut out,
        format_args!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{} - Anomalyzer report</title>\n\
         <style>\n{STYLE}{}{}</style>\n</head>\n<body>\n",
            markup(&name),
            svg::style(),
            severity_style(),
        ),
    );
    out.push_str(drawing);
    alerts(&mut out, report.alerts);
    out.push_str("<div class=\"grid\">\n");
    hosts(&mut out, "Top sources", &report.summary.top_sources);
    hosts(&mut out, "Top destinations", &report.summary.top_destinations);
    ports(&mut out, report);
    rates(&mut out, report);
    out.push_str("</div>\n");
    sources(&mut out, report);
    out.push_str("</body>\n</html>\n");
    out
}

/// Writing to a String cannot fail, so the result is dropped in this one place.
fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

/// Borders of severities, light and dark; the word says it too.
fn severity_style() -> String {
    let rules = |dark: usize| {
        Severity::ALL.into_iter().fold(String::new(), |mut rules, severity| {
            let rgb = super::canvas::Ink::Severity(severity).rgb();
            let rgb = rgb.get(dark).copied().unwrap_or(0);
            let name = severity.name();
            put(&mut rules, format_args!(".{name}{{border-left-color:#{rgb:06x}}}\n"));
            rules
        })
    };
    format!("{}@media (prefers-color-scheme:dark){{\n{}}}\n", rules(0), rules(1))
}

fn alerts(out: &mut String, alerts: &[Alert]) {
    out.push_str("<h2>Alerts</h2>\n");
    if alerts.is_empty() {
        out.push_str("<p>No attack, no breach of policy and nothing unusual was found.</p>\n");
    }
    let mut sorted: Vec<&Alert> = alerts.iter().collect();
    sorted.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.first.cmp(&b.first)));
    for alert in sorted.iter().take(ALERTS) {
        one_alert(out, alert);
    }
    let more = alerts.len().saturating_sub(ALERTS);
    if more > 0 {
        put(out, format_args!("<p class=\"quiet\">and {} more</p>\n", thousands(more as u64)));
    }
}

fn one_alert(out: &mut String, alert: &Alert) {
    let name = alert.severity.name();
    let open = if alert.severity >= Severity::Medium { " open" } else { "" };
    put(
        out,
        format_args!(
            "<details class=\"alert {name}\"{open}>\n<summary><span class=\"tag\">{name}</span> {}\
         </summary>\n<p class=\"quiet\">{}</p>\n<p>{}</p>\n",
            markup(&alert.title),
            markup(&alert_facts(alert)),
            markup(&alert.explanation),
        ),
    );
    if !alert.evidence.is_empty() {
        let numbers: Vec<String> = alert.evidence.iter().map(evidence).collect();
        put(
            out,
            format_args!("<p class=\"quiet\">Evidence: {}</p>\n", markup(&numbers.join("; "))),
        );
    }
    if !alert.advice.is_empty() {
        put(out, format_args!("<p><b>Advice:</b> {}</p>\n", markup(&alert.advice)));
    }
    out.push_str("</details>\n");
}

fn alert_facts(alert: &Alert) -> String {
    let technique = if alert.technique.is_empty() {
        alert.detector.to_owned()
    } else {
        format!("{} ({})", alert.detector, alert.technique)
    };
    let mut facts = vec![technique];
    facts.extend(alert.attack.iter().map(|id| (*id).to_owned()));
    let span = alert.last.since(alert.first).max(0) as f64 / 1e9;
    facts.push(format!("{} for {}", date_time(alert.first), duration(span)));
    let src = addresses(&alert.src, alert.src_count.value);
    let dst = addresses(&alert.dst, alert.dst_count.value);
    facts.push(match (src.is_empty(), dst.is_empty()) {
        (false, false) => format!("{src} to {dst}"),
        _ => src + &dst,
    });
    facts.push(format!("{} seen", thousands(alert.count)));
    facts.retain(|fact| !fact.is_empty());
    facts.join(" \u{b7} ")
}

fn evidence(evidence: &Evidence) -> String {
    let name = evidence.name.replace('_', " ");
    let limit = evidence.threshold.map_or(String::new(), |limit| format!(" (limit {limit})"));
    format!("{name} {}{limit}", evidence.value)
}

fn hosts(out: &mut String, title: &str, hosts: &[HostShare]) {
    let rows = hosts.iter().take(ROWS).map(|host| {
        [host.addr.to_string(), bytes(host.bytes), thousands(host.packets), thousands(host.flows)]
    });
    table(out, title, ["address", "bytes", "packets", "flows"], rows);
}

fn ports(out: &mut String, report: &Report<'_>) {
    let rows = report.summary.top_ports.iter().take(ROWS).map(|port| {
        let service = names::service(port.proto, port.port).unwrap_or("");
        let name = format!("{}/{} {service}", port.port, names::protocol(port.proto));
        [name, bytes(port.bytes), thousands(port.packets), thousands(port.flows)]
    });
    table(out, "Top ports", ["port", "bytes", "packets", "flows"], rows);
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates
fn rates(out: &mut String, report: &Report<'_>) {
    let rate = &report.summary.per_second;
    let whole = |value: f64| value.round() as u64;
    let rows = [
        [
            "packets".to_owned(),
            thousands(whole(rate.packets_mean)),
            thousands(whole(rate.packets_sd)),
            thousands(rate.packets_max),
        ],
        [
            "bytes".to_owned(),
            bytes(whole(rate.bytes_mean)),
            bytes(whole(rate.bytes_sd)),
            bytes(rate.bytes_max),
        ],
    ];
    table(out, "Per second", ["", "mean", "std dev", "max"], rows);
}

fn table(
    out: &mut String,
    title: &str,
    header: [&str; 4],
    rows: impl IntoIterator<Item = [String; 4]>,
) {
    let cell = |tag: &str, i: usize, text: &str| {
        let class = if i == 0 { "" } else { " class=\"n\"" };
        format!("<{tag}{class}>{}</{tag}>", markup(text))
    };
    put(out, format_args!("<section>\n<h2>{title}</h2>\n<table>\n<tr>"));
    header.iter().enumerate().for_each(|(i, text)| out.push_str(&cell("th", i, text)));
    out.push_str("</tr>\n");
    for row in rows {
        out.push_str("<tr>");
        row.iter().enumerate().for_each(|(i, text)| out.push_str(&cell("td", i, text)));
        out.push_str("</tr>\n");
    }
    out.push_str("</table>\n</section>\n");
}

fn sources(out: &mut String, report: &Report<'_>) {
    out.push_str("<h2>Input</h2>\n");
    for source in report.sources {
        let text = format!("{} ({})", source.name.escaped(), source.format);
        put(out, format_args!("<p>{}</p>\n", markup(&text)));
    }
    put(out, format_args!("<p class=\"quiet\">{}</p>\n", markup(&layout::facts(report))));
    let notes = coverage::notes(report);
    if notes.is_empty() {
        return;
    }
    out.push_str("<h2>Not covered by this report</h2>\n");
    for note in notes {
        put(out, format_args!("<p>{}</p>\n", markup(&note)));
    }
}

fn date_time(time: Timestamp) -> String {
    let c = time.civil();
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC",
        c.year, c.month, c.day, c.hour, c.minute, c.second
    )
}
