//! Drives the application parsers of `wire` over datagrams and streams.

use crate::flow::{Flow, Side};
use crate::observation::AppFact;
use anomalyzer_wire::Udp;

/// Facts that came out of one packet.
#[derive(Debug, Default)]
pub(crate) struct FactSink {
    pub(crate) facts: Vec<AppFact>,
}

/// What is known of a stream's application protocol.
#[derive(Debug, Default)]
pub(crate) struct AppState {}

impl AppState {
    /// True while the bytes of a side are wanted.
    pub(crate) fn wants(&self, _side: Side) -> bool {
        false
    }

    /// Bytes of a side were lost.
    pub(crate) fn lost(&mut self, _side: Side) {}
}

/// Takes a UDP datagram.
pub(crate) fn datagram(_: &mut Flow, _: Side, _: &Udp, _: &[u8], _: &mut FactSink) {}

/// Takes the next bytes of a TCP direction.
pub(crate) fn stream(_: &mut Flow, _: &mut AppState, _: Side, _: &[u8], _: &mut FactSink) {}
