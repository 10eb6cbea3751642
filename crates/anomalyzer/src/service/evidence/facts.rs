//! What an application message says, for the hex view of a packet: name of the protocol and fields.
//! Text from the wire is escaped here.

use anomalyzer_wire::HostileStr;
use anomalyzer_wire::app::{dns, http, tls};

/// Most answers of a name server that are told.
const ANSWERS_MAX: usize = 8;
/// Longest value.
const VALUE_CHARS_MAX: usize = 300;
/// Ports on which a datagram is a DNS message, if it can be one.
const DNS_PORTS: [u16; 3] = [53, 5353, 5355];

type Told = (&'static str, Vec<(&'static str, String)>);

/// A TCP segment's payload that begins a message.
pub(super) fn tcp(payload: &[u8]) -> Option<Told> {
    if let Some(hello) = tls::client_hello(payload).fact() {
        let mut fields = vec![
            ("message", "client hello".to_owned()),
            ("version", format!("{:#06x}", hello.version())),
            ("cipher suites", hello.cipher_suites.len().to_string()),
            ("JA3", hello.ja3()),
        ];
        fields.extend(text("server name", hello.sni.as_ref()));
        return Some(("TLS", fields));
    }
    if let Some(hello) = tls::server_flight(payload).fact().and_then(|flight| flight.hello) {
        let fields = vec![
            ("message", "server hello".to_owned()),
            ("version", format!("{:#06x}", hello.version)),
            ("cipher suite", format!("{:#06x}", hello.cipher_suite)),
        ];
        return Some(("TLS", fields));
    }
    request(payload).or_else(|| response(payload))
}

fn request(payload: &[u8]) -> Option<Told> {
    let head = http::parse_request(payload).fact()?;
    let mut fields = vec![("method", cut(&head.method)), ("target", cut(&head.target))];
    fields.extend(text("host", head.host.as_ref()));
    fields.extend(text("user agent", head.user_agent.as_ref()));
    fields.extend(text("content type", head.content_type.as_ref()));
    Some(("HTTP", fields))
}

fn response(payload: &[u8]) -> Option<Told> {
    let head = http::parse_response(payload).fact()?;
    let mut fields = vec![("status", head.status.to_string()), ("reason", cut(&head.reason))];
    fields.extend(text("server", head.server.as_ref()));
    fields.extend(text("content type", head.content_type.as_ref()));
    fields.extend(head.content_length.map(|n| ("content length", n.to_string())));
    Some(("HTTP", fields))
}

/// A datagram's payload.
pub(super) fn udp(payload: &[u8], ports: [u16; 2]) -> Option<Told> {
    if !ports.iter().any(|port| DNS_PORTS.contains(port)) {
        return None;
    }
    let message = dns::parse_udp(payload).fact()?;
    let mut fields = vec![
        ("kind", if message.response { "answer" } else { "question" }.to_owned()),
        ("id", format!("{:#06x}", message.id)),
    ];
    for question in &message.questions {
        fields.push(("name", cut(&question.name.normalised())));
        fields.push(("type", question.qtype.to_string()));
    }
    if message.response {
        fields.push(("result", message.rcode.to_string()));
        fields.push(("answers", message.answers.len().to_string()));
    }
    for answer in message.answers.iter().take(ANSWERS_MAX) {
        let value = match &answer.data {
            dns::Rdata::A(addr) | dns::Rdata::Aaaa(addr) => addr.to_string(),
            dns::Rdata::Cname(name) | dns::Rdata::Ns(name) | dns::Rdata::Ptr(name) => {
                cut(&name.normalised())
            }
            dns::Rdata::Txt(text) => cut(text),
            _ => format!("type {}, {} bytes", answer.rtype, answer.data_len),
        };
        fields.push(("answer", value));
    }
    Some(("DNS", fields))
}

fn text(name: &'static str, value: Option<&HostileStr>) -> Option<(&'static str, String)> {
    value.map(|value| (name, cut(value)))
}

fn cut(value: &HostileStr) -> String {
    value.escaped().chars().take(VALUE_CHARS_MAX).collect()
}
