//! Names and services announced on the segment: mDNS (RFC 6762), LLMNR (RFC 4795), NetBIOS names
//! and datagrams (RFC 1002), SSDP.

use std::net::IpAddr;

use super::dns::{self, Record};

/// An mDNS announcement of `host` with one service instance.
pub fn mdns_announcement(host: &str, ip: IpAddr, service: &str, port: u16, text: &str) -> Vec<u8> {
    let instance = format!("{host}.{service}.local");
    let name = format!("{host}.local");
    let unique = |mut record: Record| {
        record.class = 0x8001;
        record
    };
    let mut details = vec![text.len() as u8];
    details.extend_from_slice(text.as_bytes());
    let answers = [
        Record::pointer(&format!("{service}.local"), &instance, 4_500),
        unique(Record::service(&instance, &name, port, 120)),
        unique(Record { data: details, ..Record::text(&instance, b"", 4_500) }),
        unique(Record::address(&name, ip, 120)),
    ];
    dns::sections(0, 0x8400, None, &answers, &[])
}

/// An mDNS question for instances of `service`.
pub fn mdns_question(service: &str) -> Vec<u8> {
    dns::message(0, 0, (&format!("{service}.local"), dns::PTR), &[])
}

/// An LLMNR question for a single-label name.
pub fn llmnr_question(id: u16, name: &str) -> Vec<u8> {
    dns::message(id, 0, (name, dns::A), &[])
}

/// A NetBIOS name in its first-level encoding with this suffix byte.
fn netbios_name(name: &str, suffix: u8) -> String {
    let mut padded = name.to_uppercase().into_bytes();
    padded.resize(15, b' ');
    padded.push(suffix);
    padded
        .iter()
        .flat_map(|byte| [b'A' + (byte >> 4), b'A' + (byte & 15)])
        .map(char::from)
        .collect()
}

/// A broadcast question for a NetBIOS name.
pub fn netbios_question(id: u16, name: &str, suffix: u8) -> Vec<u8> {
    // Type 32 is NB; flags: recursion desired and broadcast.
    dns::message(id, 0x0110, (&netbios_name(name, suffix), 32), &[])
}

/// A search for UPnP devices.
pub fn ssdp_search(target: &str) -> Vec<u8> {
    format!(
        "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 2\r\n\
         ST: {target}\r\n\r\n"
    )
    .into_bytes()
}

/// An announcement of a UPnP device.
pub fn ssdp_notify(location: &str, server: &str, kind: &str) -> Vec<u8> {
    format!(
        "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nCACHE-CONTROL: max-age=1800\r\n\
         LOCATION: {location}\r\nNT: {kind}\r\nNTS: ssdp:alive\r\nSERVER: {server}\r\n\
         USN: uuid:5f9ec1b3-ed59-79bb-4530-745e1c8f6ad1::{kind}\r\n\r\n"
    )
    .into_bytes()
}

/// The answer of a UPnP device to a search.
pub fn ssdp_answer(location: &str, server: &str, kind: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nEXT:\r\nLOCATION: {location}\r\n\
         SERVER: {server}\r\nST: {kind}\r\nUSN: uuid:5f9ec1b3-ed59-79bb-4530-745e1c8f6ad1::{kind}\r\n\r\n"
    )
    .into_bytes()
}
