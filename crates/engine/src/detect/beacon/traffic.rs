//! Which connections can be check-ins, and which protocols are regular by design.

use crate::flow::{ConnState, FlowRecord};
use anomalyzer_wire::HostileStr;
use anomalyzer_wire::app::AppProto;

const TCP: u8 = 6;
const UDP: u8 = 17;
const SYN: u8 = 2;
/// Longest name kept.
const NAME_MAX: usize = 128;

/// What a connection is to this detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// No connection, or of a protocol that is nothing but regular (clocks, names, management).
    Not,
    /// Counted, but expected to be regular: never more than worth a look. With the reason.
    Usual(&'static str),
    /// Counted.
    Counted,
}

/// Classifies a flow by its record.
pub(super) fn class(record: &FlowRecord) -> Class {
    if record.continued {
        return Class::Not;
    }
    let tuple = &record.tuple;
    match tuple.proto {
        TCP if record.orig.flags & SYN != 0 && came_about(record.conn_state) => {
            tcp(record.app, tuple.dst_port)
        }
        UDP if record.conn_state == ConnState::Sf => udp(record.app, tuple.dst_port),
        _ => Class::Not,
    }
}

/// True when the handshake was completed: failed attempts belong to the scan detectors, and their
/// retries are regular by RFC 6298.
fn came_about(state: ConnState) -> bool {
    matches!(
        state,
        ConnState::S1
            | ConnState::S2
            | ConnState::S3
            | ConnState::Sf
            | ConnState::Rsto
            | ConnState::Rstr
    )
}

fn tcp(app: AppProto, port: u16) -> Class {
    match (app, port) {
        (AppProto::Dns | AppProto::Bgp, _) | (_, 53 | 853) => Class::Not,
        (AppProto::Smtp | AppProto::Pop3 | AppProto::Imap | AppProto::Nntp, _)
        | (AppProto::Tls | AppProto::Unknown, 25 | 110 | 143 | 465 | 587 | 993 | 995) => {
            Class::Usual("mail programs look for mail at fixed intervals")
        }
        (AppProto::Mqtt | AppProto::Amqp | AppProto::Xmpp | AppProto::Coap, _) => {
            Class::Usual("this protocol carries reports of devices at fixed intervals")
        }
        (AppProto::Bittorrent | AppProto::Gnutella, _) => {
            Class::Usual("file sharing programs ask their peers at fixed intervals")
        }
        (AppProto::Sip | AppProto::Rtsp | AppProto::Stun, _) => {
            Class::Usual("calls register and keep alive at fixed intervals")
        }
        _ => Class::Counted,
    }
}

fn udp(app: AppProto, port: u16) -> Class {
    match (app, port) {
        (AppProto::Quic, _) => Class::Counted,
        (AppProto::Unknown | AppProto::Dtls | AppProto::Coap, 1_024..) => {
            Class::Usual("games, calls and devices report over UDP at fixed intervals")
        }
        // Clocks, names, leases, management, keys of tunnels: regular by their standards.
        _ => Class::Not,
    }
}

/// The name by which the server was called: what the client said, else what was resolved.
pub(super) fn name(record: &FlowRecord) -> Option<&HostileStr> {
    let names = record.names.as_ref()?;
    let said = names.sni.as_ref().or(names.http_host.as_ref());
    said.or(names.resolved.as_ref()).filter(|n| !n.is_empty() && n.as_bytes().len() <= NAME_MAX)
}

/// True when the connection goes to a proxy that is asked for somebody else.
pub(super) fn through_proxy(record: &FlowRecord) -> bool {
    let target = record.names.as_ref().and_then(|n| n.http_target.as_ref());
    target.is_some_and(|t| {
        let bytes = t.as_bytes();
        bytes.starts_with(b"CONNECT ") || bytes.windows(8).any(|w| w == b" http://")
    })
}
