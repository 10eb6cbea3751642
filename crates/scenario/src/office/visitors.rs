//! Visitors of the company's public web site, from networks outside.

use std::net::IpAddr;

use crate::actor::MILLI;
use crate::actor::{Actor, SECOND, actor};
use crate::build::http;
use crate::build::tls::{self, Exchange, Hello};
use crate::office::pause;
use crate::rng::Rng;
use crate::session::{Road, TcpSession};
use crate::world::{LINUX, WEB, WINDOWS};

const NAME: &str = "www.office.example";

pub(super) fn start(mut rng: Rng) -> Box<dyn Actor> {
    actor(move |cx| {
        let ip = IpAddr::from([198, 51, 100, rng.range(100, 240) as u8]);
        let port = rng.range(20_000, 60_000) as u16;
        let visitor = cx.world.outside(ip, port, rng.range(44, 58) as u8);
        let stack = if rng.chance(600) { WINDOWS } else { LINUX };
        let objects = rng.range(1, 6);
        let (port, script) = if rng.chance(150) {
            (80, http::page(&mut rng, NAME, objects))
        } else {
            let exchanges: Vec<Exchange> = (0..objects)
                .map(|_| Exchange {
                    pause: rng.exponential(200 * MILLI),
                    request: rng.range(400, 900),
                    work: rng.exponential(8 * MILLI),
                    response: rng.pareto(1_500, 400_000),
                })
                .collect();
            (443, tls::script(&mut rng, Hello { name: NAME, tls13: true, alpn: "h2" }, &exchanges))
        };
        let server = cx.world.hosts[WEB].peer(port);
        // Seen next to the server, its answers follow at once; the visitor is far away.
        let road = Road { gap: 60_000, lossy: true, rtt: 500_000 };
        let session = TcpSession::new((visitor, stack), (server, LINUX), road, script, rng.fork());
        cx.spawn(0, session);
        Some(SECOND + pause(&mut rng, 25 * SECOND, cx.now))
    })
}
