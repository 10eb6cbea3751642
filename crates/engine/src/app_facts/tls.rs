//! The clear part of a TLS connection: the client's hello, the server's hello and certificate,
//! heartbeats.

use super::FactSink;
use super::buffer::{Buffer, PREFIX_MAX};
use crate::keyword::Sign;
use crate::observation::AppFact;
use anomalyzer_wire::app::Parsed;
use anomalyzer_wire::app::tls::{RecordStep, RecordWalk, client_hello, server_flight};

/// Bytes by which an honest heartbeat's response may exceed its request: each has its own padding,
/// of 16 bytes and more (RFC 6520), and a block cipher adds up to 255 (RFC 5246).
const HEARTBEAT_SLACK: u16 = 512;

/// Half-read flights of a TLS connection, and the walk over its records.
#[derive(Debug, Default)]
pub(super) struct TlsState {
    client: Buffer,
    server: Buffer,
    /// The flights have been read (or are not to be read), by client and by server.
    flights_done: [bool; 2],
    walks: [RecordWalk; 2],
    /// The server agreed to heartbeats: they may come in the encrypted part too.
    heartbeats: bool,
    /// Length of the largest record with a heartbeat request, by client and by server.
    asked: [Option<u16>; 2],
    /// One of them claimed more than it held: whoever answers that is not mended.
    over_asked: [bool; 2],
    told: bool,
}

impl TlsState {
    /// Bytes that wait.
    pub(super) fn held(&self) -> usize {
        self.client.len() + self.server.len()
    }

    /// Takes the next bytes of a side; false when nothing more is wanted of it.
    pub(super) fn feed(&mut self, by_client: bool, data: &[u8], sink: &mut FactSink) -> bool {
        let flight = !self.flights_done[usize::from(!by_client)];
        let flight = flight && self.flight(by_client, data, sink);
        self.flights_done[usize::from(!by_client)] = !flight;
        let walk = self.walk(by_client, data, sink);
        flight || walk
    }

    /// Reads the hello and what comes with it; false when that is done.
    fn flight(&mut self, by_client: bool, data: &[u8], sink: &mut FactSink) -> bool {
        let buffer = if by_client { &mut self.client } else { &mut self.server };
        // Most hellos come in one piece and are read where they lie.
        let waits = buffer.len() > 0;
        let full = if waits { buffer.push(data) < data.len() } else { data.len() > PREFIX_MAX };
        let bytes = if waits { buffer.bytes() } else { data };
        let goes_on = if by_client { client(bytes, sink) } else { server(bytes, full, sink) };
        if goes_on && !full {
            if !waits {
                buffer.push(data);
            }
            return true;
        }
        buffer.clear();
        let agreed = |fact: &AppFact| match fact {
            AppFact::TlsServer(flight) => flight.hello.as_ref().is_some_and(|h| h.heartbeat),
            _ => false,
        };
        self.heartbeats |= sink.facts.iter().any(agreed);
        false
    }

    /// Walks over the records for heartbeats: the clear part, and where both sides agreed to
    /// heartbeats the rest too. False when no more can be of interest.
    fn walk(&mut self, by_client: bool, data: &[u8], sink: &mut FactSink) -> bool {
        let (own, other) = if by_client { (0, 1) } else { (1, 0) };
        let [mut asked, answered] = [self.asked[own], self.asked[other]];
        let [mut over_asked, over_answered] = [self.over_asked[own], self.over_asked[other]];
        let (heartbeats, mut told) = (self.heartbeats, self.told);
        let goes_on = self.walks[own].feed(data, heartbeats, &mut |step| {
            let RecordStep { record_len, message, .. } = step;
            // Encrypted, it does not say what it is: the one that comes second answers.
            let asks = message.map_or(answered.is_none(), |message| message.request);
            let larger =
                answered.is_some_and(|len| record_len > len.saturating_add(HEARTBEAT_SLACK));
            let over_reads = message.is_some_and(|message| message.over_reads());
            let sign = if asks {
                asked = asked.max(Some(record_len));
                over_asked |= over_reads;
                over_reads.then_some(Sign::TlsHeartbeatOverRead)
            } else {
                let leak = larger || over_answered && message.is_some();
                leak.then_some(Sign::TlsHeartbeatLeak)
            };
            // Each connection tells an attempt once, and its success once.
            if let Some(sign) = sign
                && !(told && sign == Sign::TlsHeartbeatLeak)
                && !sink.signs.contains(&sign)
            {
                told |= sign == Sign::TlsHeartbeatLeak;
                sink.signs.push(sign);
            }
        });
        self.asked[own] = asked;
        self.over_asked[own] = over_asked;
        self.told = told;
        goes_on
    }
}

fn client(bytes: &[u8], sink: &mut FactSink) -> bool {
    match client_hello(bytes) {
        Parsed::Fact { fact, .. } => {
            sink.facts.push(AppFact::TlsClient(Box::new(fact)));
            false
        }
        Parsed::NeedMore => true,
        Parsed::NotThis => false,
    }
}

/// Waits for the whole flight, or gives what there is when no more can be kept.
fn server(bytes: &[u8], full: bool, sink: &mut FactSink) -> bool {
    match server_flight(bytes) {
        Parsed::Fact { fact, .. } if fact.complete || full || fact.certificate.is_some() => {
            sink.facts.push(AppFact::TlsServer(Box::new(fact)));
            false
        }
        Parsed::Fact { .. } | Parsed::NeedMore => true,
        Parsed::NotThis => false,
    }
}
