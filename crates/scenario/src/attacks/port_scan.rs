//! Port scans of one host: many ports, one technique each, plus a mixed and a slow one.

use super::target::{Attacker, ports, probe_gap, tcp_answer, udp_answer};
use super::{Launch, Origin, Stage};
use crate::actor::{Context, MICRO, MILLI, SECOND, actor};
use crate::build::dns;
use crate::build::ip::Peer;
use crate::build::tcp::{self, ACK, FIN, PSH, RST, SYN, Segment, URG};
use crate::build::udp;
use crate::net;
use crate::rng::Rng;
use crate::session::{Road, Side, Step, TcpSession};
use crate::world::{FILES, HostId, LINUX, WEB};

/// What is sent to each port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probe {
    /// A segment with these flags.
    Segment(u8),
    /// A whole connection.
    Connect,
    /// A datagram.
    Udp,
}

/// A scan: probes in turn, number of ports, mean nanoseconds between probes.
#[derive(Clone, Copy)]
struct Style {
    probes: &'static [Probe],
    ports: usize,
    gap: i64,
}

pub(super) fn syn(stage: &mut Stage) -> Vec<Launch> {
    scan(stage, Style { probes: &[Probe::Segment(SYN)], ports: 1_000, gap: 1_200 * MICRO })
}

pub(super) fn connect(stage: &mut Stage) -> Vec<Launch> {
    scan(stage, Style { probes: &[Probe::Connect], ports: 600, gap: 8 * MILLI })
}

pub(super) fn fin(stage: &mut Stage) -> Vec<Launch> {
    scan(stage, Style { probes: &[Probe::Segment(FIN)], ports: 500, gap: 2 * MILLI })
}

pub(super) fn null(stage: &mut Stage) -> Vec<Launch> {
    scan(stage, Style { probes: &[Probe::Segment(0)], ports: 500, gap: 2 * MILLI })
}

pub(super) fn xmas(stage: &mut Stage) -> Vec<Launch> {
    let probes = &[Probe::Segment(FIN | PSH | URG)];
    scan(stage, Style { probes, ports: 500, gap: 2 * MILLI })
}

pub(super) fn ack(stage: &mut Stage) -> Vec<Launch> {
    scan(stage, Style { probes: &[Probe::Segment(ACK)], ports: 500, gap: 2 * MILLI })
}

pub(super) fn udp(stage: &mut Stage) -> Vec<Launch> {
    scan(stage, Style { probes: &[Probe::Udp], ports: 200, gap: 50 * MILLI })
}

pub(super) fn mixed(stage: &mut Stage) -> Vec<Launch> {
    let probes = &[Probe::Segment(SYN), Probe::Segment(FIN), Probe::Udp, Probe::Segment(0)];
    scan(stage, Style { probes, ports: 400, gap: 4 * MILLI })
}

pub(super) fn slow(stage: &mut Stage) -> Vec<Launch> {
    scan(stage, Style { probes: &[Probe::Segment(SYN)], ports: 100, gap: 15 * SECOND })
}

fn scan(stage: &mut Stage, style: Style) -> Vec<Launch> {
    let attacker = Attacker::of(stage, Origin::Inside);
    let victim = if attacker.host.is_some() { FILES } else { WEB };
    let ports = ports(style.ports, stage.rng);
    let mut scanner = Scanner { attacker, victim, style, rng: stage.rng.fork(), sent: 0 };
    let note = format!("{} ports", ports.len());
    let address = stage.world.hosts[victim].peer(0).ip;
    let act = actor(move |cx| {
        let port = *ports.get(scanner.sent)?;
        scanner.probe(cx, port);
        scanner.sent += 1;
        (scanner.sent < ports.len()).then(|| probe_gap(&mut scanner.rng, style.gap))
    });
    vec![Launch::new(&attacker.peer.ip, &address, note, act)]
}

/// A scan under way.
struct Scanner {
    attacker: Attacker,
    victim: HostId,
    style: Style,
    rng: Rng,
    sent: usize,
}

impl Scanner {
    fn probe(&mut self, cx: &mut Context<'_>, port: u16) {
        if let (0, Some(host)) = (self.sent, self.attacker.host) {
            net::neighbour(cx, host, self.victim, false);
        }
        let host = &cx.world.hosts[self.victim];
        let (target, open) = (host.peer(port), host.open.contains(&port));
        let source = self.rng.range(33_000, 61_000) as u16;
        match self.style.probes[self.sent % self.style.probes.len()] {
            Probe::Segment(flags) => self.segment(cx, source, (target, open), flags),
            Probe::Connect => self.connect(cx, source, (target, open)),
            Probe::Udp => self.datagram(cx, source, target),
        }
    }

    fn segment(
        &mut self,
        cx: &mut Context<'_>,
        source: u16,
        (target, open): (Peer, bool),
        flags: u8,
    ) {
        let from = self.attacker.peer.port(source);
        let seq = self.rng.next_u64() as u32;
        let ack = if flags & ACK != 0 { self.rng.next_u64() as u32 } else { 0 };
        let options: &[u8] = if flags == SYN { &[2, 4, 5, 0xb4] } else { &[] };
        let probe = Segment { seq, ack, flags, window: 1_024, options };
        let id = self.rng.next_u64() as u16;
        cx.emit(0, tcp::segment(&from, &target, id, &probe, &[]));
        let rtt = self.attacker.rtt;
        if tcp_answer(cx, rtt, (target, open), (from, &probe), &mut self.rng).is_some() {
            // The scanner's own system knows of no connection and resets it.
            let reset = Segment { seq: seq.wrapping_add(1), flags: RST, ..Segment::default() };
            cx.emit(rtt + 40 * MICRO, tcp::segment(&from, &target, 0, &reset, &[]));
        }
    }

    fn connect(&mut self, cx: &mut Context<'_>, source: u16, (target, open): (Peer, bool)) {
        let from = (self.attacker.peer.port(source), self.attacker.stack);
        let road = Road { rtt: self.attacker.rtt, ..Road::LAN };
        if open {
            let script = vec![Step::Wait(200 * MICRO), Step::Reset(Side::Client)];
            let session = TcpSession::new(from, (target, LINUX), road, script, self.rng.fork());
            cx.spawn(0, session);
        } else {
            let refused = net::refused(from, target, road.rtt, &mut self.rng);
            cx.spawn(0, refused);
        }
    }

    fn datagram(&mut self, cx: &mut Context<'_>, source: u16, target: Peer) {
        let from = self.attacker.peer.port(source);
        let payload = match target.port {
            53 => dns::message(0x1234, dns::QUERY, ("version.bind", dns::TXT), &[]),
            _ => Vec::new(),
        };
        let probe = udp::datagram(&from, &target, self.rng.next_u64() as u16, &payload);
        // Systems limit their ICMP errors: only some probes are answered (RFC 1812 section 4.3.2.8).
        if self.rng.chance(600) {
            udp_answer(cx, self.attacker.rtt, target, from, &probe);
        }
        cx.emit(0, probe);
    }
}
