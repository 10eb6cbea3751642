//! TCP: the first byte picks the checks.

#![allow(clippy::match_same_arms, reason = "one arm for each kind of message")]
#![allow(clippy::enum_glob_use, reason = "tables of protocols read best without a prefix")]

use super::Look::{self, Is, Maybe, No, Short};
use super::text;
use crate::app::AppProto::*;
use crate::app::{dns, read::find, read::usize_of};

/// What the first bytes of one direction tell.
pub(super) fn look(bytes: &[u8], port: u16) -> Look {
    let Some(first) = bytes.first() else { return Short };
    let by_opening = match first {
        0x14..=0x17 | 0x80..=0x82 => tls_or_netbios(bytes),
        0x03 => tpkt(bytes),
        0x04 | 0x05 => socks_or_rpc(bytes),
        0x10 => mqtt(bytes),
        0x12 if bytes.starts_with(b"\x12\x34") => Maybe(Ajp),
        0x12 => tds(bytes),
        0x13 if bytes.starts_with(b"\x13BitTorrent protocol") => Is(Bittorrent),
        // '0' also begins Git's packet lines.
        0x30 => match ldap(bytes) {
            No => text::look(bytes, port),
            told => told,
        },
        0x68 => iec104(bytes, port),
        0xff => telnet_or_bgp(bytes),
        b'\t' | b'\r' | b'\n' | b' '..=b'~' => text::look(bytes, port),
        _ => No,
    };
    match by_opening {
        No => length_prefixed(bytes, port),
        Short if bytes.len() < 8 => Short,
        Short => match length_prefixed(bytes, port) {
            No => Short,
            told => told,
        },
        told => told,
    }
}

fn tls_or_netbios(bytes: &[u8]) -> Look {
    match bytes {
        [0x14..=0x17, 3, 0..=4, high, ..] if *high <= 0x48 => Is(Tls),
        // SSL 2.0 ClientHello that offers 2.0 or 3.x.
        [0x80, 0x1c..=0xff, 1, 0, 2, ..] | [0x80, 0x1c..=0xff, 1, 3, 0..=3, ..] => Is(Tls),
        [0x81, 0, 0, 0x44, 0x20, ..] | [0x82, 0, 0, 0] => Is(Smb),
        [0x80 | 0x81, op @ 0..=0x20, ..] if bytes.len() >= 24 && memcached_binary(bytes, *op) => {
            Maybe(Memcached)
        }
        _ if bytes.len() < 5 => Short,
        _ => No,
    }
}

/// A memcached binary header that announces exactly the bytes that follow it.
fn memcached_binary(bytes: &[u8], op: u8) -> bool {
    let body = bytes.get(8..12).and_then(|b| <[u8; 4]>::try_from(b).ok()).map(u32::from_be_bytes);
    op <= 0x20 && body.is_some_and(|len| usize_of(len) == bytes.len() - 24)
}

fn tpkt(bytes: &[u8]) -> Look {
    match bytes {
        // X.224 connection request with a cookie or an RDP negotiation request behind it.
        [3, 0, _, _, _, 0xe0, 0, 0, _, _, _, b'C', b'o', b'o', b'k', b'i', b'e', ..]
        | [3, 0, 0, 0x13, 0x0e, 0xe0 | 0xd0, _, _, _, _, _, 1..=3, _, 8, 0, ..] => Is(Rdp),
        // Connection request of ISO transport with its parameters: S7 and its kin.
        [3, 0, 0, _, _, 0xe0 | 0xd0, _, _, _, _, _, 0xc0..=0xc2, ..] => Maybe(S7),
        [3, 0, _, _, 2, 0xf0, 0x80, 0x32, ..] => Is(S7),
        [3, 0, _, _, 2, 0xf0, 0x80, 0x7f, 0x65, ..] => Is(Rdp),
        [3, 0, 0, 0x0b, 6, 0xe0 | 0xd0, ..] => Maybe(Rdp),
        _ if bytes.len() < 12 => Short,
        _ => No,
    }
}

