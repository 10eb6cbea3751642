//! The header: what was read, how much, when.

use super::page::Page;
use crate::source::Report;
use anomalyzer_engine::text::{bytes, counted, duration, thousands};

/// Most inputs named.
const NAMES: usize = 3;

pub(super) fn write(page: &mut Page<'_>, report: &Report<'_>) {
    let summary = report.summary;
    page.ends(&names(page, report), &formats(page, report));
    let links: Vec<String> = summary.link_types.iter().map(|(link, _)| link.to_string()).collect();
    let (Some(first), Some(last)) = (summary.first, summary.last) else {
        page.line("No packets.");
        return;
    };
    let span = last.since(first).max(0) as f64 / 1e9;
    let amount = format!(
        "{}, {}, {} in {}",
        counted(summary.packets, "packet"),
        bytes(summary.bytes),
        counted(summary.flows, "flow"),
        duration(span),
    );
    page.ends(&amount, &links.join(", "));
    let when = format!("{} to {}{}", page.date_time(first), page.time(last), page.zone());
    let rate = &summary.per_second;
    let mean =
        format!("mean {} packets/s, {}/s", round(rate.packets_mean), bytes(whole(rate.bytes_mean)));
    page.ends(&when, &mean);
}

fn names(page: &Page<'_>, report: &Report<'_>) -> String {
    let shown: Vec<String> = report
        .sources
        .iter()
        .take(NAMES)
        .map(|source| page.fit(&page.clean(&source.name.escaped()), 40))
        .collect();
    let more = report.sources.len() - shown.len();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", shown.join(", "))
}

fn formats(page: &Page<'_>, report: &Report<'_>) -> String {
    let mut formats: Vec<String> = Vec::new();
    for source in report.sources {
        let format = page.clean(&source.format);
        if !formats.contains(&format) && formats.len() < NAMES {
            formats.push(format);
        }
    }
    formats.join(page.dot())
}

/// A mean for people: whole above 10, else one decimal.
pub(super) fn round(value: f64) -> String {
    if value >= 10.0 { thousands(whole(value)) } else { format!("{:.1}", value.max(0.0)) }
}

/// The nearest whole number; what is negative or not a number is 0.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates, that is meant
pub(super) fn whole(value: f64) -> u64 {
    value.round() as u64
}
