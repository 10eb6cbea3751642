//! DHCPv6 messages: what a client or server says of itself.

use crate::app::Parsed;
use crate::app::read::Reader;
use crate::{Addr, HostileStr, Mac};

/// The longest text that is kept.
const TEXT_MAX: usize = 255;
/// The longest unique identifier (RFC 8415 section 11.1).
const DUID_MAX: usize = 130;
/// How deep relayed messages are opened.
const RELAYS_MAX: usize = 8;

/// A DHCPv6 message; of a relayed one the message inside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dhcpv6Message {
    /// 1 solicit, 2 advertise, 3 request, 5 renew, 7 reply, 11 information request...
    pub message_type: u8,
    /// Transaction id (24 bits).
    pub xid: u32,
    /// The client's unique identifier.
    pub client_duid: Option<HostileStr>,
    /// The hardware address within the client's identifier, when it holds one.
    pub client_mac: Option<Mac>,
    /// The server's unique identifier.
    pub server_duid: Option<HostileStr>,
    /// The client's name (option 39), in labels as on the wire.
    pub fqdn: Option<HostileStr>,
    /// The first address that is leased (option 5 within option 3).
    pub address: Option<Addr>,
    /// The first name server that is given (option 23, RFC 3646).
    pub dns_server: Option<Addr>,
    /// The second name server that is given.
    pub dns_server_2: Option<Addr>,
    /// Vendor class (option 16).
    pub vendor_class: Option<HostileStr>,
    /// The relay next to the client.
    pub relay: Option<Addr>,
    /// The options break off.
    pub damaged: bool,
}

/// Reads the payload of a UDP datagram.
pub fn parse_v6(payload: &[u8]) -> Parsed<Dhcpv6Message> {
    match message(payload) {
        Some(fact) => Parsed::Fact { fact, consumed: payload.len() },
        None => Parsed::NotThis,
    }
}

fn message(payload: &[u8]) -> Option<Dhcpv6Message> {
    let mut message = Dhcpv6Message::default();
    let mut inner = payload;
    for _ in 0..RELAYS_MAX {
        let mut r = Reader::new(inner);
        let kind = r.u8()?;
        if !matches!(kind, 12 | 13) {
            break;
        }
        // Hop count and link address.
        r.skip(17)?;
        message.relay = Some(Addr::v6(r.array()?));
        inner = relayed(r)?;
    }
    let mut r = Reader::new(inner);
    message.message_type = r.u8().filter(|kind| matches!(kind, 1..=11 | 14..=36))?;
    message.xid = r.u24()?;
    message.damaged = options(&mut message, &mut r).is_none();
    Some(message)
}

/// The message that a relay carries (option 9).
fn relayed(mut r: Reader<'_>) -> Option<&[u8]> {
    loop {
        let code = r.u16()?;
        let value = r.vec16()?;
        if code == 9 {
            return Some(value);
        }
    }
}

fn options(message: &mut Dhcpv6Message, r: &mut Reader<'_>) -> Option<()> {
    while !r.is_empty() {
        let code = r.u16()?;
        let value = r.vec16()?;
        match code {
            1 => {
                message.client_duid = Some(HostileStr::capped(value, DUID_MAX));
                message.client_mac = mac_of(value);
            }
            2 => message.server_duid = Some(HostileStr::capped(value, DUID_MAX)),
            3 => message.address = leased(value).or(message.address),
            // Enterprise number and length stand before the class.
            16 => message.vendor_class = value.get(6..).map(|t| HostileStr::capped(t, TEXT_MAX)),
            23 => {
                message.dns_server = value.first_chunk().map(|bytes| Addr::v6(*bytes));
                let second = value.get(16..).and_then(|rest| rest.first_chunk());
                message.dns_server_2 = second.map(|bytes| Addr::v6(*bytes));
            }
            39 => message.fqdn = value.get(1..).map(|t| HostileStr::capped(t, TEXT_MAX)),
            _ => {}
        }
    }
    Some(())
}

/// Identifiers of kind 1 and 3 hold a hardware address; kind 1 also a time.
fn mac_of(duid: &[u8]) -> Option<Mac> {
    match duid {
        [0, 1, 0, 1, _, _, _, _, mac @ ..] | [0, 3, 0, 1, mac @ ..] => mac.try_into().ok().map(Mac),
        _ => None,
    }
}

/// The first address of an association: behind its id and two times.
fn leased(association: &[u8]) -> Option<Addr> {
    let mut r = Reader::at_offset(association, 12);
    loop {
        let code = r.u16()?;
        let value = r.vec16()?;
        if code == 5 {
            return value.first_chunk().map(|bytes| Addr::v6(*bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(code: u16, value: &[u8]) -> Vec<u8> {
        let len = u16::try_from(value.len()).unwrap();
        [&code.to_be_bytes()[..], &len.to_be_bytes(), value].concat()
    }

    #[test]
    fn a_relayed_solicit() {
        let association = [vec![0; 12], option(5, &[&[0x20; 16][..], &[0; 8]].concat())].concat();
        let solicit = [
            vec![1, 0xaa, 0xbb, 0xcc],
            option(1, &[0, 1, 0, 1, 9, 9, 9, 9, 2, 4, 6, 8, 10, 12]),
            option(39, b"\x01\x03box\x00"),
            option(3, &association),
            option(23, &[[0x21; 16], [0x22; 16]].concat()),
        ]
        .concat();
        let fact = parse_v6(&solicit).fact().unwrap();
        assert_eq!((fact.message_type, fact.xid, fact.damaged), (1, 0x00aa_bbcc, false));
        assert_eq!(fact.client_mac, Some(Mac([2, 4, 6, 8, 10, 12])));
        assert_eq!(fact.address, Some(Addr::v6([0x20; 16])));
        assert_eq!(fact.dns_server, Some(Addr::v6([0x21; 16])));
        assert_eq!(fact.dns_server_2, Some(Addr::v6([0x22; 16])));
        assert_eq!(fact.fqdn.as_ref().unwrap().as_bytes(), b"\x03box\x00");
        let mut relay = vec![12, 0];
        relay.extend([0; 16]);
        relay.extend([0xfe; 16]);
        relay.extend(option(18, b"port"));
        relay.extend(option(9, &solicit));
        let outer = parse_v6(&relay).fact().unwrap();
        assert_eq!(outer, Dhcpv6Message { relay: Some(Addr::v6([0xfe; 16])), ..fact });
        for cut in 0..solicit.len() {
            let cut_short = parse_v6(&solicit[..cut]).fact();
            assert_eq!(cut_short.is_some(), cut >= 4, "cut at {cut}");
        }
    }
}
