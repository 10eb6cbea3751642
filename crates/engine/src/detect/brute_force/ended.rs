//! What a finished flow says about a try that nobody answered in words: by size and duration.

use super::attempt::{Attempt, Service, What};
use super::sessions::{Session, is_read};
use crate::flow::{FlowEnd, FlowRecord};
use anomalyzer_wire::Timestamp;
use anomalyzer_wire::app::AppProto;

/// OpenSSH ends a connection that has not logged in after 120 s (`LoginGraceTime`); with a margin.
const GRACE_S: f64 = 130.0;
/// Least encrypted bytes of a client that tried: a service request and one attempt, 44 to 68 bytes
/// each and more.
const SSH_TRIED: u64 = 88;
/// Encrypted bytes of a server that let nobody in: acceptance of the service, up to six refusals
/// of at most 100 bytes, and its list of extensions. Behind a successful log-in OpenSSH sends its
/// host keys and the answers to the client's channel, 1,000 bytes and more.
const SSH_REFUSED: u64 = 1_000;
/// The same with a banner of 3 kB before the log-in.
const SSH_BANNER: u64 = 4_000;
/// Bytes of a side of an SSH connection whose log-in could not be followed: a key exchange of 1 to
/// 3 kB and a refused log-in.
const SSH_WHOLE: std::ops::RangeInclusive<u64> = 1_000..=5_000;
/// Most bytes of a server whose RDP log-in failed: certificates and a few hundred bytes of proofs.
/// The first picture of a desktop is larger.
const RDP_REFUSED: u64 = 20_000;
/// Least bytes of a client that came as far as its proofs (TLS alone takes more).
const RDP_TRIED: u64 = 500;
/// Most bytes of a side of a DCE/RPC session that bound, called once and was refused.
const RPC_SHORT: u64 = 1_000;
/// The endpoint mapper tells ports to anybody; nobody logs in there.
const ENDPOINT_MAPPER: u16 = 135;
/// Most bytes of a side of a short session whose protocol was not read.
const OTHER_SHORT: u64 = 3_000;
/// Longest such session.
const OTHER_S: f64 = 30.0;
/// A flow without an end of its own counts when it has been quiet for this long.
const QUIET_NANOS: i64 = 5_000_000_000;

/// Ports behind which a password is asked for: SSH, Telnet, VPN, databases, remote desktops.
const LOGIN_PORTS: [u16; 16] = [
    22, 23, 512, 513, 514, 1_433, 1_521, 1_723, 2_222, 2_323, 3_306, 3_389, 5_432, 5_900, 5_901,
    6_379,
];

/// The try that a finished flow was, if it was one.
pub(super) fn judge(
    record: &FlowRecord,
    session: Option<&Session>,
    now: Timestamp,
) -> Option<Attempt> {
    let over = match record.end {
        FlowEnd::Closed => true,
        FlowEnd::Idle | FlowEnd::InputEnd => now.since(record.last) >= QUIET_NANOS,
        FlowEnd::Active | FlowEnd::Evicted => false,
    };
    let talked = record.orig.payload > 0 && record.resp.payload > 0;
    if !over || record.tuple.proto != 6 || !talked {
        return None;
    }
    let (service, what) = match record.app {
        AppProto::Ssh => (Service::Ssh, ssh(record, session)?),
        AppProto::Rdp => (Service::Rdp, rdp(record)?),
        AppProto::Dcerpc => (Service::Dcerpc, dcerpc(record)?),
        AppProto::Vnc => (Service::Other, vnc(record)?),
        app if is_read(app) => return None,
        _ => (Service::Other, other(record)?),
    };
    Some(Attempt { tuple: record.tuple, service, what, user: None, time: record.last })
}

fn ssh(record: &FlowRecord, session: Option<&Session>) -> Option<What> {
    // A session lasts longer than a log-in may.
    if session.is_some_and(|s| s.opened) || record.duration_s() > GRACE_S {
        return None;
    }
    let (client, server) = (record.orig.payload, record.resp.payload);
    let Some([clear_client, clear_server]) = session.and_then(|s| s.sealed) else {
        let fits = SSH_WHOLE.contains(&client) && SSH_WHOLE.contains(&server);
        return fits.then_some(What::Short);
    };
    if client.saturating_sub(clear_client) < SSH_TRIED {
        return None;
    }
    let sealed = server.saturating_sub(clear_server);
    if sealed <= SSH_REFUSED {
        return Some(What::Failed);
    }
    (sealed <= SSH_BANNER).then_some(What::Short)
}

fn rdp(record: &FlowRecord) -> Option<What> {
    let tried = record.orig.payload >= RDP_TRIED && record.duration_s() <= GRACE_S;
    if tried && record.resp.payload <= RDP_REFUSED {
        return Some(What::Short);
    }
    (record.resp.payload > 5 * RDP_REFUSED).then_some(What::Succeeded)
}

fn dcerpc(record: &FlowRecord) -> Option<What> {
    let short = record.orig.payload <= RPC_SHORT && record.resp.payload <= RPC_SHORT;
    (short && record.tuple.dst_port != ENDPOINT_MAPPER).then_some(What::Short)
}

/// The answer to a challenge of 16 bytes (RFC 6143 section 7.2.2) and its refusal; a screen is
/// larger.
fn vnc(record: &FlowRecord) -> Option<What> {
    match (record.orig.payload, record.resp.payload) {
        (28..=120, 30..=300) => Some(What::Short),
        (_, 5_000..) => Some(What::Succeeded),
        _ => None,
    }
}

fn other(record: &FlowRecord) -> Option<What> {
    let login = LOGIN_PORTS.contains(&record.tuple.dst_port);
    let small = record.orig.payload.max(record.resp.payload) <= OTHER_SHORT;
    (login && small && record.duration_s() <= OTHER_S).then_some(What::Short)
}
