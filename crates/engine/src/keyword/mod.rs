//! Keyword lists and the automaton that finds them in payloads and streams.

mod automaton;
mod builtin;
mod decode;
mod examples;
mod list;
mod matcher;
mod place;
mod protocols;
mod regex;
mod request;
mod view;

pub use builtin::{BUILTIN, Builtin, builtin, default_lists};
pub use examples::check_examples;
pub use list::{Direction, Find, List, Pattern};
pub use matcher::{Matcher, RawHit, ScanContext, ScanState};
pub use place::{Place, Sign, Where};
pub use request::{RequestParts, RequestScan};

use crate::alert::Severity;
use crate::flow::{FiveTuple, FlowId};
use anomalyzer_wire::HostileStr;
use std::sync::Arc;

/// A keyword that was found.
#[derive(Clone, Debug)]
pub struct KeywordHit {
    /// Which flow.
    pub id: FlowId,
    /// Originator, responder, ports, protocol.
    pub tuple: FiveTuple,
    /// Sent by the originator.
    pub by_originator: bool,
    /// Name of the list.
    pub list: Arc<str>,
    /// Name of the pattern within the list.
    pub pattern: Arc<str>,
    /// The pattern's severity.
    pub severity: Severity,
    /// Why the pattern is there.
    pub reason: Arc<str>,
    /// MITRE ATT&CK technique id, where the list gives one.
    pub attack: Option<Arc<str>>,
    /// What it was found in.
    pub place: Place,
    /// Found in what decoding made of the bytes, not in the bytes as they came.
    pub decoded: bool,
    /// Offset of the hit's last byte, from 0: in the direction's stream, in the datagram, or in
    /// the part of a request that `place` names (decoded, when it was found so).
    pub offset: u64,
    /// Further hits of the same pattern in the same bytes, which are not told one by one.
    pub repeats: u32,
    /// At most 64 bytes around the hit.
    pub excerpt: HostileStr,
}
