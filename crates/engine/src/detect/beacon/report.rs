//! What is said about a beacon.

use super::{COMMON_HOSTS, Judged, KNOWN_HOSTS, Limits, SPEC};
use crate::alert::Severity;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::flow::{FiveTuple, community_id};
use crate::text;
use anomalyzer_wire::Addr;

/// Flows named: the latest ones.
const FLOWS: usize = 20;
/// Letters of a name in the title.
const TITLE_NAME: usize = 40;

/// Why a regular series is only worth a look; empty when nothing speaks for it.
pub(super) fn doubts(judged: &Judged<'_>, limits: &Limits) -> Vec<String> {
    let mut but = Vec::new();
    if let Some(why) = judged.pair.usual {
        but.push(why.to_owned());
    }
    let bytes = judged.pair.bytes();
    if bytes > limits.bytes {
        but.push(format!("a check-in carries {}, more than orders take", size(bytes)));
    }
    let [here, all] = judged.hosts;
    if here >= COMMON_HOSTS && all >= KNOWN_HOSTS && here > limits.prevalence * all {
        but.push(format!("{here:.0} of {all:.0} hosts go there, as to a common service"));
    }
    but
}

/// The finding about a pair.
pub(super) fn finding(judged: &Judged<'_>, limits: &Limits) -> Finding {
    let Judged { src, place, pair, .. } = judged;
    let by_name = place.name != 0;
    let main = main_address(judged);
    let severe = judged.but.is_empty();
    let samples = pair.samples();
    let subject = Subject {
        src: Some(*src),
        dst: main.filter(|_| !by_name),
        port: Some(place.port),
        other: pair.name.to_string(),
    };
    let dst = pair.addresses();
    Finding {
        detector: SPEC.id,
        technique: if by_name { "name" } else { "address" }.to_owned(),
        subject,
        severity: (!severe).then_some(Severity::Low),
        confidence: if severe { judged.score } else { 0.3 },
        title: title(judged, main),
        explanation: explanation(judged, limits),
        src: vec![*src],
        src_count: Tally::exact(1),
        dst: dst.to_vec(),
        dst_count: Tally::exact(dst.len() as u64),
        dst_ports: vec![place.port],
        dst_port_count: Tally::exact(1),
        first: samples.first().map(|s| s.time).unwrap_or_default(),
        last: samples.last().map(|s| s.time).unwrap_or_default(),
        count: pair.total,
        evidence: evidence(judged, limits),
        flows: flows(judged),
    }
}

/// The address that most check-ins went to.
fn main_address(judged: &Judged<'_>) -> Option<Addr> {
    let samples = judged.pair.samples();
    let count = |at: usize| samples.iter().filter(|s| usize::from(s.address) == at).count();
    let places = 0..judged.pair.addresses().len();
    let at = places.max_by_key(|at| (count(*at), usize::MAX - at))?;
    judged.pair.addresses().get(at).copied()
}

fn title(judged: &Judged<'_>, main: Option<Addr>) -> String {
    let pair = judged.pair;
    let to = main.map(|a| a.to_string()).unwrap_or_default();
    let mut name: String = pair.name.chars().take(TITLE_NAME).collect();
    if name.len() < pair.name.len() {
        name.push_str("...");
    }
    let to = if name.is_empty() { to } else { name };
    format!(
        "{} contacts {to} port {} every {}",
        judged.src,
        judged.place.port,
        text::duration(judged.parts.intervals.median)
    )
}

fn explanation(judged: &Judged<'_>, limits: &Limits) -> String {
    let Judged { src, pair, parts, .. } = judged;
    let name = if pair.name.is_empty() { String::new() } else { format!(" ({})", pair.name) };
    let addresses = pair.addresses();
    let [here, all] = judged.hosts;
    let mut said = format!(
        "{src} made {} to {}{name} port {} within {}: every {} (middle interval), half of them \
         less than {:.1} % off, each of about {}. Visits of people and most programs come in \
         irregular groups. The score of regularity, as RITA counts it, is {:.2} of 1 (limit \
         {:.2}): intervals {:.2}, sizes {:.2}, evenness {:.2}, persistence {:.2}. {}",
        text::counted(pair.len() as u64, "check-in"),
        text::addresses(addresses, addresses.len() as u64),
        judged.place.port,
        text::duration(pair.span_s()),
        text::duration(parts.intervals.median),
        parts.intervals.relative() * 100.0,
        size(pair.bytes()),
        judged.score,
        limits.score,
        parts.time,
        parts.size,
        parts.histogram,
        parts.duration,
        if here < 1.5 {
            "No other host goes there.".to_owned()
        } else {
            format!("{here:.0} of {all:.0} hosts seen go there.")
        },
    );
    if !judged.but.is_empty() {
        said.push_str(" Only worth a look, because ");
        said.push_str(&judged.but.join(", and "));
        said.push('.');
    }
    said
}

fn evidence(judged: &Judged<'_>, limits: &Limits) -> Vec<Evidence> {
    let (pair, parts) = (judged.pair, &judged.parts);
    let window = limits.window as f64 / 1e9;
    let [here, all] = judged.hosts;
    vec![
        Evidence::exceeded("score", judged.score, limits.score, window),
        Evidence::value("score_time", parts.time),
        Evidence::value("score_size", parts.size),
        Evidence::value("score_histogram", parts.histogram),
        Evidence::value("score_duration", parts.duration),
        Evidence::value("interval_s", parts.intervals.median),
        Evidence {
            threshold: Some(limits.jitter_at(pair.len())),
            ..Evidence::value("jitter", parts.intervals.relative())
        },
        Evidence::exceeded("connections", pair.len() as f64, limits.connections as f64, window),
        Evidence::value("span_s", pair.span_s()),
        Evidence { threshold: Some(limits.bytes), ..Evidence::value("bytes_median", pair.bytes()) },
        Evidence::value("hosts_here", here),
        Evidence::value("hosts_all", all),
    ]
}

fn flows(judged: &Judged<'_>) -> Vec<String> {
    let tuple = |s: &super::Sample| {
        let dst = judged.pair.address(s)?;
        // Of a name: QUIC and TCP are not told apart, and most is TCP.
        let proto = if judged.place.proto == 0 { 6 } else { judged.place.proto };
        let (src_port, dst_port) = (s.port, judged.place.port);
        Some(FiveTuple { src: judged.src, dst, src_port, dst_port, proto })
    };
    let latest = judged.pair.samples().iter().rev().take(FLOWS);
    latest.filter_map(tuple).map(|t| community_id(&t)).collect()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // shown, not computed with
fn size(bytes: f64) -> String {
    text::bytes(bytes.max(0.0) as u64)
}
