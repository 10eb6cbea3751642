//! A developer: long SSH sessions with typing and output, and what goes wrong now and then: a
//! service that is not running, a machine that is down.

use std::net::IpAddr;

use crate::actor::{Actor, Context, MILLI, MINUTE, SECOND, actor};
use crate::build::ssh;
use crate::net;
use crate::office::pause;
use crate::rng::Rng;
use crate::session::{Fill, Side, Step};
use crate::world::{GATEWAY, HostId, WEB};

/// The development server outside: www.devforge.example.
const FORGE: usize = 7;

pub(super) fn start(host: HostId, mut rng: Rng) -> Box<dyn Actor> {
    actor(move |cx| {
        match rng.below(10) {
            0 => closed_port(cx, host, &mut rng),
            1 => host_down(cx, host, &mut rng),
            2..6 => {
                let script = shell(&mut rng);
                net::open_host(cx, 0, (host, WEB, 22), script, &mut rng);
            }
            _ => {
                let took = net::resolve_site(cx, host, FORGE, &mut rng);
                let script = shell(&mut rng);
                net::open_site(cx, took, (host, FORGE, 22), script, &mut rng);
            }
        }
        Some(MINUTE + pause(&mut rng, 11 * MINUTE, cx.now))
    })
}

/// A session: bursts of typing, each key echoed, and output after each line.
fn shell(rng: &mut Rng) -> Vec<Step> {
    let mut steps = ssh::handshake(rng, ssh::CLIENT);
    steps.extend([ssh::encrypted(Side::Client, 44), ssh::encrypted(Side::Server, 52)]);
    steps.extend([ssh::encrypted(Side::Client, 372), ssh::encrypted(Side::Server, 500)]);
    for _ in 0..rng.range(8, 60) {
        steps.push(Step::Wait(rng.exponential(14 * SECOND)));
        for _ in 0..rng.range(3, 24) {
            steps.push(Step::Wait(rng.span(60 * MILLI, 260 * MILLI)));
            steps.push(ssh::encrypted(Side::Client, 36));
            steps.push(ssh::encrypted(Side::Server, 36));
        }
        steps.push(Step::Bulk(Side::Server, Fill::Random, rng.pareto(120, 90_000)));
    }
    steps.push(Step::Close(Side::Client));
    steps
}

fn closed_port(cx: &mut Context<'_>, host: HostId, rng: &mut Rng) {
    let delay = net::neighbour(cx, host, WEB, false);
    let source = cx.world.ephemeral(host);
    let client = (cx.world.hosts[host].peer(source), cx.world.hosts[host].stack);
    let server = cx.world.hosts[WEB].peer(*rng.pick(&[3_000, 8_080, 8_000]));
    let attempt = net::refused(client, server, 300_000, rng);
    cx.spawn(delay, attempt);
}

fn host_down(cx: &mut Context<'_>, host: HostId, rng: &mut Rng) {
    let delay = net::neighbour(cx, host, GATEWAY, false);
    let source = cx.world.ephemeral(host);
    let client = (cx.world.hosts[host].peer(source), cx.world.hosts[host].stack);
    let server = cx.world.outside(IpAddr::from([203, 0, 113, 251]), 22, 50);
    let attempt = net::unanswered(client, server, 5, rng);
    cx.spawn(delay, attempt);
}
