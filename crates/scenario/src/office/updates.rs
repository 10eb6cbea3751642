//! Software updates: now and then a large download over plain HTTP, as package mirrors serve it.

use crate::actor::{Actor, MINUTE, actor};
use crate::build::http;
use crate::net;
use crate::office::pause;
use crate::rng::Rng;
use crate::session::{Side, Step};
use crate::world::HostId;

/// The mirror: cdn.softworks.example.
const MIRROR: usize = 34;

pub(super) fn start(host: HostId, mut rng: Rng) -> Box<dyn Actor> {
    actor(move |cx| {
        let took = net::resolve_site(cx, host, MIRROR, &mut rng);
        let name = cx.world.sites[MIRROR].name.clone();
        let mut script = Vec::new();
        for _ in 0..rng.range(1, 4) {
            let path = format!("/pool/main/package-{}.deb", rng.below(5_000));
            let kind = "application/octet-stream";
            let size = rng.pareto(300_000, 25_000_000);
            script.extend(http::download(&name, &path, "Package-Updater/2.6", kind, size));
        }
        script.push(Step::Close(Side::Client));
        net::open_site(cx, took, (host, MIRROR, 80), script, &mut rng);
        Some(5 * MINUTE + pause(&mut rng, 150 * MINUTE, cx.now))
    })
}
