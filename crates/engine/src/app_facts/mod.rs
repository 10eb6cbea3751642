//! Drives the application parsers of `wire` over datagrams and streams, and keeps the names they
//! find with the flow.
//!
//! A TCP connection is recognised by the first bytes of both directions, then its parser is fed in
//! order until it has what it wants. A packet that holds a whole message is parsed where it lies;
//! bytes are kept only while a message is incomplete, and at most 16 KiB a direction.

mod buffer;
mod datagram;
mod echo;
mod lines;
mod names;
mod signs;
mod ssh;
mod tls;

pub(crate) use datagram::datagram;
pub(crate) use signs::signs_in;

use crate::flow::{Flow, Side};
use crate::keyword::{RequestParts, Sign};
use crate::observation::AppFact;
use crate::stream::Streams;
use anomalyzer_wire::app::http::{HttpHead, HttpPart, HttpSide, HttpStream};
use anomalyzer_wire::app::quic::QuicInitial;
use anomalyzer_wire::app::{AppProto, Parsed, dns, kerberos, rdp, recognise_tcp, smb};
use anomalyzer_wire::{Icmp, IpPacket, Timestamp};
use buffer::Buffer;
use echo::EchoState;
use lines::LineState;
use ssh::SshState;
use tls::TlsState;

/// Bytes of a direction within which the protocol must be recognised.
const RECOGNISE_MAX: usize = 1_024;

/// Facts that came out of one packet.
#[derive(Debug, Default)]
pub(crate) struct FactSink {
    pub(crate) facts: Vec<AppFact>,
    /// What keyword lists may name besides bytes.
    pub(crate) signs: Vec<Sign>,
    /// The requests of HTTP part by part, when somebody wants them.
    pub(crate) requests: Option<RequestParts>,
}

/// What is known of a flow's application protocol, and its half-read messages.
#[derive(Debug, Default)]
pub(crate) struct AppState {
    stage: Stage,
    prefixes: [Buffer; 2],
    finished: [bool; 2],
}

#[derive(Debug, Default)]
enum Stage {
    /// Not recognised yet: the prefixes hold what came so far.
    #[default]
    Unrecognised,
    Tls(Box<TlsState>),
    Http(Box<[HttpStream; 2]>),
    Lines(Box<LineState>),
    Ssh(Box<SshState>),
    /// Messages that follow each other, by one parser for both directions.
    Messages(fn(&[u8]) -> Parsed<AppFact>),
    Quic(Box<QuicInitial>),
    Echo(Box<EchoState>),
    Done,
}

impl AppState {
    /// True while the bytes of a side are wanted.
    pub(crate) fn wants(&self, side: Side) -> bool {
        !matches!(self.stage, Stage::Done) && !self.finished.get(side).copied().unwrap_or(true)
    }

    /// Bytes of a side were lost: parsers that need every byte stop reading it.
    pub(crate) fn lost(&mut self, side: Side, bytes: u32) {
        match &mut self.stage {
            Stage::Http(streams) => {
                if let Some(stream) = streams.get_mut(side) {
                    stream.skip(u64::from(bytes));
                }
            }
            // Sizes are judged by turns of both sides.
            Stage::Ssh(_) => self.done(),
            _ => self.finish(side),
        }
    }

    /// Bytes that half-read messages of TCP hold.
    pub(crate) fn held(&self) -> usize {
        let stage = match &self.stage {
            Stage::Tls(tls) => tls.held(),
            Stage::Http(streams) => streams.iter().map(HttpStream::held).sum(),
            Stage::Unrecognised
            | Stage::Lines(_)
            | Stage::Ssh(_)
            | Stage::Messages(_)
            | Stage::Quic(_)
            | Stage::Echo(_)
            | Stage::Done => 0,
        };
        stage + self.prefixes.iter().map(Buffer::len).sum::<usize>()
    }

    /// The part of an HTTP request's head that has come: it will not go on.
    pub(crate) fn unfinished_request(&self, client: Side) -> &[u8] {
        match &self.stage {
            Stage::Http(streams) => streams.get(client).map_or(&[], HttpStream::unfinished),
            _ => &[],
        }
    }

