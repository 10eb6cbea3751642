//! A camera that keeps one TLS connection to its cloud service open, sends a sign of life every
//! half minute and a picture when something moves: periodic and benign.

use crate::actor::{Actor, MILLI, MINUTE, SECOND, actor};
use crate::build::tls::{self, Exchange, Hello};
use crate::net;
use crate::office::busyness;
use crate::rng::Rng;
use crate::world::CAMERA;

/// The service: api.cloudnest.example.
const CLOUD: usize = 14;
/// Signs of life per connection; about an hour.
const SIGNS: u32 = 120;

pub(super) fn start(mut rng: Rng) -> Box<dyn Actor> {
    actor(move |cx| {
        let took = net::resolve_site(cx, CAMERA, CLOUD, &mut rng);
        let name = cx.world.sites[CLOUD].name.clone();
        let motion = busyness(cx.now) / 12;
        let exchanges: Vec<Exchange> = (0..SIGNS)
            .map(|_| Exchange {
                pause: 30 * SECOND + rng.span(-2 * SECOND, 2 * SECOND),
                request: if rng.chance(motion) { rng.pareto(20_000, 250_000) } else { 131 },
                work: rng.exponential(12 * MILLI),
                response: 47,
            })
            .collect();
        let script = tls::script(
            &mut rng,
            Hello { name: &name, tls13: false, alpn: "http/1.1" },
            &exchanges,
        );
        net::open_site(cx, took, (CAMERA, CLOUD, 443), script, &mut rng);
        Some(62 * MINUTE + rng.span(0, 3 * MINUTE))
    })
}
