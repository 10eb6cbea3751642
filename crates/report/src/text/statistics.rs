//! Statistics: traffic over time, protocols, applications, hosts and ports.

use super::header::{round, whole};
use super::page::{Column, Ink, Page};
use super::spark;
use crate::names;
use crate::source::Report;
use anomalyzer_engine::observation::SecondTotals;
use anomalyzer_engine::summary::{HostShare, KeywordShare, PortShare, Share};
use anomalyzer_engine::text::{bytes, counted, thousands};
use anomalyzer_engine::{Summary, Tally};
use anomalyzer_wire::Timestamp;

/// Rows of each table.
const ROWS: usize = 5;

/// Keywords shown.
const KEYWORDS: usize = 10;

/// Protocols and applications shown.
const SHARES: usize = 8;

/// Columns that the bars beside a table leave to its other columns, and the widest bar.
const BESIDE_BAR: usize = 62;
const BAR: usize = 20;

/// What the tables of shares have in common.
const COLUMNS: [Column; 5] = [
    Column::left(""),
    Column::right("share"),
    Column::right("bytes"),
    Column::right("packets"),
    Column::right("flows"),
];

pub(super) fn write(page: &mut Page<'_>, report: &Report<'_>) {
    let summary = report.summary;
    if summary.packets == 0 {
        return;
    }
    over_time(page, report);
    shares(page, "Protocols", &summary.protocols, summary.bytes);
    shares(page, "Applications", &summary.applications, summary.bytes);
    let total = summary.bytes;
    hosts(page, "Top sources", summary.sources, &summary.top_sources, total);
    hosts(page, "Top destinations", summary.destinations, &summary.top_destinations, total);
    ports(page, summary);
    keywords(page, &summary.keywords);
}

/// Keywords that were found, most hits first.
fn keywords(page: &mut Page<'_>, keywords: &[KeywordShare]) {
    if keywords.is_empty() {
        return;
    }
    page.heading("Keywords", &more(page, keywords.len(), KEYWORDS));
    let row =
        |k: &KeywordShare| vec![page.clean(&k.pattern), page.clean(&k.list), thousands(k.hits)];
    let rows: Vec<Vec<String>> = keywords.iter().take(KEYWORDS).map(row).collect();
    page.table(&[Column::left(""), Column::left("list"), Column::right("hits")], &rows);
}

fn over_time(page: &mut Page<'_>, report: &Report<'_>) {
    let rate = &report.summary.per_second;
    page.heading("Traffic over time", "");
    sparkline(page, report.series.points());
    let packets = [round(rate.packets_mean), round(rate.packets_sd), thousands(rate.packets_max)];
    let volume =
        [bytes(whole(rate.bytes_mean)), bytes(whole(rate.bytes_sd)), bytes(rate.bytes_max)];
    let row = |name: &str, cells: [String; 3]| [name.to_owned()].into_iter().chain(cells).collect();
    page.table(
        &[Column::left(""), Column::right("mean"), Column::right("std dev"), Column::right("max")],
        &[row("packets/s", packets), row("bytes/s", volume)],
    );
    if rate.active > 0 {
        let busiest = page.time(Timestamp::from_secs_nanos(rate.busiest, 0));
        let text = format!(
            "Busiest second {busiest}{}; traffic in {} of {}.",
            page.zone(),
            thousands(rate.active),
            counted(rate.span, "second"),
        );
        page.paragraph("", 2, &text);
    }
}

/// Packets over time as a row of bars with its ends below; nothing when all is one instant.
fn sparkline(page: &mut Page<'_>, points: &[SecondTotals]) {
    let room = page.style().width.saturating_sub(4);
    let peaks = spark::columns(points, room, |point| point.packets);
    let (Some(first), Some(last), true) = (points.first(), points.last(), peaks.len() > 1) else {
        return;
    };
    let bars = page.paint(Ink::Bar, &spark::line(&peaks, page.style().unicode));
    page.line(&format!("  {bars}"));
    let from = page.time(Timestamp::from_secs_nanos(first.second, 0));
    let to = page.time(Timestamp::from_secs_nanos(last.second, 0));
    let gap = peaks.len().saturating_sub(from.chars().count());
    if gap > to.chars().count() {
        let axis = page.paint(Ink::Quiet, &format!("{from}{to:>gap$}"));
        page.line(&format!("  {axis}"));
    }
}

fn shares(page: &mut Page<'_>, title: &str, shares: &[Share], total: u64) {
    if shares.is_empty() {
        return;
    }
    page.heading(title, &more(page, shares.len(), SHARES));
    let width = page.style().width.saturating_sub(BESIDE_BAR).min(BAR);
    let rows: Vec<Vec<String>> = shares
        .iter()
        .take(SHARES)
        .map(|share| {
            let part = ratio(share.bytes, total);
            vec![
                page.clean(&share.name),
                percent(part),
                bytes(share.bytes),
                thousands(share.packets),
                if share.flows == 0 { String::new() } else { thousands(share.flows) },
                page.bar(part, width),
            ]
        })
        .collect();
    let [name, share, bytes, packets, flows] = COLUMNS;
    page.table(&[name, share, bytes, packets, flows, Column::bar()], &rows);
}

fn hosts(page: &mut Page<'_>, title: &str, tally: Tally, hosts: &[HostShare], total: u64) {
    let rows: Vec<Vec<String>> = hosts
        .iter()
        .take(ROWS)
        .map(|host| {
            vec![
                host.addr.to_string(),
                percent(ratio(host.bytes, total)),
                bytes(host.bytes),
                thousands(host.packets),
                thousands(host.flows),
            ]
        })
        .collect();
    top(page, title, tally, &rows);
}

fn ports(page: &mut Page<'_>, summary: &Summary) {
    let rows: Vec<Vec<String>> = summary
        .top_ports
        .iter()
        .take(ROWS)
        .map(|port| {
            vec![
                port_name(port),
                percent(ratio(port.bytes, summary.bytes)),
                bytes(port.bytes),
                thousands(port.packets),
                thousands(port.flows),
            ]
        })
        .collect();
    top(page, "Top ports", summary.ports, &rows);
}

/// A table of the first few of many.
fn top(page: &mut Page<'_>, title: &str, tally: Tally, rows: &[Vec<String>]) {
    if rows.is_empty() {
        return;
    }
    let about = if tally.estimated { "about " } else { "" };
    let aside = page.paint(Ink::Quiet, &format!("of {about}{}", thousands(tally.value)));
    page.heading(title, &aside);
    page.table(&COLUMNS, rows);
}

/// `80/tcp  http`.
fn port_name(port: &PortShare) -> String {
    let name = names::service(port.proto, port.port).unwrap_or("");
    format!("{:<10} {name}", format!("{}/{}", port.port, names::protocol(port.proto)))
}

fn more(page: &Page<'_>, all: usize, shown: usize) -> String {
    let more = all.saturating_sub(shown);
    if more == 0 {
        return String::new();
    }
    page.paint(Ink::Quiet, &format!("and {} more", thousands(more as u64)))
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn percent(ratio: f64) -> String {
    if ratio > 0.0 && ratio < 0.001 {
        "<0.1 %".to_owned()
    } else {
        format!("{:.1} %", ratio * 100.0)
    }
}
