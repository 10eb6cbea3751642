//! A station that asks the router for a port mapping by NAT-PMP (RFC 6886) and renews it.

use crate::actor::{Actor, MILLI, MINUTE, SECOND, actor};
use crate::build::udp;
use crate::net;
use crate::rng::Rng;
use crate::world::{GATEWAY, HostId};

pub(super) fn start(host: HostId, mut rng: Rng) -> Box<dyn Actor> {
    let started = rng.range(1_000, 90_000) as u32;
    actor(move |cx| {
        let delay = net::neighbour(cx, host, GATEWAY, false);
        let client = cx.world.hosts[host].peer(rng.range(50_000, 60_000) as u16);
        let router = cx.world.hosts[GATEWAY].peer(5_351);
        let [a, b] = 51_413_u16.to_be_bytes();
        let ask = [0, 2, 0, 0, a, b, a, b, 0, 0, 0x0e, 0x10];
        let mut tell = vec![0, 130, 0, 0];
        tell.extend_from_slice(&(started + cx.now.secs() as u32 % 86_400).to_be_bytes());
        tell.extend_from_slice(&ask[4..]);
        cx.emit(delay, udp::datagram(&client, &router, 0, &ask));
        cx.emit(delay + 2 * MILLI, udp::datagram(&router, &client, 0, &tell));
        Some(30 * MINUTE + rng.span(0, 10 * SECOND))
    })
}
