//! What the detectors of abused name resolution share: a name cut into registered zone and what
//! stands before it, how much of it reads as words, and which zones are known to look bad.
//!
//! Knows names only. Who asks, how often and what comes back is left to the detectors.

mod cache;
mod carried;
mod known;
mod name;
mod readable;
mod suffixes;
mod words;

pub(crate) use cache::NameCache;
pub(crate) use carried::{Carried, text_bytes};
pub(crate) use known::is_known;
pub(crate) use name::Name;
pub(crate) use readable::Readable;

use crate::observation::{AppFact, AppSeen, Observation, Seen};
use anomalyzer_wire::Addr;
use anomalyzer_wire::app::dns::{DnsMessage, Question};

/// Ports of multicast DNS and LLMNR: asked among neighbours, answered by whoever feels meant, so
/// failures are the rule there and no zone is behind them. A server elsewhere is no neighbour,
/// whatever its port.
const NEIGHBOUR_PORTS: [u16; 2] = [5_353, 5_355];

/// A DNS message to or from a name server, and who the two are.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) client: Addr,
    pub(crate) server: Addr,
    /// Port of the server.
    pub(crate) port: u16,
    pub(crate) seen: &'a AppSeen,
    pub(crate) message: &'a DnsMessage,
    pub(crate) question: &'a Question,
}

impl<'a> Asked<'a> {
    /// The message of an observation, when it is an ordinary query or response with a question
    /// between two hosts. A response tells of its receiver, whoever opened the flow.
    pub(crate) fn of(seen: &'a Seen) -> Option<Self> {
        let Observation::App(seen) = &seen.what else { return None };
        let AppFact::Dns(message) = &seen.fact else { return None };
        let question = message.questions.first()?;
        let t = &seen.tuple;
        let port = NEIGHBOUR_PORTS.iter().any(|p| t.src_port == *p || t.dst_port == *p);
        let neighbours = port && t.src.is_private() && t.dst.is_private();
        if message.opcode != 0 || neighbours || !t.src.is_unicast() || !t.dst.is_unicast() {
            return None;
        }
        // The originator is the client when it sends a query or is sent a response.
        let originator_asks = seen.by_originator != message.response;
        let (client, server, port) =
            if originator_asks { (t.src, t.dst, t.dst_port) } else { (t.dst, t.src, t.src_port) };
        Some(Self { client, server, port, seen, message, question })
    }
}
