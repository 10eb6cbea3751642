//! Kerberos 5 messages (RFC 4120): who asks for what, and why it was refused.

use super::Parsed;
use super::read::{Reader, usize_of};
use super::tls::der::{Der, INTEGER, SEQUENCE, small_integer};
use crate::HostileStr;

/// The longest message that is read from a stream.
const MESSAGE_MAX: u32 = 64 * 1024;
/// The longest name that is kept.
const NAME_MAX: usize = 255;
/// The most encryption types that are kept, and parts of a name that are joined.
const LIST_MAX: usize = 16;
/// GeneralString.
const STRING: u8 = 0x1b;

/// A Kerberos message.
#[derive(Clone, Debug, PartialEq)]
pub struct KerberosMessage {
    /// What it is.
    pub kind: KerberosKind,
    /// Of an error: 6 unknown client, 18 locked, 24 wrong password, 25 pre-authentication needed.
    pub error_code: Option<u32>,
    /// The client's name, parts joined by `/`.
    pub client: Option<HostileStr>,
    /// The realm.
    pub realm: Option<HostileStr>,
    /// The service's name, parts joined by `/`.
    pub service: Option<HostileStr>,
    /// Encryption types that the client offers, at most 16.
    pub encryption_types: Vec<u32>,
    /// The request or answer holds pre-authentication data.
    pub preauthenticated: bool,
}

/// Kinds of Kerberos messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KerberosKind {
    /// Asks for a ticket-granting ticket.
    AsReq,
    /// Gives it: the login succeeded.
    AsRep,
    /// Asks for a service's ticket.
    TgsReq,
    /// Gives it.
    TgsRep,
    /// Refusal.
    Error,
}

/// Reads the payload of a UDP datagram.
pub fn parse_udp(payload: &[u8]) -> Parsed<KerberosMessage> {
    match message(payload) {
        Some(fact) => Parsed::Fact { fact, consumed: payload.len() },
        None => Parsed::NotThis,
    }
}

/// Reads the next message of a TCP direction: a 32-bit length and a message.
pub fn parse_tcp(prefix: &[u8]) -> Parsed<KerberosMessage> {
    let mut r = Reader::new(prefix);
    let Some(len) = r.u32() else { return Parsed::NeedMore };
    if !(10..=MESSAGE_MAX).contains(&len) || r.rest().first().is_some_and(|t| kind_of(*t).is_none())
    {
        return Parsed::NotThis;
    }
    let Some(bytes) = r.take(usize_of(len)) else { return Parsed::NeedMore };
    match message(bytes) {
        Some(fact) => Parsed::Fact { fact, consumed: r.at() },
        None => Parsed::NotThis,
    }
}

const fn kind_of(tag: u8) -> Option<KerberosKind> {
    Some(match tag {
        0x6a => KerberosKind::AsReq,
        0x6b => KerberosKind::AsRep,
        0x6c => KerberosKind::TgsReq,
        0x6d => KerberosKind::TgsRep,
        0x7e => KerberosKind::Error,
        _ => return None,
    })
}

fn message(bytes: &[u8]) -> Option<KerberosMessage> {
    let outer = Der::new(bytes).next()?;
    let kind = kind_of(outer.tag)?;
    let mut message = KerberosMessage {
        kind,
        error_code: None,
        client: None,
        realm: None,
        service: None,
        encryption_types: Vec::new(),
        preauthenticated: false,
    };
    let fields = Der::new(Der::new(outer.contents).expect(SEQUENCE)?);
    match kind {
        KerberosKind::AsReq | KerberosKind::TgsReq => request(&mut message, fields),
        KerberosKind::AsRep | KerberosKind::TgsRep => {
            message.preauthenticated = fields.find(field(2)).is_some();
            message.realm = fields.find(field(3)).and_then(string);
            message.client = fields.find(field(4)).and_then(name);
        }
        KerberosKind::Error => {
            message.error_code = fields.find(field(6)).and_then(integer);
            message.client = fields.find(field(8)).and_then(name);
            message.realm = fields.find(field(9)).and_then(string);
            message.service = fields.find(field(10)).and_then(name);
        }
    }
    Some(message)
}

fn request(message: &mut KerberosMessage, fields: Der<'_>) {
    message.preauthenticated = fields.find(field(3)).is_some_and(has_proof);
    let body = fields.find(field(4)).and_then(|body| Der::new(body).expect(SEQUENCE));
    let body = Der::new(body.unwrap_or_default());
    message.client = body.find(field(1)).and_then(name);
    message.realm = body.find(field(2)).and_then(string);
    message.service = body.find(field(3)).and_then(name);
    let types = body.find(field(8)).and_then(|types| Der::new(types).expect(SEQUENCE));
    let mut types = Der::new(types.unwrap_or_default());
    let numbers = std::iter::from_fn(|| types.expect(INTEGER)).take(LIST_MAX);
    message.encryption_types = numbers.filter_map(small_integer).collect();
}

