//! Keyword lists and the automaton that finds them in payloads and streams.

mod automaton;
mod builtin;
mod list;
mod matcher;
mod protocols;
mod regex;

pub use builtin::{BUILTIN, Builtin, builtin, default_lists};
pub use list::{Direction, Find, List, Pattern};
pub use matcher::{Matcher, RawHit, ScanContext, ScanState};

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
    /// Offset of the hit's last byte in the direction's stream (or in the datagram), from 0.
    pub offset: u64,
    /// Further hits of the same pattern in the same bytes, which are not told one by one.
    pub repeats: u32,
    /// At most 64 bytes around the hit.
    pub excerpt: HostileStr,
}
