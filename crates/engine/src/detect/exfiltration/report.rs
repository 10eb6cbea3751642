//! What is said about an upload.

use super::{Exceeded, Host, Pair, SPEC, Window};
use crate::alert::Severity;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::text;
use anomalyzer_wire::{Addr, Timestamp};

/// To one destination.
pub(super) fn pair(src: Addr, dst: Addr, pair: &Pair, about: &Exceeded, now: Timestamp) -> Finding {
    let technique = if about.window == Window::Hour { "volume" } else { "slow" };
    let sent = text::bytes(about.bytes[0]);
    let rare = if about.rare {
        format!(" Nobody else sends to {dst}, and nobody did before the last day.")
    } else {
        String::new()
    };
    Finding {
        title: format!("{src} sent {sent} to {dst} within {}", about.within()),
        explanation: format!(
            "{src} sent {sent} of payload to {dst} port {} within {} and received {}; less than {} \
             is never told.{}{rare}",
            pair.port,
            about.within(),
            received(about),
            text::bytes(about.floor),
            about.comparison(src),
        ),
        subject: Subject { src: Some(src), dst: Some(dst), ..Subject::default() },
        dst: vec![dst],
        dst_count: Tally::exact(1),
        dst_ports: vec![pair.port],
        dst_port_count: Tally::exact(1),
        flows: pair.flows.clone(),
        ..finding(src, technique, about, pair.first, now)
    }
}

/// To all destinations together.
pub(super) fn spread(src: Addr, host: &Host, about: &Exceeded, now: Timestamp) -> Finding {
    let sent = text::bytes(about.bytes[0]);
    Finding {
        title: format!("{src} sent {sent} to the outside within an hour, spread over many hosts"),
        explanation: format!(
            "{src} sent {sent} of payload to hosts outside within an hour and received {}, and no \
             single one of them got enough to stand out; less than {} is never told.{}",
            received(about),
            text::bytes(about.floor),
            about.comparison(src),
        ),
        subject: Subject { src: Some(src), other: "spread".to_owned(), ..Subject::default() },
        ..finding(src, "spread", about, host.first, now)
    }
}

fn received(about: &Exceeded) -> String {
    match about.bytes[1] {
        0 => "nothing".to_owned(),
        bytes => text::bytes(bytes),
    }
}

fn finding(
    src: Addr,
    technique: &str,
    about: &Exceeded,
    first: Timestamp,
    now: Timestamp,
) -> Finding {
    let window_s = about.seconds() as f64;
    let mut evidence = vec![
        Evidence::exceeded("bytes_sent", about.bytes[0] as f64, about.floor as f64, window_s),
        Evidence::value("bytes_received", about.bytes[1] as f64),
    ];
    if let Some((expected, limit)) = about.usual {
        evidence.push(Evidence {
            mean: Some(expected.mean()),
            z: Some(expected.z(about.host as f64)),
            ..Evidence::exceeded("host_bytes_sent", about.host as f64, limit, window_s)
        });
    }
    Finding {
        detector: SPEC.id,
        technique: technique.to_owned(),
        subject: Subject::default(),
        severity: Some(about.severity),
        confidence: match about.severity {
            Severity::High | Severity::Critical => 0.9,
            Severity::Medium => 0.7,
            _ => 0.4,
        },
        title: String::new(),
        explanation: String::new(),
        src: vec![src],
        src_count: Tally::exact(1),
        dst: Vec::new(),
        dst_count: Tally::default(),
        dst_ports: Vec::new(),
        dst_port_count: Tally::default(),
        first: first.max(now.plus_secs(-about.seconds())),
        last: now,
        count: about.bytes[0],
        evidence,
        flows: Vec::new(),
    }
}

impl Exceeded {
    fn seconds(&self) -> i64 {
        if self.window == Window::Hour { 3_600 } else { 86_400 }
    }

    fn within(&self) -> &'static str {
        if self.window == Window::Hour { "an hour" } else { "24 hours" }
    }

    /// What was learned, in a sentence.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates, shown only
    fn comparison(&self, src: Addr) -> String {
        match self.usual {
            Some((expected, limit)) => format!(
                " In all {src} sent {} in that time; usual at this hour is {} an hour, and up to {} \
                 in that time would still be ordinary.",
                text::bytes(self.host),
                text::bytes(expected.mean() as u64),
                text::bytes(limit as u64),
            ),
            None => format!(" What {src} usually sends is not known yet."),
        }
    }
}
