//! UDP: the ports name the likely protocol, its content must agree; then content alone.

#![allow(clippy::match_same_arms, reason = "one arm for each kind of message")]
#![allow(clippy::enum_glob_use, reason = "tables of protocols read best without a prefix")]

use super::tcp::{after_der_length, is_openvpn_reset};
use crate::app::AppProto::{self, *};
use crate::app::dns;
use crate::app::read::{Reader, find, starts_no_case, usize_of};

/// Tells the protocol of a UDP datagram by its payload; the ports decide between readings that
/// the content leaves open.
pub fn recognise_udp(payload: &[u8], src_port: u16, dst_port: u16) -> AppProto {
    if payload.is_empty() {
        return Unknown;
    }
    // The server's side is the known port; of two known ports the destination's is tried first.
    for (port, other) in [(dst_port, src_port), (src_port, dst_port)] {
        let told = by_port(payload, port, other);
        if told != Unknown {
            return told;
        }
    }
    by_content(payload, src_port, dst_port)
}

fn by_port(payload: &[u8], port: u16, other: u16) -> AppProto {
    let when = |agrees: bool, proto: AppProto| if agrees { proto } else { Unknown };
    match port {
        53 => when(dns::is_plausible(payload), Dns),
        5353 => when(dns::is_plausible(payload), Mdns),
        5355 => when(dns::is_plausible(payload), Llmnr),
        137 => when(dns::is_plausible(payload), Nbns),
        138 => when(matches!(payload, [0x10..=0x16, ..]) && payload.len() >= 14, Nbds),
        67 | 68 => when(is_dhcp(payload, false), Dhcp),
        546 | 547 => when(matches!(payload, [1..=36, _, _, _, ..]), Dhcpv6),
        123 => when(is_ntp(payload), Ntp),
        161 | 162 => when(is_snmp(payload), Snmp),
        500 | 4500 => when(is_ike(payload, port), Ike),
        443 | 80 => when(is_quic(payload) || is_google_quic(payload), Quic),
        69 => when(is_tftp(payload), Tftp),
        88 => when(is_kerberos(payload), Kerberos),
        389 => when(matches!(payload, [0x30, ..]), Ldap),
        514 => when(matches!(payload, [b'<', b'0'..=b'9', ..]), Syslog),
        111 | 2049 => when(is_rpc(payload), Rpc),
        19 => when(other > 1023 || payload.len() > 70, Chargen),
        520 => when(matches!(payload, [1 | 2, 1 | 2, 0, 0, ..]), Rip),
        1812 | 1813 | 1645 | 1646 | 3799 => when(is_radius(payload), Radius),
        2055 | 9995 | 9996 | 4739 => when(is_netflow(payload), Netflow),
        427 => when(matches!(payload, [1 | 2, 1..=14, ..]), Slp),
        623 => when(matches!(payload, [6, 0, _, 6..=8 | 0x86, ..]), Rmcp),
        1701 => when(matches!(payload, [_, version, ..] if version & 15 == 2), L2tp),
        5350 | 5351 => when(matches!(payload, [0 | 2, 0..=2 | 0x80..=0x83, ..]), NatPmp),
        3478..=3481 | 19302..=19309 => when(is_old_stun(payload), Stun),
        6343 => when(matches!(payload, [0, 0, 0, 5, 0, 0, 0, 1 | 2, ..]), Sflow),
        11211 => when(matches!(payload, [_, _, _, _, _, _, 0, 0, _, ..]), Memcached),
        5683 => when(matches!(payload, [0x40..=0x78, code, _, _, ..] if code >> 5 <= 5), Coap),
        1194 => when(matches!(payload, [op, ..] if (1..=11).contains(&(op >> 3))), OpenVpn),
        47808 => when(matches!(payload, [0x81, 0..=0x0c, _, _, ..]), Bacnet),
        44818 => when(matches!(payload, [4 | 0x63 | 0x64, 0, _, _, ..]), Enip),
        _ => Unknown,
    }
}

fn by_content(payload: &[u8], src_port: u16, dst_port: u16) -> AppProto {
    let by_opening = match payload {
        [0..=3, ..] if is_stun(payload) => Stun,
        [1 | 2, ..] if is_dhcp(payload, true) => Dhcp,
        [1..=4, 0, 0, 0, ..] if is_wireguard(payload) => Wireguard,
        [0x14..=0x17, 0xfe, 0xfd | 0xff, ..] | [0x16, 1, 0, ..] if is_dtls(payload) => Dtls,
        [0xc0..=0xff, ..] if is_quic(payload) => Quic,
        [0x09 | 0x0d | 0x0c, ..] if is_google_quic(payload) => Quic,
        [0x30, ..] if is_snmp(payload) => Snmp,
        [0x38 | 0x40 | 0x50, ..] if is_openvpn_reset(payload) => OpenVpn,
        [b'A'..=b'Z' | b'<' | b'd', ..] => text(payload),
        [0x80..=0x8f, ..] => rtp_or_rtcp(payload, src_port, dst_port),
        _ => Unknown,
    };
    if by_opening == Unknown && dns::is_certain(payload) { Dns } else { by_opening }
}

