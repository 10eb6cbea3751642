//! Signs of attacks that are no bytes to search for: what a message leaves out, or lengths that do
//! not fit together. Keyword lists name them, so that they have a severity and can be left out.

use super::FactSink;
use super::tls::TlsState;
use crate::keyword::Sign;
use anomalyzer_wire::app::http::{HttpRequest, parse_request};
use anomalyzer_wire::{Addr, HostileStr};

/// What opens the content type of a form.
const FORM: &[u8] = b"application/x-www-form-urlencoded";

/// A form sent to a bare public address by a browser that says of no page that the form was on it.
/// Browsers name the page (or its site) with every form; programs that only pose as a browser, as
/// the clients of banking trojans do, forget it.
pub(super) fn of_request(request: &HttpRequest) -> Option<Sign> {
    let starts = |value: &Option<HostileStr>, text: &[u8]| {
        let value = value.as_ref().map(HostileStr::as_bytes).unwrap_or_default();
        value.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text))
    };
    let bare = request.host.as_ref().is_some_and(|host| is_public_address(host.as_bytes()));
    let form = request.method.as_bytes() == b"POST" && starts(&request.content_type, FORM);
    let poses = starts(&request.user_agent, b"Mozilla/") && request.referer.is_none();
    (bare && form && poses).then_some(Sign::HttpFormToAddress)
}

/// `203.0.113.9` or `203.0.113.9:8080`, unless it is private or local.
fn is_public_address(host: &[u8]) -> bool {
    let text = std::str::from_utf8(host).unwrap_or_default();
    let text = text.split_once(':').map_or(text, |(address, _)| address);
    let Ok(ip) = text.trim().parse::<std::net::Ipv4Addr>() else { return false };
    let addr = Addr::v4(ip.octets());
    addr.is_unicast() && !addr.is_private()
}

/// The signs in an example: the client's bytes, and the server's behind `\0server\0` where there
/// are some.
pub(crate) fn signs_in(example: &[u8]) -> Vec<Sign> {
    const MARK: &[u8] = b"\0server\0";
    let cut = example.windows(MARK.len()).position(|window| window == MARK);
    let (client, server) = match cut {
        Some(at) => (
            example.get(..at).unwrap_or_default(),
            example.get(at + MARK.len()..).unwrap_or_default(),
        ),
        None => (example, &[][..]),
    };
    let mut sink = FactSink::default();
    let mut tls = TlsState::default();
    tls.feed(true, client, &mut sink);
    tls.feed(false, server, &mut sink);
    if let Some(request) = parse_request(client).fact() {
        sink.signs.extend(of_request(&request));
    }
    sink.signs
}
