//! SSDP (UPnP Device Architecture 2.0, section 1): searches, announcements and answers.

use super::Parsed;
use super::read::{split_line, split_word, starts_no_case};
use crate::HostileStr;

/// The longest header value that is kept.
const VALUE_MAX: usize = 256;
/// How many header lines are looked at.
const LINES_MAX: usize = 64;

/// One SSDP message.
#[derive(Clone, Debug, PartialEq)]
pub struct SsdpMessage {
    /// What it is.
    pub kind: SsdpKind,
    /// `ST`: what is searched or what answers.
    pub search_target: Option<HostileStr>,
    /// `NT`: what announces itself.
    pub notification_type: Option<HostileStr>,
    /// `USN`: unique service name.
    pub unique_name: Option<HostileStr>,
    /// `SERVER`: operating system and product.
    pub server: Option<HostileStr>,
    /// `LOCATION`: where the description is.
    pub location: Option<HostileStr>,
}

/// Kinds of SSDP messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SsdpKind {
    /// `M-SEARCH`.
    Search,
    /// `NOTIFY`.
    Notify,
    /// `HTTP/1.1 200`.
    Response,
}

/// Reads the payload of a UDP datagram.
pub fn parse_udp(payload: &[u8]) -> Parsed<SsdpMessage> {
    let kind = if starts_no_case(payload, b"M-SEARCH ") {
        SsdpKind::Search
    } else if starts_no_case(payload, b"NOTIFY ") {
        SsdpKind::Notify
    } else if starts_no_case(payload, b"HTTP/1.") {
        SsdpKind::Response
    } else {
        return Parsed::NotThis;
    };
    let mut message = SsdpMessage {
        kind,
        search_target: None,
        notification_type: None,
        unique_name: None,
        server: None,
        location: None,
    };
    let mut rest = split_line(payload).map_or(&[][..], |(_, rest)| rest);
    for _ in 0..LINES_MAX {
        let (line, after) = split_line(rest).unwrap_or((rest, &[]));
        if line.is_empty() {
            break;
        }
        keep_header(&mut message, line);
        rest = after;
    }
    Parsed::Fact { fact: message, consumed: payload.len() }
}

fn keep_header(message: &mut SsdpMessage, line: &[u8]) {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else { return };
    let (name, _) = split_word(line.get(..colon).unwrap_or_default());
    let slot = match name.to_ascii_uppercase().as_slice() {
        b"ST" => &mut message.search_target,
        b"NT" => &mut message.notification_type,
        b"USN" => &mut message.unique_name,
        b"SERVER" => &mut message.server,
        b"LOCATION" => &mut message.location,
        _ => return,
    };
    let value = line.get(colon + 1..).unwrap_or_default().trim_ascii();
    *slot = Some(HostileStr::capped(value, VALUE_MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_a_search_and_of_an_answer() {
        let search =
            b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\n\
            MX: 1\r\nst:upnp:rootdevice\r\n\r\n";
        let fact = parse_udp(search).fact().unwrap();
        assert_eq!(fact.kind, SsdpKind::Search);
        assert_eq!(fact.search_target.unwrap().as_bytes(), b"upnp:rootdevice");
        let answer = b"HTTP/1.1 200 OK\nSERVER: Linux/3.14 UPnP/1.0 Box/1\nUSN: uuid:1::x\n";
        let fact = parse_udp(answer).fact().unwrap();
        assert_eq!(fact.kind, SsdpKind::Response);
        assert_eq!(fact.server.unwrap().as_bytes(), b"Linux/3.14 UPnP/1.0 Box/1");
        assert_eq!(fact.unique_name.unwrap().as_bytes(), b"uuid:1::x");
        assert_eq!(parse_udp(b"GET / HTTP/1.1\r\n"), Parsed::NotThis);
    }
}
