//! What hosts do before they talk: neighbour resolution, name resolution, and the opening of a
//! connection, answered or not.

use std::net::IpAddr;

use crate::actor::{Actor, Context, MICRO, MINUTE, SECOND, actor};
use crate::build::arp::{self, Side as ArpSide};
use crate::build::dns;
use crate::build::icmp;
use crate::build::ip::Peer;
use crate::build::tcp::{self, ACK, RST, SYN, Segment};
use crate::build::udp;
use crate::rng::Rng;
use crate::session::{Road, Step, TcpSession};
use crate::world::{DNS, GATEWAY, HostId, LINUX, Stack};

/// The name server that ours asks.
pub(crate) const UPSTREAM_DNS: [u8; 4] = [192, 0, 2, 253];

/// Makes sure `host` knows the hardware address of `peer`; returns the time this takes.
pub(crate) fn neighbour(cx: &mut Context<'_>, host: HostId, peer: HostId, v6: bool) -> i64 {
    let now = cx.now.nanos();
    let known = cx.world.neighbours.get(&(host, peer, v6)).is_some_and(|until| *until > now);
    if known || host == peer {
        return 0;
    }
    let (a, b) = (cx.world.hosts[host].clone(), cx.world.hosts[peer].clone());
    let lasts = 4 * MINUTE + (now & 0xff_ffff_ffff) % (16 * MINUTE);
    cx.world.neighbours.insert((host, peer, v6), now + lasts);
    if !v6 {
        // Who is asked learns from the question (RFC 826).
        cx.world.neighbours.insert((peer, host, v6), now + lasts);
        let (asker, owner) = (ArpSide { mac: a.mac, ip: a.v4 }, ArpSide { mac: b.mac, ip: b.v4 });
        cx.emit(0, arp::request(asker, b.v4));
        cx.emit(180 * MICRO, arp::reply(owner, asker));
    } else if let (Some(from), Some(IpAddr::V6(target))) =
        (a.peer_v6(0), b.peer_v6(0).map(|peer| peer.ip))
    {
        let owner = b.peer_v6(0).unwrap_or(from);
        cx.emit(0, icmp::neighbour_solicitation(&from, target));
        cx.emit(180 * MICRO, icmp::neighbour_advertisement(&owner, &from, target));
    }
    250 * MICRO
}

/// Looks up site `site` as `host` does: from its cache, or from the name server, which may have to
/// ask further. Returns the time this takes.
pub(crate) fn resolve_site(cx: &mut Context<'_>, host: HostId, site: usize, rng: &mut Rng) -> i64 {
    let ttl = [60, 120, 300, 300, 900, 3_600][site % 6];
    let key = site as u32;
    let now = cx.now.nanos();
    if cx.world.names.get(&(host, key)).is_some_and(|until| *until > now) {
        return 0;
    }
    let info = cx.world.sites[site].clone();
    cx.world.names.insert((host, key), now + ttl * SECOND);
    let mut took = neighbour(cx, host, DNS, false);
    let server_knows = cx.world.names.get(&(DNS, key)).is_some_and(|until| *until > now);
    let mut wait = rng.span(150, 500) * MICRO;
    if !server_knows {
        cx.world.names.insert((DNS, key), now + ttl * SECOND);
        took += neighbour(cx, DNS, GATEWAY, false);
        let client = cx.world.hosts[DNS].peer(rng.range(10_000, 60_000) as u16);
        let server = cx.world.outside(IpAddr::from(UPSTREAM_DNS), 53, 57);
        let delay = took + 150 * MICRO;
        let further = rng.span(8_000, 40_000) * MICRO;
        lookup(
            cx,
            delay,
            (client, server),
            (&info.name, dns::A, further),
            IpAddr::from(info.v4),
            rng,
        );
        wait += further;
    }
    let server = cx.world.hosts[DNS].peer(53);
    let questions = [(dns::A, Some(IpAddr::from(info.v4))), (dns::AAAA, info.v6.map(IpAddr::V6))];
    let asked = if cx.world.hosts[host].v6.is_some() { 2 } else { 1 };
    for (index, (kind, ip)) in questions.into_iter().take(asked).enumerate() {
        let client = cx.world.hosts[host].peer(rng.range(10_000, 60_000) as u16);
        let answers: Vec<_> =
            ip.iter().map(|ip| dns::Record::address(&info.name, *ip, ttl as u32)).collect();
        let at = took + index as i64 * 40 * MICRO;
        query(cx, at, (client, server), (&info.name, kind, wait), &answers, rng);
    }
    took + wait + 200 * MICRO
}

