//! RDP's connection request and confirmation (MS-RDPBCGR sections 2.2.1.1 and 2.2.1.2).

use super::Parsed;
use super::read::{Reader, find, split_line};
use super::text::USER_MAX;
use crate::HostileStr;

/// The longest request that is read; honest ones are below 128 bytes.
const REQUEST_MAX: u16 = 1024;

/// A client's connection request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RdpRequest {
    /// The user name that the cookie gives, at most 64 bytes; clients cut it to 9.
    pub user: Option<HostileStr>,
    /// A load balancer's routing token is present.
    pub routing_token: bool,
    /// Security protocols asked for: bit 0 TLS, bit 1 CredSSP (network level authentication);
    /// `None` when the client asks for none (standard RDP security).
    pub protocols: Option<u32>,
}

/// A server's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RdpConfirm {
    /// Standard RDP security without negotiation.
    Plain,
    /// The protocol chosen: 0 standard, 1 TLS, 2 CredSSP.
    Protocol(u32),
    /// The server refuses, with its reason (5: network level authentication is required).
    Refused(u32),
}

/// Reads a client's connection request.
pub fn parse_request(prefix: &[u8]) -> Parsed<RdpRequest> {
    tpdu(prefix, 0xe0).map(|body| {
        let mut request = RdpRequest::default();
        let mut negotiation = body;
        if let Some((line, rest)) = split_line(body).filter(|_| body.starts_with(b"Cookie: ")) {
            negotiation = rest;
            match find(line, b"mstshash=") {
                Some(at) => {
                    let name = line.get(at + 9..).unwrap_or_default();
                    request.user = Some(HostileStr::capped(name, USER_MAX));
                }
                None => request.routing_token = true,
            }
        }
        request.protocols = negotiated(negotiation, 1);
        request
    })
}

/// Reads a server's connection confirmation.
pub fn parse_confirm(prefix: &[u8]) -> Parsed<RdpConfirm> {
    tpdu(prefix, 0xd0).map(|body| {
        let chosen = negotiated(body, 2).map(RdpConfirm::Protocol);
        chosen.or(negotiated(body, 3).map(RdpConfirm::Refused)).unwrap_or(RdpConfirm::Plain)
    })
}

/// What stands behind the fixed part of an X.224 connection TPDU with this code.
fn tpdu(prefix: &[u8], wanted: u8) -> Parsed<&[u8]> {
    let mut r = Reader::new(prefix);
    let start = prefix.get(..2).unwrap_or(prefix);
    let code = prefix.get(5);
    if !b"\x03\x00".starts_with(start) || code.is_some_and(|code| *code != wanted) {
        return Parsed::NotThis;
    }
    let (Some(_), Some(len)) = (r.u16(), r.u16()) else { return Parsed::NeedMore };
    if !(11..=REQUEST_MAX).contains(&len) {
        return Parsed::NotThis;
    }
    match prefix.get(..usize::from(len)).and_then(|whole| whole.get(11..)) {
        Some(fact) => Parsed::Fact { fact, consumed: usize::from(len) },
        None => Parsed::NeedMore,
    }
}

/// The value of a negotiation structure of this type: flags, length 8, 32 bits little-endian.
fn negotiated(body: &[u8], kind: u8) -> Option<u32> {
    match body {
        [first, _, 8, 0, value @ ..] if *first == kind => {
            value.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tpkt(code: u8, body: &[u8]) -> Vec<u8> {
        let len = u16::try_from(body.len() + 11).unwrap();
        let li = u8::try_from(body.len() + 6).unwrap();
        [&[3, 0][..], &len.to_be_bytes(), &[li, code, 0, 0, 0, 0, 0], body].concat()
    }

    #[test]
    fn requests() {
        let body = b"Cookie: mstshash=eltons\r\n\x01\x00\x08\x00\x03\x00\x00\x00";
        let whole = tpkt(0xe0, body);
        let fact = parse_request(&whole).fact().unwrap();
        assert_eq!(fact.user.unwrap().as_bytes(), b"eltons");
        assert_eq!((fact.protocols, fact.routing_token), (Some(3), false));
        for cut in 0..whole.len() {
            assert_eq!(parse_request(&whole[..cut]), Parsed::NeedMore, "cut at {cut}");
        }
        let token = parse_request(&tpkt(0xe0, b"Cookie: msts=3640205228.15629.0000\r\n"));
        assert!(token.fact().unwrap().routing_token);
        assert_eq!(parse_request(&tpkt(0xe0, b"")).fact().unwrap(), RdpRequest::default());
        assert_eq!(parse_request(b"\x16\x03\x01"), Parsed::NotThis);
    }

    #[test]
    fn confirmations() {
        let answer = |body: &[u8]| parse_confirm(&tpkt(0xd0, body)).fact().unwrap();
        assert_eq!(answer(b"\x02\x00\x08\x00\x02\x00\x00\x00"), RdpConfirm::Protocol(2));
        assert_eq!(answer(b"\x03\x00\x08\x00\x05\x00\x00\x00"), RdpConfirm::Refused(5));
        assert_eq!(answer(b""), RdpConfirm::Plain);
        assert_eq!(parse_confirm(&tpkt(0xe0, b"")), Parsed::NotThis);
    }
}
