//! What a taken-over workstation does outwards: beacon, exfiltration, contact with a listed address.

use std::net::IpAddr;

use super::target::Attacker;
use super::{Launch, Stage, outsider};
use crate::actor::{Actor, Context, MILLI, SECOND, actor};
use crate::build::http::{self, AGENTS};
use crate::build::tls::{self, Exchange, Hello};
use crate::net;
use crate::rng::Rng;
use crate::session::{Road, Side, Step, TcpSession};
use crate::world::{GATEWAY, HostId, LINUX};

/// The address that threat-list tests put on their list.
pub const LISTED: [u8; 4] = [203, 0, 113, 66];

/// A check-in every 20 s with 10 % jitter, 40 times, each of the same size.
pub(super) fn beacon(stage: &mut Stage) -> Vec<Launch> {
    let rhythm = Rhythm { every: 20 * SECOND, jitter: 10, times: 40, addresses: 1 };
    check_ins(stage, rhythm, "every 20 s, 10 % jitter, 40 times")
}

/// A check-in every 15 s with 30 % jitter, 40 times, to three addresses of one name in turn.
pub(super) fn beacon_jitter(stage: &mut Stage) -> Vec<Launch> {
    let rhythm = Rhythm { every: 15 * SECOND, jitter: 30, times: 40, addresses: 3 };
    check_ins(stage, rhythm, "every 15 s, 30 % jitter, three addresses, 40 times")
}

/// A check-in every 4 minutes with 5 % jitter, 14 times.
pub(super) fn beacon_slow(stage: &mut Stage) -> Vec<Launch> {
    let rhythm = Rhythm { every: 240 * SECOND, jitter: 5, times: 14, addresses: 1 };
    check_ins(stage, rhythm, "every 4 minutes, 5 % jitter, 14 times")
}

/// When a beacon asks for orders, and where.
#[derive(Clone, Copy)]
struct Rhythm {
    /// Nanoseconds between check-ins.
    every: i64,
    /// Percent by which that varies either way.
    jitter: i64,
    times: u32,
    /// Addresses of the one name, used in turn.
    addresses: usize,
}

fn check_ins(stage: &mut Stage, rhythm: Rhythm, note: &str) -> Vec<Launch> {
    let client = Attacker::inside(stage);
    let host = stage.world.hosts.len() - 1;
    let mut controllers: Vec<IpAddr> = Vec::new();
    while controllers.len() < rhythm.addresses {
        let next = outsider(stage.rng);
        if !controllers.contains(&next) {
            controllers.push(next);
        }
    }
    let victim = controllers[0];
    let mut rng = stage.rng.fork();
    let mut sent = 0;
    let act = actor(move |cx| {
        let exchange = Exchange { pause: 0, request: 212, work: 9 * MILLI, response: 96 };
        let hello = Hello { name: "updates.relay-zone.example", tls13: true, alpn: "http/1.1" };
        let script = tls::script(&mut rng, hello, &[exchange]);
        let controller = controllers[sent as usize % controllers.len()];
        connect(cx, host, (controller, 443), Road::internet(31 * MILLI), script, &mut rng);
        sent += 1;
        let off = rhythm.every / 100 * rhythm.jitter;
        (sent < rhythm.times).then(|| rhythm.every - off + rng.span(0, 2 * off))
    });
    vec![Launch::new(&client.peer.ip, &victim, note, act)]
}

/// 150 MB in one TLS upload of about 50 s.
pub(super) fn exfiltration(stage: &mut Stage) -> Vec<Launch> {
    upload(stage, 150_000_000, 480_000, "150 MB over TLS in about 50 s")
}

/// 24 MB in one TLS upload of about a minute, for the demonstration.
pub(super) fn small_exfiltration(stage: &mut Stage) -> Vec<Launch> {
    upload(stage, 24_000_000, 3_600_000, "24 MB over TLS in about a minute")
}

fn upload(stage: &mut Stage, bytes: u64, gap: i64, note: &str) -> Vec<Launch> {
    let client = Attacker::inside(stage);
    let host = stage.world.hosts.len() - 1;
    let drop = outsider(stage.rng);
    let mut rng = stage.rng.fork();
    let act = actor(move |cx| {
        let exchange = Exchange { pause: 0, request: bytes, work: 40 * MILLI, response: 320 };
        let hello = Hello { name: "share.relay-zone.example", tls13: true, alpn: "h2" };
        let script = tls::script(&mut rng, hello, &[exchange]);
        let road = Road { gap, ..Road::internet(24 * MILLI) };
        connect(cx, host, (drop, 443), road, script, &mut rng);
        None
    });
    vec![Launch::new(&client.peer.ip, &drop, note, act)]
}

/// Three downloads from the listed address.
pub(super) fn threat_list(stage: &mut Stage) -> Vec<Launch> {
    let client = Attacker::inside(stage);
    let host = stage.world.hosts.len() - 1;
    let listed = IpAddr::from(LISTED);
    let mut rng = stage.rng.fork();
    let mut done = 0;
    let act: Box<dyn Actor> = actor(move |cx| {
        let kind = "application/octet-stream";
        let mut script = http::download("203.0.113.66", "/p.bin", AGENTS[2], kind, 48_000);
        script.push(Step::Close(Side::Client));
        connect(cx, host, (listed, 80), Road::internet(55 * MILLI), script, &mut rng);
        done += 1;
        (done < 3).then_some(20 * SECOND)
    });
    vec![Launch::new(&client.peer.ip, &listed, "three downloads", act)]
}

fn connect(
    cx: &mut Context<'_>,
    host: HostId,
    (ip, port): (IpAddr, u16),
    road: Road,
    script: Vec<Step>,
    rng: &mut Rng,
) {
    let delay = net::neighbour(cx, host, GATEWAY, false);
    let source = cx.world.ephemeral(host);
    let info = &cx.world.hosts[host];
    let client = (info.peer(source), info.stack);
    let server = (cx.world.outside(ip, port, 49), LINUX);
    cx.spawn(delay, TcpSession::new(client, server, road, script, rng.fork()));
}
