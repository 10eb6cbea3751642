//! One door per parser for fuzzers and property tests: any bytes, no panic, an end.

use super::http::{HttpSide, HttpStream};
use super::{
    dhcp, dns, ftp, http, kerberos, mail, quic, rdp, recognise, smb, ssdp, ssh, telnet, text,
};
use super::{proto::AppProto, tls};

/// A door: takes any bytes.
pub type Door = fn(&[u8]);

/// Every parser with its name.
pub const DOORS: &[(&str, Door)] = &[
    ("recognise", recognise),
    ("dns", dns),
    ("tls_client", tls_client),
    ("tls_server", tls_server),
    ("certificate", certificate),
    ("quic", quic),
    ("http", http),
    ("dhcp", dhcp),
    ("ssh", ssh),
    ("text", text),
    ("smb", smb),
    ("kerberos", kerberos),
    ("rdp", rdp),
    ("ssdp", ssdp),
];

/// Both recognisers, the bytes as either direction.
pub fn recognise(bytes: &[u8]) {
    let (a, b) = bytes.split_at_checked(bytes.len() / 2).unwrap_or_default();
    for port in [21, 23, 25, 53, 80, 110, 143, 443, 445, 502, 1194, 2404, 6379, 11211, 50000] {
        let told = recognise::recognise_tcp(a, b, port);
        let told_alone = recognise::recognise_tcp(bytes, &[], port);
        debug_assert!(!(told.certain && told.need_more) && told.proto.name() != "");
        debug_assert!(!told_alone.certain || told_alone.proto != AppProto::Unknown);
        recognise::recognise_udp(bytes, 40_000, port);
        recognise::recognise_udp(bytes, port, port);
    }
}

/// DNS over both transports, NetBIOS names.
pub fn dns(bytes: &[u8]) {
    if let Some(message) = dns::parse_udp(bytes).fact() {
        for question in &message.questions {
            debug_assert!(question.name.wire_len() <= 255);
            debug_assert!(question.name.normalised().as_bytes().len() <= 2 * 255);
        }
        debug_assert!(message.answers.len() <= 64);
    }
    dns::parse_tcp(bytes);
    dns::parse_nbns(bytes);
    dns::is_certain(bytes);
}

/// Everything a client's TLS direction is asked.
pub fn tls_client(bytes: &[u8]) {
    for hello in [tls::client_hello(bytes), tls::dtls_client_hello(bytes)] {
        if let Some(hello) = hello.fact() {
            debug_assert_eq!(hello.ja4(tls::Ja4Transport::Tcp).len(), 36);
            debug_assert_eq!(hello.ja3().len(), 32);
        }
    }
    tls::client_hello_body(bytes);
    tls::encrypted_from(bytes);
}

/// Everything a server's TLS direction is asked.
pub fn tls_server(bytes: &[u8]) {
    if let Some(hello) = tls::server_flight(bytes).fact().and_then(|flight| flight.hello) {
        hello.ja3s();
    }
    tls::alerts(bytes);
    tls::heartbeats(bytes);
}

/// A certificate without records.
pub fn certificate(bytes: &[u8]) {
    tls::Certificate::parse(bytes);
}

/// Two datagrams of a QUIC client.
pub fn quic(bytes: &[u8]) {
    let mut state = quic::QuicInitial::new();
    let (a, b) = bytes.split_at_checked(bytes.len() / 2).unwrap_or_default();
    state.feed(bytes);
    state.feed(a);
    state.feed(b);
    quic::version(bytes);
}

/// HTTP heads and streams; the first byte cuts the rest into segments.
pub fn http(bytes: &[u8]) {
    http::parse_request(bytes);
    http::parse_response(bytes);
    let size = bytes.first().map_or(1, |first| usize::from(*first) + 1);
    for side in [HttpSide::Client, HttpSide::Server] {
        let mut stream = HttpStream::new(side);
        for segment in bytes.chunks(size) {
            stream.feed(segment, &mut |_| ());
            stream.skip(1);
        }
    }
}

/// Both versions of DHCP.
pub fn dhcp(bytes: &[u8]) {
    dhcp::parse_v4(bytes);
    dhcp::parse_v6(bytes);
}

/// SSH.
pub fn ssh(bytes: &[u8]) {
    if let Some(offer) = ssh::parse_kexinit(bytes).fact() {
        debug_assert_eq!(offer.hassh().len(), offer.hassh_server().len());
    }
    ssh::encrypted_from(bytes);
    let mut watch = ssh::SshWatch::default();
    for (at, piece) in bytes.chunks(97).enumerate() {
        watch.feed(at % 2 == 0, piece);
    }
}

/// FTP, mail and Telnet lines.
pub fn text(bytes: &[u8]) {
    let (shown, _) = telnet::visible(bytes);
    let (mut pop3, mut imap) = (mail::Pop3::default(), mail::Imap::default());
    let mut lines = text::Lines::default();
    for part in [bytes, &shown] {
        lines.feed(part, |line| {
            ftp::parse_client_line(line);
            ftp::parse_server_line(line);
            mail::parse_smtp_client_line(line);
            mail::parse_smtp_server_line(line);
            pop3.client_line(line);
            pop3.server_line(line);
            imap.client_line(line);
            imap.server_line(line);
            telnet::parse_server_line(line);
        });
    }
}

/// SMB.
pub fn smb(bytes: &[u8]) {
    smb::parse(bytes);
    smb::session_frame_len(bytes);
}

/// Kerberos over both transports.
pub fn kerberos(bytes: &[u8]) {
    kerberos::parse_udp(bytes);
    kerberos::parse_tcp(bytes);
}

/// RDP.
pub fn rdp(bytes: &[u8]) {
    rdp::parse_request(bytes);
    rdp::parse_confirm(bytes);
}

/// SSDP.
pub fn ssdp(bytes: &[u8]) {
    ssdp::parse_udp(bytes);
}

#[cfg(test)]
mod tests;