fn socks_or_rpc(bytes: &[u8]) -> Look {
    match bytes {
        [5, 0 | 1, 0..=19, _, 0x10 | 0, 0, 0, 0, ..] => Is(Dcerpc),
        [5, 0x64, 5..=255, _, ..] if bytes.len() >= 10 => Is(Dnp3),
        [5, methods, rest @ ..] if *methods > 0 && rest.len() == usize::from(*methods) => {
            Maybe(Socks)
        }
        [5, 0 | 2 | 0xff] => Maybe(Socks),
        // SOCKS 4: command, port, address, user, 0.
        [4, 1 | 2, _, _, _, _, _, _, .., 0] if bytes.len() < 300 => Maybe(Socks),
        [5, ..] if bytes.len() < 8 => Short,
        _ => No,
    }
}

fn mqtt(bytes: &[u8]) -> Look {
    let head = bytes.get(..14).unwrap_or(bytes);
    if find(head, b"\0\x04MQTT").is_some() || find(head, b"\0\x06MQIsdp").is_some() {
        Is(Mqtt)
    } else if bytes.len() < 12 {
        Short
    } else {
        No
    }
}

/// TDS pre-login: its first option token is VERSION and the option list ends with 0xff.
fn tds(bytes: &[u8]) -> Look {
    match bytes {
        [0x12, 1, _, _, _, _, _, 0, 0, 0, _, 0, 6, ..] => Is(Tds),
        _ if bytes.len() < 13 => Short,
        _ => No,
    }
}

/// SEQUENCE { messageID INTEGER, protocolOp [APPLICATION n] }.
fn ldap(bytes: &[u8]) -> Look {
    let Some(inner) = after_der_length(bytes.get(1..).unwrap_or_default()) else {
        return if bytes.len() < 8 { Short } else { No };
    };
    let op = match inner {
        [2, 1, _, op, ..] | [2, 2, _, _, op, ..] | [2, 3, _, _, _, op, ..] => *op,
        [2, 4, _, _, _, _, op, ..] => *op,
        _ => return if inner.len() < 4 { Short } else { No },
    };
    match op {
        0x60..=0x68 | 0x6b..=0x6f | 0x73 | 0x77 | 0x78 | 0x42 | 0x4a | 0x50 => Is(Ldap),
        _ => No,
    }
}

/// What follows a DER length; `None` when it is cut or indefinite.
pub(super) fn after_der_length(bytes: &[u8]) -> Option<&[u8]> {
    match bytes {
        [0..=0x7f, rest @ ..]
        | [0x81, _, rest @ ..]
        | [0x82, _, _, rest @ ..]
        | [0x83, _, _, _, rest @ ..]
        | [0x84, _, _, _, _, rest @ ..] => Some(rest),
        _ => None,
    }
}

fn iec104(bytes: &[u8], port: u16) -> Look {
    match bytes {
        [0x68, 4, 0x07 | 0x0b | 0x13 | 0x23 | 0x43 | 0x83, 0, 0, 0, ..] => Is(Iec104),
        [0x68, 4, 1, 0, _, _] | [0x68, 14..=253, ..] if port == 2404 => Is(Iec104),
        _ => text::look(bytes, port),
    }
}

fn telnet_or_bgp(bytes: &[u8]) -> Look {
    match bytes {
        [0xff, 0xfb..=0xfe, option, ..] if *option != 0xff => Is(Telnet),
        [0xff, 0xfa, ..] => Maybe(Telnet),
        _ if bytes.len() >= 19 && bytes.starts_with(&[0xff; 16]) => {
            if matches!(bytes.get(18), Some(1..=5)) { Is(Bgp) } else { No }
        }
        _ if bytes.len() < 19 && bytes.iter().all(|byte| *byte == 0xff) => Short,
        [0xff] => Short,
        _ => No,
    }
}

