//! Not attacks by themselves: a sudden burst, a host that moves far more than the others, and
//! connections to ports that nobody else uses.

use super::target::Attacker;
use super::{Launch, Stage};
use crate::actor::{MILLI, SECOND, actor};
use crate::build::http::{self, AGENTS};
use crate::net;
use crate::session::{Fill, Road, Side, Step, TcpSession};
use crate::world::{FILES, GATEWAY, LINUX};

/// A download of 45 MB at 400 Mbit/s, in about a second.
pub(super) fn spike(stage: &mut Stage) -> Vec<Launch> {
    let client = Attacker::inside(stage);
    let site = 1;
    let server = stage.world.site_peer(site, 80);
    let host = stage.world.hosts.len() - 1;
    let mut rng = stage.rng.fork();
    let act = actor(move |cx| {
        net::neighbour(cx, host, GATEWAY, false);
        let source = cx.world.ephemeral(host);
        let name = cx.world.sites[site].name.clone();
        let mut script = http::download(
            &name,
            "/iso/live.iso",
            AGENTS[1],
            "application/octet-stream",
            45_000_000,
        );
        script.push(Step::Close(Side::Client));
        let road = Road { gap: 28_000, ..Road::internet(9 * MILLI) };
        let ends = ((client.peer.port(source), client.stack), (server, LINUX));
        cx.spawn(0, TcpSession::new(ends.0, ends.1, road, script, rng.fork()));
        None
    });
    vec![Launch::new(&server.ip, &client.peer.ip, "45 MB in about a second", act)]
}

/// 60 MB copied to the file server over four connections, slowly enough not to be a spike.
pub(super) fn noisy_host(stage: &mut Stage) -> Vec<Launch> {
    let client = Attacker::inside(stage);
    let host = stage.world.hosts.len() - 1;
    let server = stage.world.hosts[FILES].peer(873);
    let mut rng = stage.rng.fork();
    let mut copies = 0;
    let act = actor(move |cx| {
        net::neighbour(cx, host, FILES, false);
        let source = cx.world.ephemeral(host);
        let script = vec![
            Step::Send(Side::Server, b"@RSYNCD: 31.0\n".to_vec()),
            Step::Send(Side::Client, b"@RSYNCD: 31.0\n".to_vec()),
            Step::Bulk(Side::Client, Fill::Random, 15_000_000),
            Step::Close(Side::Client),
        ];
        let road = Road { gap: 2 * MILLI, ..Road::LAN };
        let ends = ((client.peer.port(source), client.stack), (server, LINUX));
        cx.spawn(0, TcpSession::new(ends.0, ends.1, road, script, rng.fork()));
        copies += 1;
        (copies < 4).then(|| rng.span(5 * SECOND, 9 * SECOND))
    });
    vec![Launch::new(&client.peer.ip, &server.ip, "60 MB in about 45 s", act)]
}

/// One short connection to each of a few odd ports.
pub(super) fn rare_port(stage: &mut Stage) -> Vec<Launch> {
    const PORTS: [u16; 6] = [31_337, 4_444, 54_321, 12_345, 20_034, 27_374];
    let client = Attacker::inside(stage);
    let host = stage.world.hosts.len() - 1;
    let server = stage.world.site_peer(5, 0);
    let mut rng = stage.rng.fork();
    let mut done = 0;
    let act = actor(move |cx| {
        net::neighbour(cx, host, GATEWAY, false);
        let port = *PORTS.get(done)?;
        done += 1;
        let source = cx.world.ephemeral(host);
        let script = vec![
            Step::Bulk(Side::Client, Fill::Random, rng.range(40, 300)),
            Step::Wait(20 * MILLI),
            Step::Bulk(Side::Server, Fill::Random, rng.range(40, 900)),
            Step::Close(Side::Client),
        ];
        let ends = ((client.peer.port(source), client.stack), (server.port(port), LINUX));
        let road = Road::internet(20 * MILLI);
        cx.spawn(0, TcpSession::new(ends.0, ends.1, road, script, rng.fork()));
        Some(rng.span(4 * SECOND, 12 * SECOND))
    });
    let note = format!("ports {PORTS:?}");
    vec![Launch::new(&client.peer.ip, &server.ip, note, act)]
}
