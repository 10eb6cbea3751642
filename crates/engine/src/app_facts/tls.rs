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
    client: Half,
    server: Half,
    /// The server agreed to heartbeats: they may come in the encrypted part too.
    heartbeats: bool,
    /// That something leaked has been told.
    told: bool,
}

/// One direction.
#[derive(Debug, Default)]
struct Half {
    /// The flight as far as it came.
    flight: Buffer,
    /// The flight has been read, or is not to be read.
    flight_done: bool,
    walk: RecordWalk,
    /// Length of the largest record with a heartbeat request.
    asked: Option<u16>,
    /// One of them claimed more than it held: whoever answers that is not mended.
    over_asked: bool,
}

impl TlsState {
    /// Bytes that wait.
    pub(super) fn held(&self) -> usize {
        self.client.flight.len() + self.server.flight.len()
    }

    /// Takes the next bytes of a side; false when nothing more is wanted of it.
    pub(super) fn feed(&mut self, by_client: bool, data: &[u8], sink: &mut FactSink) -> bool {
        let half = if by_client { &mut self.client } else { &mut self.server };
        if !half.flight_done {
            half.flight_done = !half.read_flight(by_client, data, sink);
            let agreed = |fact: &AppFact| match fact {
                AppFact::TlsServer(flight) => flight.hello.as_ref().is_some_and(|h| h.heartbeat),
                _ => false,
            };
            self.heartbeats |= sink.facts.iter().any(agreed);
        }
        let flight_goes_on = !half.flight_done;
        self.walk(by_client, data, sink) || flight_goes_on
    }

    /// Walks over the records for heartbeats: the clear part, and where the server agreed to
    /// heartbeats the rest too. False when no more can be of interest.
    fn walk(&mut self, by_client: bool, data: &[u8], sink: &mut FactSink) -> bool {
        let Self { client, server, heartbeats, told } = self;
        let (own, other) = if by_client { (client, server) } else { (server, client) };
        let Half { walk, asked, over_asked, .. } = own;
        walk.feed(data, *heartbeats, &mut |step| {
            let RecordStep { record_len, message, .. } = step;
            // Encrypted, it does not say what it is: the one that comes second answers.
            let asks = message.map_or(other.asked.is_none(), |message| message.request);
            let over_reads = message.is_some_and(|message| message.over_reads());
            if asks {
                *asked = (*asked).max(Some(record_len));
                *over_asked |= over_reads;
                if over_reads && !sink.signs.contains(&Sign::TlsHeartbeatOverRead) {
                    sink.signs.push(Sign::TlsHeartbeatOverRead);
                }
                return;
            }
            let limit = other.asked.map(|len| len.saturating_add(HEARTBEAT_SLACK));
            let leaks = limit.is_some_and(|limit| record_len > limit)
                || other.over_asked && message.is_some();
            // A connection tells its leak once.
            if leaks && !*told {
                *told = true;
                sink.signs.push(Sign::TlsHeartbeatLeak);
            }
        })
    }
}

impl Half {
    /// Reads the hello and what comes with it; false when that is done.
    fn read_flight(&mut self, by_client: bool, data: &[u8], sink: &mut FactSink) -> bool {
        let buffer = &mut self.flight;
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
        false
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