/// One question with an address as answer.
fn lookup(
    cx: &mut Context<'_>,
    at: i64,
    peers: (Peer, Peer),
    question: (&str, u16, i64),
    ip: IpAddr,
    rng: &mut Rng,
) {
    let answer = dns::Record::address(question.0, ip, 300);
    query(cx, at, peers, question, &[answer], rng);
}

/// One question (name, type, time to the answer) and its answers over UDP.
pub(crate) fn query(
    cx: &mut Context<'_>,
    at: i64,
    (client, server): (Peer, Peer),
    (name, kind, wait): (&str, u16, i64),
    answers: &[dns::Record],
    rng: &mut Rng,
) {
    let id = rng.next_u64() as u16;
    let question = dns::message(id, dns::QUERY, (name, kind), &[]);
    let answer = dns::message(id, dns::ANSWER, (name, kind), answers);
    cx.emit(at, udp::datagram(&client, &server, rng.next_u64() as u16, &question));
    cx.emit(at + wait, udp::datagram(&server, &client, rng.next_u64() as u16, &answer));
}

/// Opens a connection from `client` to port `port` of site `site` in `delay` nanoseconds, over IPv6
/// when both have it.
pub(crate) fn open_site(
    cx: &mut Context<'_>,
    delay: i64,
    (client, site, port): (HostId, usize, u16),
    script: Vec<Step>,
    rng: &mut Rng,
) {
    let info = cx.world.sites[site].clone();
    let source = cx.world.ephemeral(client);
    let host = cx.world.hosts[client].clone();
    let (near, far) = match (host.peer_v6(source), info.v6) {
        (Some(near), Some(v6)) => (near, cx.world.outside(IpAddr::V6(v6), port, info.ttl)),
        _ => (host.peer(source), cx.world.site_peer(site, port)),
    };
    let delay = delay + neighbour(cx, client, GATEWAY, near.ip.is_ipv6());
    let road = Road::internet(info.rtt);
    let session = TcpSession::new((near, host.stack), (far, LINUX), road, script, rng.fork());
    cx.spawn(delay, session);
}

/// Opens a connection between two hosts of the office.
pub(crate) fn open_host(
    cx: &mut Context<'_>,
    delay: i64,
    (client, server, port): (HostId, HostId, u16),
    script: Vec<Step>,
    rng: &mut Rng,
) {
    let source = cx.world.ephemeral(client);
    let delay = delay + neighbour(cx, client, server, false);
    let (near, far) = (&cx.world.hosts[client], &cx.world.hosts[server]);
    let ends = ((near.peer(source), near.stack), (far.peer(port), far.stack));
    cx.spawn(delay, TcpSession::new(ends.0, ends.1, Road::LAN, script, rng.fork()));
}

/// A connection attempt that is refused: SYN and RST.
pub(crate) fn refused(
    client: (Peer, Stack),
    server: Peer,
    rtt: i64,
    rng: &mut Rng,
) -> impl Actor + use<> {
    let seq = rng.next_u64() as u32;
    actor(move |cx| {
        cx.emit(0, syn_frame(client, server, seq));
        let reset = Segment { ack: seq.wrapping_add(1), flags: RST | ACK, ..Segment::default() };
        cx.emit(rtt, tcp::segment(&server, &client.0, 0, &reset, &[]));
        None
    })
}

/// A connection attempt that nobody answers: `tries` SYNs, each wait twice the last.
pub(crate) fn unanswered(
    client: (Peer, Stack),
    server: Peer,
    tries: u32,
    rng: &mut Rng,
) -> impl Actor + use<> {
    let seq = rng.next_u64() as u32;
    let mut sent = 0;
    actor(move |cx| {
        cx.emit(0, syn_frame(client, server, seq));
        sent += 1;
        (sent < tries).then_some(SECOND << (sent - 1))
    })
}

/// A SYN with the options of `client`'s stack.
pub(crate) fn syn_frame((client, stack): (Peer, Stack), server: Peer, seq: u32) -> Vec<u8> {
    let plain = tcp::syn_options_plain(1_460, stack.scale);
    let times = tcp::syn_options(1_460, stack.scale, seq ^ 0x5a5a_5a5a, 0);
    let options: &[u8] = if stack.timestamps { &times } else { &plain };
    let segment = Segment { seq, ack: 0, flags: SYN, window: stack.window, options };
    tcp::segment(&client, &server, seq as u16, &segment, &[])
}