fn text(payload: &[u8]) -> AppProto {
    const SIP: [&[u8]; 8] = [
        b"INVITE sip",
        b"REGISTER sip",
        b"OPTIONS sip",
        b"ACK sip",
        b"BYE sip",
        b"CANCEL sip",
        b"SUBSCRIBE sip",
        b"NOTIFY sip",
    ];
    let is = |head: &[u8]| payload.starts_with(head);
    let answers_search = is(b"HTTP/1.1 200 OK") && has_search_target(payload);
    if is(b"M-SEARCH * ") || is(b"NOTIFY * ") || answers_search {
        Ssdp
    } else if is(b"SIP/2.0 ") || SIP.iter().any(|head| is(head)) {
        Sip
    } else if is(b"d1:ad2:id20:") || is(b"d1:rd2:id20:") || is(b"BT-SEARCH ") {
        Bittorrent
    } else if is(b"<?xml") && find(payload, b"schemas.xmlsoap.org/ws/2005/04/discovery").is_some() {
        Wsd
    } else if is(b"<") && is_syslog(payload) {
        Syslog
    } else {
        Unknown
    }
}

fn has_search_target(payload: &[u8]) -> bool {
    payload.split(|byte| *byte == b'\n').take(32).any(|line| starts_no_case(line, b"ST:"))
}

/// `<PRI>` up to 191, then `1 ` (RFC 5424) or a month (RFC 3164).
fn is_syslog(payload: &[u8]) -> bool {
    let Some(end) = payload.iter().take(5).position(|byte| *byte == b'>') else { return false };
    let digits = payload.get(1..end).unwrap_or_default();
    let after = payload.get(end + 1..).unwrap_or_default();
    let month =
        matches!(after, [b'A'..=b'S', b'a'..=b'u', b'a'..=b'z', b' ', b' ' | b'0'..=b'3', ..]);
    crate::app::read::decimal(digits).is_some_and(|pri| pri <= 191)
        && (after.starts_with(b"1 ") || month)
}

/// RFC 8489: the magic cookie and a length that fits.
fn is_stun(payload: &[u8]) -> bool {
    matches!(payload, [_, _, high, low, 0x21, 0x12, 0xa4, 0x42, ..]
        if payload.len() >= 20 + usize::from(u16::from_be_bytes([*high, *low])) && low.is_multiple_of(4))
}

/// RFC 3489, without a cookie: a known method and its exact length.
fn is_old_stun(payload: &[u8]) -> bool {
    matches!(payload, [0 | 1 | 8, 0..=0x20, high, low, ..]
        if payload.len() == 20 + usize::from(u16::from_be_bytes([*high, *low])))
}

/// BOOTP's fixed part; off its ports also the magic cookie behind it.
fn is_dhcp(payload: &[u8], cookie: bool) -> bool {
    payload.len() >= 236
        && matches!(payload, [1 | 2, 1..=32, 0..=16, ..])
        && (!cookie || payload.get(236..240) == Some(&[0x63, 0x82, 0x53, 0x63]))
}

/// The lengths of its four message types (WireGuard paper, section 5.4).
fn is_wireguard(payload: &[u8]) -> bool {
    match (payload.first(), payload.len()) {
        (Some(1), 148) | (Some(2), 92) | (Some(3), 64) => true,
        (Some(4), len) => len >= 32 && len.is_multiple_of(16),
        _ => false,
    }
}

fn is_dtls(payload: &[u8]) -> bool {
    let mut r = Reader::at_offset(payload, 11);
    r.u16().is_some_and(|len| len > 0 && usize::from(len) <= r.rest().len())
}

/// A long header (RFC 8999) of a version we know the shape of.
fn is_quic(payload: &[u8]) -> bool {
    let mut r = Reader::new(payload);
    let (Some(first), Some(version)) = (r.u8(), r.u32()) else { return false };
    let known = match version {
        // Google's versions 46 and up, drafts, mvfst, 1, 2, version negotiation, greasing.
        0x5130_3436..=0x5130_3530 | 0x5430_3530..=0x5430_3531 => true,
        0xff00_0001..=0xff00_0040 | 0xface_b000..=0xface_b010 => true,
        0 | 1 | 0x6b33_43cf => true,
        _ => version & 0x0f0f_0f0f == 0x0a0a_0a0a,
    };
    if !known || first & 0x80 == 0 || payload.len() < 20 {
        return false;
    }
    // Google's versions 46 packs both lengths in one byte.
    if version >> 24 == 0x51 {
        return true;
    }
    let ids_fit =
        r.vec8().is_some_and(|id| id.len() <= 20) && r.vec8().is_some_and(|id| id.len() <= 20);
    ids_fit && (version == 0 || payload.len() >= 40)
}

