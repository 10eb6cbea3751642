//! The examples that a list gives of its patterns: each must be found in its hits and in none of
//! its benign look-alikes.

use super::list::{Find, List, Pattern};
use super::matcher::{Matcher, RawHit, ScanContext};
use super::place::{Place, Where};
use super::request::{RequestParts, RequestScan};
use crate::config::{ConfigError, Fault};
use crate::flow::FiveTuple;
use anomalyzer_wire::Addr;
use anomalyzer_wire::app::AppProto;

/// Checks all examples of a list; the error tells each that is wrong, by its pattern's line.
pub fn check_examples(list: &List, origin: &str) -> Result<(), ConfigError> {
    let matcher = Matcher::new(std::slice::from_ref(list))?;
    let mut faults = Vec::new();
    for (number, pattern) in (0..).zip(&list.patterns) {
        let hits = pattern.hit.iter().map(|example| (example, true, "is not found in its hit"));
        let benign =
            pattern.benign.iter().map(|example| (example, false, "is found in its benign example"));
        for (example, expected, text) in hits.chain(benign) {
            if is_found(&matcher, number, pattern, example) != expected {
                let shown = anomalyzer_wire::HostileStr::from(example.as_slice()).escaped();
                faults.push(Fault {
                    origin: origin.to_owned(),
                    line: Some(pattern.line),
                    key: pattern.name.clone(),
                    text: format!("{text} \"{shown}\""),
                });
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(ConfigError { faults }) }
}

/// True when the pattern with that number is found in an example.
fn is_found(matcher: &Matcher, number: u32, pattern: &Pattern, example: &[u8]) -> bool {
    if let Find::Sign(sign) = pattern.find {
        return crate::app_facts::signs_in(example).contains(&sign);
    }
    let context = context(pattern);
    let mut hits: Vec<RawHit> = Vec::new();
    let mut parts = RequestParts::default();
    match pattern.place {
        Where::Stream => matcher.scan_datagram(example, &context, &mut hits),
        Where::Request | Where::Target => parts.head(example),
        Where::Headers => parts.head(&[b"\n", example].concat()),
        Where::Body => parts.body(example),
    }
    let mut scan = RequestScan::default();
    matcher.scan_requests(&mut scan, &parts, &context, &mut hits);
    matcher.finish_requests(&mut scan, &context, &mut hits);
    hits.iter().any(|hit| hit.rule == number)
}

/// A connection in which the pattern applies.
fn context(pattern: &Pattern) -> ScanContext {
    let app = pattern.app.as_deref();
    ScanContext {
        app: AppProto::ALL
            .iter()
            .copied()
            .find(|known| Some(known.name()) == app)
            .unwrap_or(AppProto::Http),
        tuple: FiveTuple {
            src: Addr::v4([192, 0, 2, 1]),
            dst: Addr::v4([192, 0, 2, 2]),
            src_port: 40_000,
            dst_port: pattern.ports.first().copied().unwrap_or(80),
            proto: pattern.proto.unwrap_or(6),
        },
        to_server: pattern.direction != super::Direction::ToClient,
        offset: 0,
        place: Place::Stream,
    }
}
