//! DHCP and BOOTP messages.

use crate::app::Parsed;
use crate::app::read::Reader;
use crate::{Addr, HostileStr, Mac};

const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
/// The longest text that is kept.
const TEXT_MAX: usize = 255;

/// A DHCP message. Addresses that are 0.0.0.0 are absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DhcpMessage {
    /// 1 from a client, 2 from a server.
    pub op: u8,
    /// 1 discover, 2 offer, 3 request, 4 decline, 5 acknowledge, 6 refuse, 7 release, 8 inform;
    /// 0 for BOOTP.
    pub message_type: u8,
    /// Transaction id.
    pub xid: u32,
    /// The client's hardware address.
    pub client_mac: Mac,
    /// The client's present address.
    pub client_ip: Option<Addr>,
    /// The address that the server gives.
    pub your_ip: Option<Addr>,
    /// The server to boot from.
    pub next_server_ip: Option<Addr>,
    /// The relay that passed the message on.
    pub relay_ip: Option<Addr>,
    /// Host name (option 12).
    pub hostname: Option<HostileStr>,
    /// Vendor class (option 60).
    pub vendor_class: Option<HostileStr>,
    /// The address that the client wants (option 50).
    pub requested_ip: Option<Addr>,
    /// The server that answers or is chosen (option 54).
    pub server_id: Option<Addr>,
    /// The first router that is given (option 3).
    pub router: Option<Addr>,
    /// The first name server that is given (option 6).
    pub dns_server: Option<Addr>,
    /// The second name server that is given.
    pub dns_server_2: Option<Addr>,
    /// Lease time in seconds (option 51).
    pub lease_s: Option<u32>,
    /// Options that the client asks for, in its order (option 55): a fingerprint.
    pub parameter_list: Vec<u8>,
    /// Client identifier (option 61).
    pub client_id: Option<HostileStr>,
    /// Fully qualified name (option 81).
    pub fqdn: Option<HostileStr>,
    /// The options break off.
    pub damaged: bool,
}

/// Reads the payload of a UDP datagram.
pub fn parse_v4(payload: &[u8]) -> Parsed<DhcpMessage> {
    match message(payload) {
        Some(fact) => Parsed::Fact { fact, consumed: payload.len() },
        None => Parsed::NotThis,
    }
}

fn message(payload: &[u8]) -> Option<DhcpMessage> {
    let mut r = Reader::new(payload);
    let [op, _, mac_len, _] = r.array()?;
    if !matches!(op, 1 | 2) || mac_len > 16 {
        return None;
    }
    let xid = r.u32()?;
    // Seconds and flags.
    r.skip(4)?;
    let mut address = || r.array().map(|bytes| Some(Addr::v4(bytes)).filter(|a| is_set(*a)));
    let (client_ip, your_ip) = (address()?, address()?);
    let (next_server_ip, relay_ip) = (address()?, address()?);
    let client_mac = Mac(r.array()?);
    // The rest of the hardware address, server name and boot file.
    r.skip(10 + 64 + 128)?;
    let mut message = DhcpMessage {
        op,
        xid,
        client_mac,
        client_ip,
        your_ip,
        next_server_ip,
        relay_ip,
        ..DhcpMessage::default()
    };
    if r.array() == Some(COOKIE) {
        message.damaged = options(&mut message, &mut r).is_none();
    }
    Some(message)
}

fn is_set(address: Addr) -> bool {
    !address.is_unspecified()
}

/// Reads options up to the end mark; `None` when they break off before it.
fn options(message: &mut DhcpMessage, r: &mut Reader<'_>) -> Option<()> {
    loop {
        match r.u8()? {
            0 => {}
            255 => return Some(()),
            code => option(message, code, r.vec8()?),
        }
    }
}

fn option(message: &mut DhcpMessage, code: u8, value: &[u8]) {
    let text = || Some(HostileStr::capped(value, TEXT_MAX)).filter(|text| !text.is_empty());
    let address = || value.first_chunk().map(|bytes| Addr::v4(*bytes));
    match code {
        3 => message.router = address(),
        6 => {
            message.dns_server = address();
            let second = value.get(4..).and_then(|rest| rest.first_chunk());
            message.dns_server_2 = second.map(|bytes| Addr::v4(*bytes));
        }
        12 => message.hostname = text(),
        50 => message.requested_ip = address(),
        51 => message.lease_s = value.first_chunk().map(|bytes| u32::from_be_bytes(*bytes)),
        53 => message.message_type = value.first().copied().unwrap_or(0),
        54 => message.server_id = address(),
        55 => message.parameter_list = value.to_vec(),
        60 => message.vendor_class = text(),
        61 => message.client_id = text(),
        // Flags and two bytes of no use stand before the name.
        81 => message.fqdn = value.get(3..).map(|name| HostileStr::capped(name, TEXT_MAX)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn discover(options: &[u8]) -> Vec<u8> {
        let mut bytes = vec![1, 1, 6, 0, 0x39, 3, 0xf3, 0x26, 0, 0, 0, 0];
        bytes.extend([0; 12]);
        bytes.extend([10, 0, 0, 1]);
        bytes.extend([0, 0x0b, 0x82, 1, 0xfc, 0x42]);
        bytes.extend([0; 202]);
        bytes.extend(COOKIE);
        bytes.extend(options);
        bytes
    }

    #[test]
    fn a_request_with_options() {
        let options = b"\x35\x01\x03\x00\x3d\x03\x01ab\x0c\x05box-1\x32\x04\xc0\x00\x02\x09\
            \x36\x04\xc0\x00\x02\x01\x37\x03\x01\x03\x06\x3c\x04MSFT\x33\x04\0\0\x0e\x10\
            \x51\x08\0\0\0box-1\x06\x08\xc0\x00\x02\x03\xc0\x00\x02\x04\xff";
        let fact = parse_v4(&discover(options)).fact().unwrap();
        assert_eq!((fact.op, fact.message_type, fact.xid), (1, 3, 0x3903_f326));
        assert_eq!(fact.client_mac, Mac([0, 0x0b, 0x82, 1, 0xfc, 0x42]));
        assert_eq!((fact.client_ip, fact.relay_ip), (None, Some(Addr::v4([10, 0, 0, 1]))));
        assert_eq!(fact.hostname.unwrap().as_bytes(), b"box-1");
        assert_eq!(fact.fqdn.unwrap().as_bytes(), b"box-1");
        assert_eq!(fact.requested_ip, Some(Addr::v4([192, 0, 2, 9])));
        assert_eq!(fact.server_id, Some(Addr::v4([192, 0, 2, 1])));
        assert_eq!(fact.parameter_list, [1, 3, 6]);
        assert_eq!(fact.vendor_class.unwrap().as_bytes(), b"MSFT");
        assert_eq!((fact.lease_s, fact.damaged), (Some(3600), false));
        let dns = [fact.dns_server, fact.dns_server_2].map(Option::unwrap);
        assert_eq!(dns, [Addr::v4([192, 0, 2, 3]), Addr::v4([192, 0, 2, 4])]);
    }

    #[test]
    fn cut_messages() {
        let whole = discover(b"\x35\x01\x01\x0c\x03abc\xff");
        for cut in 0..whole.len() {
            let fact = parse_v4(&whole[..cut]).fact();
            assert_eq!(fact.is_some(), cut >= 236, "cut at {cut}");
            if cut >= 240 {
                assert!(fact.unwrap().damaged);
            }
        }
        assert_eq!(parse_v4(&[9; 300]), Parsed::NotThis);
    }
}
