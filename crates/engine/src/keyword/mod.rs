//! Keyword lists and the automaton that finds them in payloads and streams.

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
    /// Offset of the hit's last byte in the direction's stream (or in the datagram), from 0.
    pub offset: u64,
    /// At most 64 bytes around the hit.
    pub excerpt: HostileStr,
}

/// Temporary.
#[derive(Debug, Default)]
pub struct Matcher;
/// Temporary.
#[derive(Debug, Default)]
pub(crate) struct ScanState;
pub(crate) struct ScanContext {
    pub(crate) app: anomalyzer_wire::app::AppProto,
    pub(crate) tuple: FiveTuple,
    pub(crate) to_server: bool,
    pub(crate) offset: u64,
}
pub(crate) struct RawHit;
impl Matcher {
    pub(crate) fn scan(&self, _: &mut ScanState, _: &[u8], _: &ScanContext, _: &mut Vec<RawHit>) {}
    pub(crate) fn describe(
        &self,
        _: RawHit,
        id: FlowId,
        tuple: FiveTuple,
        by_originator: bool,
    ) -> KeywordHit {
        KeywordHit {
            id,
            tuple,
            by_originator,
            list: "".into(),
            pattern: "".into(),
            severity: Severity::Low,
            reason: "".into(),
            offset: 0,
            excerpt: HostileStr::default(),
        }
    }
}