/// Any pre-authentication element but PA-PAC-REQUEST (128), which proves nothing.
fn has_proof(padata: &[u8]) -> bool {
    let mut list = Der::new(Der::new(padata).expect(SEQUENCE).unwrap_or_default());
    std::iter::from_fn(|| list.expect(SEQUENCE)).take(LIST_MAX).any(|element| {
        let kind = Der::new(element).find(field(1)).and_then(integer);
        matches!(kind, Some(2 | 16 | 17 | 136 | 138 | 1))
    })
}

/// The tag of a context-specific field.
const fn field(number: u8) -> u8 {
    0xa0 | number
}

fn integer(contents: &[u8]) -> Option<u32> {
    small_integer(Der::new(contents).expect(INTEGER)?)
}

fn string(contents: &[u8]) -> Option<HostileStr> {
    Der::new(contents).expect(STRING).map(|text| HostileStr::capped(text, NAME_MAX))
}

/// PrincipalName: its type, then its parts.
fn name(contents: &[u8]) -> Option<HostileStr> {
    let parts = Der::new(Der::new(contents).expect(SEQUENCE)?).find(field(1))?;
    let mut parts = Der::new(Der::new(parts).expect(SEQUENCE)?);
    let parts: Vec<&[u8]> = std::iter::from_fn(|| parts.expect(STRING)).take(LIST_MAX).collect();
    Some(HostileStr::capped(&parts.join(&b'/'), NAME_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
        let len = u8::try_from(contents.len()).unwrap();
        let head = if len < 128 { vec![tag, len] } else { vec![tag, 0x81, len] };
        [&head[..], contents].concat()
    }

    fn principal(parts: &[&[u8]]) -> Vec<u8> {
        let parts: Vec<u8> = parts.iter().flat_map(|part| tlv(STRING, part)).collect();
        let fields = [tlv(0xa0, &tlv(2, &[1])), tlv(0xa1, &tlv(0x30, &parts))];
        tlv(0x30, &fields.concat())
    }

    fn as_req(padata_kind: u8) -> Vec<u8> {
        let types: Vec<u8> = [18u8, 17, 23].iter().flat_map(|t| tlv(2, &[*t])).collect();
        let body = [
            tlv(0xa0, &tlv(3, &[0, 0x40, 0x81, 0, 0x10])),
            tlv(0xa1, &principal(&[b"alice"])),
            tlv(0xa2, &tlv(STRING, b"EXAMPLE.ORG")),
            tlv(0xa3, &principal(&[b"krbtgt", b"EXAMPLE.ORG"])),
            tlv(0xa8, &tlv(0x30, &types)),
        ];
        let element = tlv(0x30, &[tlv(0xa1, &tlv(2, &[0, padata_kind])), tlv(0xa2, b"")].concat());
        let fields = [
            tlv(0xa1, &tlv(2, &[5])),
            tlv(0xa2, &tlv(2, &[10])),
            tlv(0xa3, &tlv(0x30, &element)),
            tlv(0xa4, &tlv(0x30, &body.concat())),
        ];
        tlv(0x6a, &tlv(0x30, &fields.concat()))
    }

    #[test]
    fn a_request() {
        let fact = parse_udp(&as_req(128)).fact().unwrap();
        assert_eq!(fact.kind, KerberosKind::AsReq);
        assert_eq!(fact.client.unwrap().as_bytes(), b"alice");
        assert_eq!(fact.realm.unwrap().as_bytes(), b"EXAMPLE.ORG");
        assert_eq!(fact.service.unwrap().as_bytes(), b"krbtgt/EXAMPLE.ORG");
        assert_eq!(fact.encryption_types, [18, 17, 23]);
        assert!(!fact.preauthenticated && parse_udp(&as_req(2)).fact().unwrap().preauthenticated);
    }

    #[test]
    fn a_refusal_on_a_stream() {
        let fields = [
            tlv(0xa6, &tlv(2, &[24])),
            tlv(0xa8, &principal(&[b"bob"])),
            tlv(0xa9, &tlv(STRING, b"R")),
        ];
        let error = tlv(0x7e, &tlv(0x30, &fields.concat()));
        let stream = [&u32::try_from(error.len()).unwrap().to_be_bytes()[..], &error].concat();
        let Parsed::Fact { fact, consumed } = parse_tcp(&stream) else { panic!("an error") };
        assert_eq!((fact.kind, fact.error_code), (KerberosKind::Error, Some(24)));
        assert_eq!((fact.client.unwrap().as_bytes(), consumed), (&b"bob"[..], stream.len()));
        for cut in 0..stream.len() {
            assert_eq!(parse_tcp(&stream[..cut]), Parsed::NeedMore, "cut at {cut}");
        }
        assert_eq!(parse_tcp(b"GET / HTTP/1.1\r\n"), Parsed::NotThis);
    }
}
