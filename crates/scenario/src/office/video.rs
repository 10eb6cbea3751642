//! Video: a stream fetched in chunks of some seconds over one TLS connection.

use crate::actor::{Actor, MILLI, MINUTE, SECOND, actor};
use crate::build::tls::{self, Exchange, Hello};
use crate::net;
use crate::office::pause;
use crate::rng::Rng;
use crate::world::HostId;

/// The streaming service: cdn.streambox.example.
const STREAM: usize = 30;

pub(super) fn start(host: HostId, mut rng: Rng) -> Box<dyn Actor> {
    actor(move |cx| {
        let took = net::resolve_site(cx, host, STREAM, &mut rng);
        let name = cx.world.sites[STREAM].name.clone();
        let chunk = rng.range(350_000, 1_400_000);
        let chunks = rng.pareto(6, 80);
        let exchanges: Vec<Exchange> = (0..chunks)
            .map(|index| Exchange {
                pause: if index < 3 { 10 * MILLI } else { rng.span(3 * SECOND, 6 * SECOND) },
                request: rng.range(600, 900),
                work: rng.exponential(30 * MILLI),
                response: chunk / 2 + rng.below(chunk),
            })
            .collect();
        let script =
            tls::script(&mut rng, Hello { name: &name, tls13: true, alpn: "h2" }, &exchanges);
        net::open_site(cx, took, (host, STREAM, 443), script, &mut rng);
        Some(5 * MINUTE + pause(&mut rng, 110 * MINUTE, cx.now))
    })
}