/// Google's QUIC up to version 43: public flags, connection id, version `Q0..`.
fn is_google_quic(payload: &[u8]) -> bool {
    matches!(
        payload,
        [0x09 | 0x0d | 0x0c, _, _, _, _, _, _, _, _, b'Q', b'0', b'0'..=b'9', b'0'..=b'9', ..]
    )
}

/// SEQUENCE { version, community OCTET STRING or v3 header SEQUENCE or v3 id INTEGER }.
fn is_snmp(payload: &[u8]) -> bool {
    payload.first() == Some(&0x30)
        && after_der_length(payload.get(1..).unwrap_or_default())
            .is_some_and(|inner| matches!(inner, [2, 1, 0 | 1, 4, ..] | [2, 1, 3, 0x30, ..]))
}

/// Version 1 to 4; modes 6 and 7 (control, private) are shorter than 48 bytes.
fn is_ntp(payload: &[u8]) -> bool {
    payload.first().is_some_and(|first| {
        (1..=4).contains(&(first >> 3 & 7))
            && match first & 7 {
                1..=5 => payload.len() >= 48,
                6 => payload.len() >= 12,
                7 => payload.len() >= 8,
                _ => false,
            }
    })
}

/// An ISAKMP header with its own length, the NAT keep-alive, or ESP behind port 4500.
fn is_ike(payload: &[u8], port: u16) -> bool {
    let header = match (port, payload) {
        (4500, [0xff]) => return true,
        (4500, [0, 0, 0, 0, header @ ..]) => header,
        // A non-zero SPI: ESP (RFC 3948).
        (4500, _) => return payload.len() > 16,
        _ => payload,
    };
    let len = header.get(24..28).and_then(|b| <[u8; 4]>::try_from(b).ok()).map(u32::from_be_bytes);
    matches!(header.get(17), Some(0x10 | 0x20)) && len.is_some_and(|n| usize_of(n) <= header.len())
}

/// Requests name a file and a mode; the rest is small and numbered.
fn is_tftp(payload: &[u8]) -> bool {
    match payload {
        [0, 1 | 2, rest @ ..] => rest.split(|byte| *byte == 0).nth(2).is_some(),
        [0, 3, _, _, ..] => payload.len() <= 516,
        [0, 4, _, _] | [0, 5, _, 0..=8, ..] => true,
        _ => false,
    }
}

/// AS-REQ, AS-REP, TGS-REQ, TGS-REP, AP-REQ, AP-REP, KRB-ERROR.
fn is_kerberos(payload: &[u8]) -> bool {
    matches!(payload, [0x6a..=0x6f | 0x7e, 0x01..=0x7f | 0x81 | 0x82, ..])
}

/// ONC RPC version 2 call or reply (RFC 5531).
fn is_rpc(payload: &[u8]) -> bool {
    matches!(
        payload,
        [_, _, _, _, 0, 0, 0, 0, 0, 0, 0, 2, ..] | [_, _, _, _, 0, 0, 0, 1, 0, 0, 0, 0 | 1, ..]
    )
}

fn is_radius(payload: &[u8]) -> bool {
    matches!(payload, [1..=5 | 11..=13 | 40..=45, _, high, low, ..]
        if payload.len() >= 20 && usize::from(u16::from_be_bytes([*high, *low])) == payload.len())
}

fn is_netflow(payload: &[u8]) -> bool {
    matches!(payload, [0, 1 | 5 | 7 | 9 | 10, ..]) && payload.len() >= 16
}

/// Version 2 without padding or extension. One packet proves little, so only RTCP with an exact
/// length and the static audio types with whole 10 ms blocks count (RFC 3550, RFC 3551).
fn rtp_or_rtcp(payload: &[u8], src_port: u16, dst_port: u16) -> AppProto {
    let mut r = Reader::at_offset(payload, 1);
    let (Some(kind), Some(word)) = (r.u8(), r.u16()) else { return Unknown };
    let rtcp_len = (usize::from(word) + 1) * 4;
    if (200..=204).contains(&kind)
        && rtcp_len >= 8
        && rtcp_len <= payload.len()
        && rtcp_len % 4 == 0
    {
        return Rtcp;
    }
    let body = payload.len().saturating_sub(12);
    let whole_blocks = match kind & 0x7f {
        0 | 8 => body > 0 && body.is_multiple_of(80) && body <= 960,
        3 => body > 0 && body.is_multiple_of(33),
        18 => body > 0 && (body.is_multiple_of(10) || body % 10 == 2) && body <= 240,
        9 => body > 0 && body.is_multiple_of(80) && body <= 960,
        _ => false,
    };
    let user_ports = src_port > 1023 && dst_port > 1023;
    if user_ports && whole_blocks && payload.first() == Some(&0x80) { Rtp } else { Unknown }
}
