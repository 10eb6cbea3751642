//! Clocks: each host asks a time server, often at first and then every 17 minutes or so.

use crate::actor::{Actor, MILLI, SECOND, actor};
use crate::build::{ntp, udp};
use crate::net;
use crate::rng::Rng;
use crate::world::{GATEWAY, HostId};

/// The time server: api.metricly.example.
const TIME: usize = 21;

pub(super) fn start(host: HostId, mut rng: Rng) -> Box<dyn Actor> {
    let mut interval = 64 * SECOND;
    actor(move |cx| {
        let took = net::resolve_site(cx, host, TIME, &mut rng);
        let took = took + net::neighbour(cx, host, GATEWAY, false);
        let (client, server) = (cx.world.hosts[host].peer(123), cx.world.site_peer(TIME, 123));
        let rtt = cx.world.sites[TIME].rtt + rng.span(0, MILLI);
        let asked = cx.now.plus_nanos(took);
        cx.emit(took, udp::datagram(&client, &server, 0, &ntp::packet(false, asked)));
        let answered = asked.plus_nanos(rtt / 2);
        cx.emit(took + rtt, udp::datagram(&server, &client, 0, &ntp::packet(true, answered)));
        let now = interval + rng.span(0, interval / 16);
        interval = (interval * 2).min(1_024 * SECOND);
        Some(now)
    })
}
