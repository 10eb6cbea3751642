//! Looks at every observation for what is on a threat list.
//!
//! Addresses of flows, names in DNS, TLS, QUIC and HTTP, certificates and fingerprints of hellos.
//! What a contact is worth is left to the detector `threat-list`. Without lists nothing is done.

use crate::observation::{
    AppFact, AppSeen, Contact, FlowOutcome, FlowStarted, ListedSeen, Observation, Outcome, Seen,
};
use crate::threat::{Hit, Indicators, Kind};
use anomalyzer_wire::app::dns::{DnsMessage, Rdata};
use anomalyzer_wire::app::tls::{ClientHello, Ja4Transport, ServerFlight};
use anomalyzer_wire::{Addr, HostileStr, Timestamp};
use std::net::IpAddr;
use std::sync::Arc;

/// Longest name that is looked up, as text: that of DNS.
const NAME_MAX: usize = 253;
/// Most contacts that one observation gives: a DNS answer may hold 64 addresses.
const CONTACTS_MAX: usize = 8;
/// IP protocol number of TCP.
const TCP: u8 = 6;

/// Collects the contacts of an observation in `out`.
pub(super) fn look(lists: &Arc<Indicators>, seen: &Seen, out: &mut Vec<ListedSeen>) {
    match &seen.what {
        Observation::FlowStarted(flow) => started(&mut Look { lists, now: seen.time, out }, flow),
        Observation::FlowOutcome(flow) => outcome(&mut Look { lists, now: seen.time, out }, flow),
        Observation::App(app) => fact(&mut Look { lists, now: seen.time, out }, app),
        _ => {}
    }
}

struct Look<'a> {
    lists: &'a Arc<Indicators>,
    now: Timestamp,
    out: &'a mut Vec<ListedSeen>,
}

/// A flow and the side that is not listed.
#[derive(Clone, Copy)]
struct At<'a> {
    id: &'a crate::flow::FlowId,
    tuple: &'a crate::flow::FiveTuple,
    host: Addr,
}

impl Look<'_> {
    fn address(&mut self, at: At<'_>, contact: Contact, addr: Addr) {
        if let Some(hit) = self.lists.address(addr, self.now) {
            self.push(at, contact, hit, HostileStr::from(addr.to_string().into_bytes()));
        }
    }

    /// A name as it came, in any case, with or without a dot at its end.
    fn name(&mut self, at: At<'_>, contact: Contact, name: &[u8]) {
        let name = name.strip_suffix(b".").unwrap_or(name);
        let name = name.strip_prefix(b"*.").unwrap_or(name);
        let mut lower = [0; NAME_MAX];
        let Some(lower) = lower.get_mut(..name.len()) else { return };
        for (to, from) in lower.iter_mut().zip(name) {
            *to = from.to_ascii_lowercase();
        }
        if let Some(hit) = self.lists.name(lower, self.now) {
            self.push(at, contact, hit, HostileStr::from(&*lower));
        }
    }

    fn fingerprint(&mut self, at: At<'_>, contact: Contact, kind: Kind, bytes: &[u8]) {
        if let Some(hit) = self.lists.fingerprint(kind, bytes, self.now) {
            self.push(at, contact, hit, HostileStr::default());
        }
    }

    fn push(&mut self, at: At<'_>, contact: Contact, hit: Hit, seen_as: HostileStr) {
        if self.out.len() >= CONTACTS_MAX {
            return;
        }
        let (id, tuple, lists) = (*at.id, *at.tuple, Arc::clone(self.lists));
        self.out.push(ListedSeen { id, tuple, host: at.host, contact, seen_as, hit, lists });
    }
}

fn started(look: &mut Look<'_>, flow: &FlowStarted) {
    let (id, tuple) = (&flow.id, &flow.tuple);
    let (tried, knocked) = (Contact::Tried, Contact::Knocked);
    look.address(At { id, tuple, host: tuple.src }, tried, tuple.dst);
    look.address(At { id, tuple, host: tuple.dst }, knocked, tuple.src);
}

