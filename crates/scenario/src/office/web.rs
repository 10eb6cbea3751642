//! Browsing: pages with a few connections each to the page's own site and to third parties, over
//! HTTPS mostly, with heavy-tailed sizes and reading times.

use crate::actor::{Actor, Context, MILLI, SECOND};
use crate::build::http;
use crate::build::tls::{self, Exchange, Hello};
use crate::net;
use crate::office::pause;
use crate::rng::Rng;
use crate::world::HostId;

/// Starts browsing on `host`.
pub(super) fn start(host: HostId, rng: Rng) -> Box<dyn Actor> {
    Box::new(Browsing::new(host, rng))
}

/// One person with a browser.
struct Browsing {
    host: HostId,
    rng: Rng,
    favourites: Vec<usize>,
}

impl Browsing {
    fn new(host: HostId, mut rng: Rng) -> Self {
        let favourites = (0..12).map(|_| rng.below(u64::MAX) as usize).collect();
        Self { host, rng, favourites }
    }

    /// Fetches from `site` over one connection.
    fn fetch(&mut self, cx: &mut Context<'_>, delay: i64, site: usize, objects: u64) {
        let rng = &mut self.rng;
        let took = delay + net::resolve_site(cx, self.host, site, rng);
        let info = cx.world.sites[site].clone();
        // A few old sites still speak plain HTTP.
        if site % 11 == 3 {
            let script = http::page(rng, &info.name, objects);
            net::open_site(cx, took, (self.host, site, 80), script, rng);
            return;
        }
        let exchanges: Vec<Exchange> = (0..objects)
            .map(|index| Exchange {
                pause: if index == 0 { 0 } else { rng.exponential(300 * MILLI) },
                request: rng.range(350, 1_400),
                work: rng.exponential(25 * MILLI),
                response: rng.pareto(900, 3_000_000),
            })
            .collect();
        let hello = Hello { name: &info.name, tls13: info.tls13, alpn: "h2" };
        let script = tls::script(rng, hello, &exchanges);
        net::open_site(cx, took, (self.host, site, 443), script, rng);
    }
}

impl Actor for Browsing {
    fn wake(&mut self, cx: &mut Context<'_>) -> Option<i64> {
        let sites = cx.world.sites.len();
        let main = if self.rng.chance(800) {
            *self.rng.pick(&self.favourites) % sites
        } else {
            self.rng.below(sites as u64) as usize
        };
        let objects = self.rng.range(1, 9);
        self.fetch(cx, 0, main, objects);
        for index in 0..self.rng.below(4) {
            let other = self.rng.below(sites as u64) as usize;
            let delay = 150 * MILLI + index as i64 * 35 * MILLI;
            let objects = self.rng.range(1, 4);
            self.fetch(cx, delay, other, objects);
        }
        Some(SECOND + pause(&mut self.rng, 75 * SECOND, cx.now))
    }
}
