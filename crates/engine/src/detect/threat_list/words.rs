//! The finding in words.

use super::pair::Pair;
use super::{Limits, SPEC};
use crate::alert::Severity;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::observation::Contact;
use crate::text;
use anomalyzer_wire::Addr;
use std::fmt::Write as _;

/// Confidence when a list gives none: of a contact that came about, and of an attempt.
const CONFIDENCE: f64 = 0.8;
const CONFIDENCE_LOW: f64 = 0.4;
/// Characters of a title.
const TITLE_MAX: usize = 120;
/// Characters of an indicator in a title.
const VALUE_SHOWN: usize = 50;

/// Reports a pair, when there is more to say than last time.
pub(super) fn tell(limits: Limits, host: Addr, pair: &mut Pair, out: &mut super::Reporter<'_>) {
    let same = pair.flows_seen == pair.told && pair.told_severity == Some(pair.severity);
    if same || pair.flows_seen < limits.contacts {
        return;
    }
    pair.told = pair.flows_seen;
    pair.told_severity = Some(pair.severity);
    let listed = &pair.listed;
    let inbound = matches!(pair.contact, Contact::Knocked | Contact::Talked);
    let (src, dst) = if inbound {
        (pair.addresses.clone(), vec![host])
    } else {
        (vec![host], pair.addresses.clone())
    };
    let usual = if pair.severity >= Severity::Medium { CONFIDENCE } else { CONFIDENCE_LOW };
    out.report(Finding {
        detector: SPEC.id,
        technique: listed.list.to_string(),
        subject: Subject {
            src: Some(host),
            dst: None,
            port: None,
            other: format!("{} {}", listed.kind.name(), listed.value),
        },
        severity: Some(pair.severity),
        confidence: listed.confidence.unwrap_or(usual),
        title: title(host, pair),
        explanation: explain(host, pair),
        src_count: Tally::exact(src.len() as u64),
        src,
        dst_count: Tally::exact(dst.len() as u64),
        dst,
        dst_ports: pair.ports.clone(),
        dst_port_count: Tally::exact(pair.ports.len() as u64),
        first: pair.first,
        last: pair.last,
        count: pair.flows_seen,
        evidence: evidence(limits, pair),
        flows: pair.flows.clone(),
    });
}

fn evidence(limits: Limits, pair: &Pair) -> Vec<Evidence> {
    let seconds = pair.last.since(pair.first) as f64 / 1e9;
    let contacts = pair.flows_seen as f64;
    let mut evidence = vec![
        Evidence::exceeded("contacts", contacts, limits.contacts as f64, seconds),
        Evidence::value("contacts_answered", pair.answered as f64),
    ];
    if let Some(confidence) = pair.listed.confidence {
        evidence.push(Evidence {
            threshold: Some(limits.confidence),
            ..Evidence::value("list_confidence", confidence)
        });
    }
    evidence
}

fn title(host: Addr, pair: &Pair) -> String {
    let value = shortened(&pair.listed.value, VALUE_SHOWN);
    let what = match pair.contact {
        Contact::Knocked => format!("{value} knocked at {host}"),
        Contact::Talked => format!("{value} talked with {host}"),
        Contact::Reached => format!("{host} talked with {value}"),
        Contact::Tried => format!("{host} called {value} in vain"),
        Contact::Asked => format!("{host} asked for {value}"),
        Contact::Resolved => format!("{host} was told of {value}"),
        Contact::Named => format!("{host} called {value}"),
        Contact::Certificate => format!("{host} met certificate {value}"),
        Contact::Fingerprint => format!("{host} has hello {value}"),
    };
    shortened(&format!("{what}, on threat list {}", pair.listed.list), TITLE_MAX)
}

fn explain(host: Addr, pair: &Pair) -> String {
    let mut out = what_happened(host, pair);
    let listed = &pair.listed;
    let _ = write!(out, " The {} {}", listed.kind.name(), listed.value);
    if listed.from_url {
        out.push_str(" is the host of a URL");
    } else {
        out.push_str(" is");
    }
    let _ = write!(out, " on the threat list {}, {}", listed.list, listed.place);
    if let Some(since) = listed.since {
        let day = since.to_string();
        let _ = write!(out, ", listed since {}", day.get(..10).unwrap_or_default());
    }
    if !listed.note.is_empty() {
        let _ = write!(out, ": \"{}\"", listed.note);
    }
    out.push('.');
    if !listed.others.is_empty() {
        let others: Vec<&str> = listed.others.iter().map(|name| &**name).collect();
        let _ = write!(out, " Also on {}.", others.join(", "));
    }
    let _ = write!(
        out,
        " {} in all, {} of which came about; none is expected.",
        text::counted(pair.flows_seen, "contact"),
        if pair.answered == 0 { "none".to_owned() } else { text::thousands(pair.answered) }
    );
    if pair.severity < Severity::Medium {
        out.push_str(why_low(pair));
    }
    out
}

fn what_happened(host: Addr, pair: &Pair) -> String {
    let seen = pair.seen_as.escaped();
    let port = pair.ports.first().map_or_else(String::new, |port| format!(" port {port}"));
    let peer = pair.peer;
    match pair.contact {
        Contact::Knocked => format!("{seen} sent packets to {host}{port} and got nowhere."),
        Contact::Talked => format!("{seen} called {host}{port} and both exchanged data."),
        Contact::Reached => format!("{host} called {seen}{port}, which answered."),
        Contact::Tried => format!("{host} called {seen}{port}; no answer was seen."),
        Contact::Asked => format!("{host} asked {peer} for the name {seen}."),
        Contact::Resolved => format!("A DNS answer of {peer} to {host} holds {seen}."),
        Contact::Named => format!("{host} asked {peer}{port} for {seen}."),
        Contact::Certificate if seen.is_empty() => {
            format!("The server {peer}{port} showed {host} this certificate.")
        }
        Contact::Certificate => {
            format!("The server {peer}{port} showed {host} a certificate for {seen}.")
        }
        Contact::Fingerprint => format!("A hello between {host} and {peer}{port} looks like this."),
    }
}

fn why_low(pair: &Pair) -> &'static str {
    match pair.contact {
        Contact::Knocked | Contact::Tried | Contact::Resolved => {
            " It stays low as long as the contact does not come about."
        }
        Contact::Fingerprint => " It is low because harmless programs may share a fingerprint.",
        _ if pair.listed.from_url => {
            " It is low because only a page of this host is listed, not the host."
        }
        _ => " It is low because the list gives it little weight, or somebody outside named it.",
    }
}

/// At most so many characters, with dots for the rest. Indicators and list names are ASCII.
fn shortened(text: &str, max: usize) -> String {
    match text.get(..max.saturating_sub(3)) {
        Some(start) if text.len() > max => format!("{start}..."),
        _ => text.to_owned(),
    }
}
