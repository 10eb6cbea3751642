//! The clear part of a TLS connection: the client's hello, the server's hello and certificate.

use super::FactSink;
use super::buffer::{Buffer, PREFIX_MAX};
use crate::observation::AppFact;
use anomalyzer_wire::app::Parsed;
use anomalyzer_wire::app::tls::{client_hello, server_flight};

/// Half-read flights of a TLS connection.
#[derive(Debug, Default)]
pub(super) struct TlsState {
    client: Buffer,
    server: Buffer,
}

impl TlsState {
    /// Bytes that wait.
    pub(super) fn held(&self) -> usize {
        self.client.len() + self.server.len()
    }

    /// Takes the next bytes of a side; false when nothing more is wanted of it.
    pub(super) fn feed(&mut self, by_client: bool, data: &[u8], sink: &mut FactSink) -> bool {
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