/// Protocols that begin with a length or a counter, so that any first byte is possible.
fn length_prefixed(bytes: &[u8], port: u16) -> Look {
    match bytes {
        [0, _, _, _, 0xfd..=0xff, b'S', b'M', b'B', ..] => Is(Smb),
        [0, _, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, ..] => Is(Pptp),
        [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2e..=0x30] => Is(Postgres),
        [0, 0, _, _, 0, 3, 0, 0, b'a'..=b'z', ..] => Is(Postgres),
        [0, 0, _, _, 0x6a..=0x6d | 0x7e, 0x81 | 0x82, ..] => Is(Kerberos),
        // Handshake v10 of a MySQL server: sequence 0, version text; or its refusal.
        [_, _, 0, 0, 0x0a, b'3'..=b'9' | b'1', b'.' | b'0'..=b'9', ..] => Is(Mysql),
        [_, _, 0, 0, 0xff, code_low, 4, ..] if *code_low != 0 => Maybe(Mysql),
        [_, _, _, 0, _, _, _, _, _, _, _, _, op, 7, 0, 0, ..] if mongo_op(*op) => Is(Mongo),
        [_, _, _, _, _, _, _, _, 0, 0, 0, 0, ..] if enip(bytes) => Is(Enip),
        [_, _, 0, 0, high, low, _, function, ..] if modbus(bytes, *high, *low) => {
            match (port, function & 0x7f) {
                (502, 1..=127) => Is(Modbus),
                (_, 1..=6 | 15 | 16 | 23 | 43) => Maybe(Modbus),
                _ => No,
            }
        }
        [high, low, message @ ..] if dns_over_tcp(*high, *low, message, port) => {
            if port == 53 {
                Is(Dns)
            } else {
                Maybe(Dns)
            }
        }
        [high, low, packet @ ..] if openvpn(*high, *low, packet) => {
            if port == 1194 {
                Is(OpenVpn)
            } else {
                Maybe(OpenVpn)
            }
        }
        _ if bytes.len() < 8 => Short,
        _ => No,
    }
}

/// OP_UPDATE 2001 to OP_MSG 2013.
fn mongo_op(low: u8) -> bool {
    matches!(low, 0xd1..=0xd7 | 0xdc | 0xdd)
}

/// ListServices, ListIdentity, RegisterSession, SendRRData, SendUnitData with a fitting length.
fn enip(bytes: &[u8]) -> bool {
    matches!(bytes, [4 | 0x63..=0x65 | 0x6f | 0x70, 0, low, high, ..]
        if bytes.len() == 24 + usize::from(u16::from_le_bytes([*low, *high])))
}

fn modbus(bytes: &[u8], high: u8, low: u8) -> bool {
    let len = usize::from(u16::from_be_bytes([high, low]));
    (2..=254).contains(&len) && bytes.len() >= 8 && (bytes.len() - 6) % (len + 6) <= len
}

fn dns_over_tcp(high: u8, low: u8, message: &[u8], port: u16) -> bool {
    let len = usize::from(u16::from_be_bytes([high, low]));
    len >= 17 && (port == 53 || message.len() == len) && dns::is_plausible(message)
}

/// A hard reset with a length before it.
fn openvpn(high: u8, low: u8, packet: &[u8]) -> bool {
    let len = usize::from(u16::from_be_bytes([high, low]));
    packet.get(..len).is_some_and(is_openvpn_reset)
}

/// Hard reset of a client (V2, V3) or a server (V2): without HMAC its packet id is 0, with
/// tls-crypt the first packet number stands behind the session id.
pub(super) fn is_openvpn_reset(packet: &[u8]) -> bool {
    match (packet.first(), packet.len()) {
        (Some(0x38 | 0x50), 14 | 42 | 54 | 86) => {
            packet.ends_with(&[0; 5]) || packet.get(9..13) == Some(&[0, 0, 0, 1])
        }
        // One acknowledgement, the client's session id, packet id 0.
        (Some(0x40), 26) => packet.get(9) == Some(&1) && packet.ends_with(&[0; 4]),
        _ => false,
    }
}