    fn finish(&mut self, side: Side) {
        if let Some(finished) = self.finished.get_mut(side) {
            *finished = true;
        }
        if let Some(prefix) = self.prefixes.get_mut(side) {
            prefix.clear();
        }
    }

    /// True for a flow of echo messages that is looked into.
    pub(crate) fn is_echo(&self) -> bool {
        matches!(self.stage, Stage::Echo(_))
    }

    /// What a flow of echo messages has to tell at its end.
    pub(crate) fn end_echo(&mut self, orig: Side) -> Option<AppFact> {
        let Stage::Echo(echo) = &mut self.stage else { return None };
        echo.finish(orig).map(|digest| AppFact::Echo(Box::new(digest)))
    }

    /// Reads no more.
    pub(crate) fn done(&mut self) {
        self.stage = Stage::Done;
        self.prefixes = [Buffer::default(), Buffer::default()];
    }
}

/// Begins to read a flow of echo messages.
pub(crate) fn begin_echo(flow: &mut Flow) {
    let app = AppState { stage: Stage::Echo(Box::default()), ..AppState::default() };
    flow.streams = Some(Box::new(Streams { app, ..Streams::default() }));
}

/// Takes an echo message; what the second before it had to tell.
pub(crate) fn echo(
    flow: &mut Flow,
    side: Side,
    now: Timestamp,
    icmp: &Icmp,
    ip: &IpPacket<'_>,
) -> Option<AppFact> {
    let orig = flow.orig;
    let Stage::Echo(state) = &mut flow.streams.as_mut()?.app.stage else { return None };
    let told = state.due(now, orig);
    state.take(side, now, icmp, ip.payload, ip.payload_len);
    told.map(|digest| AppFact::Echo(Box::new(digest)))
}

/// Takes the next bytes of a TCP direction.
pub(crate) fn stream(
    flow: &mut Flow,
    state: &mut AppState,
    side: Side,
    data: &[u8],
    sink: &mut FactSink,
) {
    if !state.wants(side) {
        return;
    }
    if !matches!(state.stage, Stage::Unrecognised) {
        return feed(flow, state, side, data, sink);
    }
    let Some(prefix) = state.prefixes.get_mut(side) else { return };
    let beyond = data.get(prefix.push(data)..).unwrap_or_default();
    let [a, b] = &state.prefixes;
    let (orig, resp) = if flow.orig == 0 { (a, b) } else { (b, a) };
    let told = recognise_tcp(orig.bytes(), resp.bytes(), flow.tuple().dst_port);
    let waited = orig.len().max(resp.len()) >= RECOGNISE_MAX;
    if told.need_more && !waited {
        return;
    }
    flow.app = told.proto;
    match (role(told.proto, orig.bytes()), role(told.proto, resp.bytes())) {
        (Some(Role::Client), _) | (None, Some(Role::Server)) => flow.client_is(flow.orig),
        (Some(Role::Server), _) | (None, Some(Role::Client)) => flow.client_is(1 - flow.orig),
        (None, None) => {}
    }
    state.stage = stage_of(told.proto, flow.orig);
    // What was held back for recognition goes to the parser, the originator's bytes first.
    let prefixes = std::mem::take(&mut state.prefixes);
    for held in [flow.orig & 1, 1 - (flow.orig & 1)] {
        if let Some(bytes) = prefixes.get(held).map(Buffer::bytes).filter(|b| !b.is_empty()) {
            feed(flow, state, held, bytes, sink);
        }
    }
    if !beyond.is_empty() {
        feed(flow, state, side, beyond, sink);
    }
}

/// Who says what begins a direction.
enum Role {
    Client,
    Server,
}

/// The role of a side by its first bytes, where they leave no doubt.
fn role(proto: AppProto, bytes: &[u8]) -> Option<Role> {
    match (proto, bytes) {
        (AppProto::Tls, [22, 3, _, _, _, 1, ..]) => Some(Role::Client),
        (AppProto::Tls, [22, 3, _, _, _, 2, ..])
        | (AppProto::Http, [b'H', b'T', b'T', b'P', b'/', b'1', b'.', ..]) => Some(Role::Server),
        (AppProto::Http, _) if recognise_tcp(bytes, &[], 0).proto == AppProto::Http => {
            Some(Role::Client)
        }
        _ => None,
    }
}