/// The host's call counts as answered once its own packets are seen to have arrived: a lone
/// SYN-ACK may be the answer to somebody who forged the host's address.
fn outcome(look: &mut Look<'_>, flow: &FlowOutcome) {
    let (id, tuple) = (&flow.id, &flow.tuple);
    let talking = flow.outcome == Outcome::Talking;
    let both_ways = match flow.outcome {
        Outcome::Established => true,
        Outcome::Answered => tuple.proto != TCP,
        _ => talking,
    };
    if both_ways {
        look.address(At { id, tuple, host: tuple.src }, Contact::Reached, tuple.dst);
    }
    if talking {
        look.address(At { id, tuple, host: tuple.dst }, Contact::Talked, tuple.src);
    }
}

fn fact(look: &mut Look<'_>, app: &AppSeen) {
    let at = At { id: &app.id, tuple: &app.tuple, host: app.tuple.src };
    match &app.fact {
        AppFact::Dns(message) => dns(look, at, message),
        AppFact::TlsClient(hello) => client(look, at, hello, Ja4Transport::Tcp),
        AppFact::Quic(quic) => client(look, at, &quic.hello, Ja4Transport::Quic),
        AppFact::TlsServer(flight) => server(look, at, flight),
        AppFact::HttpRequest(request) => {
            if let Some(host) = &request.host {
                host_header(look, at, host.as_bytes());
            }
        }
        _ => {}
    }
}

/// The name of a query; names and addresses of an answer.
fn dns(look: &mut Look<'_>, at: At<'_>, message: &DnsMessage) {
    let names = look.lists.has(Kind::Name);
    if !message.response {
        for question in message.questions.iter().filter(|_| names) {
            look.name(at, Contact::Asked, question.name.normalised().as_bytes());
        }
        return;
    }
    for answer in &message.answers {
        match &answer.data {
            Rdata::A(addr) | Rdata::Aaaa(addr) => look.address(at, Contact::Resolved, *addr),
            Rdata::Cname(name) if names => {
                look.name(at, Contact::Resolved, name.normalised().as_bytes());
            }
            _ => {}
        }
    }
}

fn client(look: &mut Look<'_>, at: At<'_>, hello: &ClientHello, transport: Ja4Transport) {
    if let Some(name) = &hello.sni {
        look.name(at, Contact::Named, name.as_bytes());
    }
    if look.lists.has(Kind::Ja3) {
        look.fingerprint(at, Contact::Fingerprint, Kind::Ja3, &unhex(&hello.ja3()));
    }
    if look.lists.has(Kind::Ja4) {
        let ja4 = hello.ja4(transport);
        look.fingerprint(at, Contact::Fingerprint, Kind::Ja4, ja4.as_bytes());
    }
}

fn server(look: &mut Look<'_>, at: At<'_>, flight: &ServerFlight) {
    if let Some(hello) = &flight.hello
        && look.lists.has(Kind::Ja3s)
    {
        look.fingerprint(at, Contact::Fingerprint, Kind::Ja3s, &unhex(&hello.ja3s()));
    }
    let Some(certificate) = &flight.certificate else { return };
    look.fingerprint(at, Contact::Certificate, Kind::CertificateSha1, &certificate.sha1);
    look.fingerprint(at, Contact::Certificate, Kind::CertificateSha256, &certificate.sha256);
    for name in certificate.subject_cn.iter().chain(&certificate.dns_names) {
        look.name(at, Contact::Certificate, name.as_bytes());
    }
}

/// A `Host` header: a name or an address, with or without a port.
fn host_header(look: &mut Look<'_>, at: At<'_>, host: &[u8]) {
    let Ok(text) = std::str::from_utf8(host) else { return };
    let bare = text.strip_prefix('[').and_then(|rest| rest.split(']').next());
    let bare = bare.unwrap_or_else(|| text.split(':').next().unwrap_or_default());
    match bare.parse::<IpAddr>() {
        // The address of the connection itself is looked at already.
        Ok(ip) if Addr::from(ip) == at.tuple.dst => {}
        Ok(ip) => look.address(at, Contact::Named, ip.into()),
        Err(_) => look.name(at, Contact::Named, bare.as_bytes()),
    }
}

/// The bytes of a fingerprint in hexadecimal digits.
fn unhex(text: &str) -> Vec<u8> {
    let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let byte = |pair: &[u8]| pair.iter().filter_map(digit).fold(0, |byte, d| byte << 4 | d);
    text.as_bytes().chunks(2).map(byte).collect()
}
