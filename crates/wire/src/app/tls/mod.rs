//! TLS as far as it is in the clear: hellos, certificates, alerts, heartbeats, and where the
//! encrypted part begins.
//!
//! Our own bounded parser rather than a library: a hello that is cut or has one damaged extension
//! must still give its name and fingerprint, fingerprints need the raw order of everything, and
//! one walk over the records serves all facts.

mod certificate;
mod client;
pub(crate) mod der;
mod fingerprint;
mod handshake;
mod record;
mod server;

pub use certificate::Certificate;
pub use client::ClientHello;
pub use fingerprint::{Ja4Transport, is_grease};
pub(crate) use handshake::CLIENT_HELLO as MESSAGE_CLIENT_HELLO;
pub use record::{
    Alert, EncryptedFrom, Heartbeat, Record, RecordStep, RecordWalk, Records, encrypted_from,
};
pub use server::ServerHello;

use super::Parsed;
use handshake::Handshake;

/// The most alerts and heartbeats that are kept of a prefix.
const SIGNALS_MAX: usize = 16;

/// Reads the ClientHello at the beginning of the client's direction. `consumed` is where the
/// record that ends the hello ends.
pub fn client_hello(prefix: &[u8]) -> Parsed<ClientHello> {
    let Some(handshake) = Handshake::of(prefix) else {
        return if may_begin(prefix) { Parsed::NeedMore } else { Parsed::NotThis };
    };
    match handshake.message(handshake::CLIENT_HELLO) {
        Some(body) => match ClientHello::parse(body) {
            Some(fact) => Parsed::Fact { fact, consumed: handshake.consumed },
            None => Parsed::NotThis,
        },
        None if handshake.may_bring(handshake::CLIENT_HELLO) => Parsed::NeedMore,
        None => Parsed::NotThis,
    }
}

/// True while nothing but warnings has come.
fn may_begin(prefix: &[u8]) -> bool {
    matches!(encrypted_from(prefix), EncryptedFrom::NotBefore(_))
}

/// Reads the body of a ClientHello message that came without records, as in QUIC.
pub fn client_hello_body(body: &[u8]) -> Option<ClientHello> {
    ClientHello::parse(body)
}

/// Reads a ClientHello in one DTLS datagram (RFC 6347); a fragmented one is
/// [`Parsed::NotThis`].
pub fn dtls_client_hello(payload: &[u8]) -> Parsed<ClientHello> {
    match handshake::dtls_message(payload, handshake::CLIENT_HELLO)
        .and_then(ClientHello::parse_dtls)
    {
        Some(fact) => Parsed::Fact { fact, consumed: payload.len() },
        None => Parsed::NotThis,
    }
}

/// What a server says in the clear at the beginning of its direction.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerFlight {
    /// The ServerHello, once it is whole.
    pub hello: Option<ServerHello>,
    /// The server's own certificate (the first of the chain), up to TLS 1.2.
    pub certificate: Option<Certificate>,
    /// How many certificates the chain holds.
    pub chain_len: u8,
    /// The server asked for the client's certificate.
    pub certificate_request: bool,
    /// Nothing more can come: the flight ended or the encrypted part began.
    pub complete: bool,
}

/// Reads the server's flight as far as it is there. Calling again with a longer prefix gives
/// more; stop at [`ServerFlight::complete`].
pub fn server_flight(prefix: &[u8]) -> Parsed<ServerFlight> {
    let Some(handshake) = Handshake::of(prefix) else {
        return if may_begin(prefix) { Parsed::NeedMore } else { Parsed::NotThis };
    };
    let hello = handshake.message(handshake::SERVER_HELLO).and_then(ServerHello::parse);
    let chain = handshake.message(handshake::CERTIFICATE);
    let (certificate, chain_len) = chain.map_or((None, 0), certificate::of_chain);
    if hello.is_none() && certificate.is_none() {
        let hopeful = handshake.may_bring(handshake::SERVER_HELLO);
        return if hopeful { Parsed::NeedMore } else { Parsed::NotThis };
    }
    let fact = ServerFlight {
        hello,
        certificate,
        chain_len,
        certificate_request: handshake.message(handshake::CERTIFICATE_REQUEST).is_some(),
        complete: handshake.ended || handshake.message(handshake::SERVER_HELLO_DONE).is_some(),
    };
    Parsed::Fact { fact, consumed: handshake.consumed }
}

/// The alerts that were sent in the clear in this prefix, at most 16.
pub fn alerts(prefix: &[u8]) -> Vec<Alert> {
    Records::new(prefix).filter_map(|record| record.alert()).take(SIGNALS_MAX).collect()
}

/// The heartbeats of this prefix (RFC 6520), at most 16. One whose claimed length exceeds what
/// its record can hold is the attack of CVE-2014-0160.
pub fn heartbeats(prefix: &[u8]) -> Vec<Heartbeat> {
    Records::new(prefix).filter_map(|record| record.heartbeat()).take(SIGNALS_MAX).collect()
}

#[cfg(test)]
pub(crate) mod tests;
