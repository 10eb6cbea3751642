//! Which protocol a flow speaks, told by what it says, on any port.
//!
//! Called with the first payloads of each flow, so the first byte picks the few checks that can
//! match and no check looks further than the opening of a message. Ports decide only between
//! readings that the content leaves open.

mod tcp;
mod text;
mod udp;

use super::AppProto;

pub use udp::recognise_udp;

/// What the opening of a TCP connection tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recognition {
    /// The protocol, or the likeliest one so far.
    pub proto: AppProto,
    /// The content leaves no other reading.
    pub certain: bool,
    /// More bytes of either direction may change the answer.
    pub need_more: bool,
}

/// What one direction tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// This and nothing else.
    Is(AppProto),
    /// This unless the other direction says otherwise.
    Maybe(AppProto),
    /// Too few bytes to tell.
    Short,
    /// Nothing we know.
    No,
}

/// How many bytes of a direction are worth waiting for.
const ENOUGH: usize = 1024;

/// Tells the protocol of a TCP connection by the first bytes of both directions (either may be
/// empty). `originator` is who opened the connection; swapped directions, as in captures that
/// begin within a connection, do not matter. `server_port` decides between open readings.
pub fn recognise_tcp(originator: &[u8], responder: &[u8], server_port: u16) -> Recognition {
    let first = tcp::look(originator, server_port);
    if let Look::Is(proto) = first {
        return Recognition { proto, certain: true, need_more: false };
    }
    let second = tcp::look(responder, server_port);
    let (proto, certain) = match (first, second) {
        (_, Look::Is(proto)) => (proto, true),
        (Look::Maybe(a), Look::Maybe(b)) => (b, a == b),
        (Look::Maybe(proto), _) | (_, Look::Maybe(proto)) => (proto, false),
        _ => (AppProto::Unknown, false),
    };
    let open = |look: Look, bytes: &[u8]| {
        matches!(look, Look::Short | Look::Maybe(_)) && bytes.len() < ENOUGH
    };
    let need_more = !certain && (open(first, originator) || open(second, responder));
    Recognition { proto, certain, need_more }
}

#[cfg(test)]
mod tests;