fn stage_of(proto: AppProto, client: Side) -> Stage {
    match proto {
        AppProto::Tls => Stage::Tls(Box::default()),
        AppProto::Http => {
            let side = |s: Side| if s == client { HttpSide::Client } else { HttpSide::Server };
            Stage::Http(Box::new([HttpStream::new(side(0)), HttpStream::new(side(1))]))
        }
        AppProto::Ftp | AppProto::Smtp | AppProto::Pop3 | AppProto::Imap | AppProto::Telnet => {
            Stage::Lines(Box::new(LineState::new(proto)))
        }
        AppProto::Ssh => Stage::Ssh(Box::default()),
        AppProto::Dns => Stage::Messages(|b| one(dns::parse_tcp(b), AppFact::Dns)),
        AppProto::Smb => Stage::Messages(smb_message),
        AppProto::Kerberos => Stage::Messages(|b| one(kerberos::parse_tcp(b), AppFact::Kerberos)),
        AppProto::Rdp => Stage::Messages(|b| one(rdp::parse_request(b), AppFact::Rdp)),
        _ => Stage::Done,
    }
}

fn one<T>(parsed: Parsed<T>, make: impl FnOnce(T) -> AppFact) -> Parsed<AppFact> {
    parsed.map(make)
}

/// SMB behind the frames that open a NetBIOS session.
fn smb_message(bytes: &[u8]) -> Parsed<AppFact> {
    let opening = smb::session_frame_len(bytes).unwrap_or(0);
    let Some(rest) = bytes.get(opening..).filter(|rest| !rest.is_empty()) else {
        return Parsed::NeedMore;
    };
    match smb::parse(rest) {
        Parsed::Fact { fact, consumed } => {
            Parsed::Fact { fact: AppFact::Smb(fact), consumed: consumed + opening }
        }
        Parsed::NeedMore => Parsed::NeedMore,
        Parsed::NotThis => Parsed::NotThis,
    }
}

fn feed(flow: &mut Flow, state: &mut AppState, side: Side, data: &[u8], sink: &mut FactSink) {
    let before = sink.facts.len();
    match &mut state.stage {
        Stage::Tls(tls) => {
            if !tls.feed(side == flow.orig, data, sink) {
                state.finish(side);
            }
        }
        Stage::Http(streams) => {
            let Some(stream) = streams.get_mut(side) else { return };
            stream.feed_parts(data, &mut |part| http_part(part, side == flow.orig, sink));
            if stream.gave_up() {
                state.finish(side);
            }
        }
        Stage::Lines(lines) => {
            if !lines.feed(side, side == flow.orig, data, sink) {
                state.finish(side);
            }
        }
        Stage::Ssh(ssh) => {
            let Some(prefix) = state.prefixes.get_mut(side) else { return };
            if !ssh.feed(side, side == flow.orig, data, prefix, sink) {
                state.finished = [true; 2];
            }
        }
        Stage::Messages(parse) => {
            let parse = *parse;
            let Some(prefix) = state.prefixes.get_mut(side) else { return };
            let goes_on = prefix.messages(data, parse, sink);
            if !goes_on || flow.app == AppProto::Rdp && !sink.facts.is_empty() {
                state.finish(side);
            }
        }
        Stage::Unrecognised | Stage::Quic(_) | Stage::Echo(_) | Stage::Done => {}
    }
    for fact in sink.facts.iter().skip(before) {
        names::learn(flow, side, fact);
    }
    if state.finished == [true; 2] {
        state.done();
    }
}

/// Takes a part of an HTTP direction.
fn http_part(part: HttpPart<'_>, by_client: bool, sink: &mut FactSink) {
    let requests = sink.requests.as_mut().filter(|_| by_client);
    match part {
        HttpPart::Head(head, bytes) => {
            if let Some(requests) = requests {
                requests.head(bytes);
            }
            sink.facts.push(match head {
                HttpHead::Request(request) => {
                    sink.signs.extend(signs::of_request(&request));
                    AppFact::HttpRequest(request)
                }
                HttpHead::Response(response) => AppFact::HttpResponse(response),
            });
        }
        HttpPart::Body(bytes) | HttpPart::Rest(bytes) => {
            if let Some(requests) = requests {
                requests.body(bytes);
            }
        }
    }
}
