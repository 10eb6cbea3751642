//! Mail: a look into the mailbox every few minutes, a mail sent now and then.

use crate::actor::{Actor, MINUTE, SECOND, actor};
use crate::build::mail;
use crate::net;
use crate::office::pause;
use crate::rng::Rng;
use crate::world::{HostId, MAIL};

pub(super) fn start(host: HostId, mut rng: Rng) -> Box<dyn Actor> {
    // Clients poll at a steady interval of their own, a little delayed by what else they do.
    let interval = rng.span(3, 11) * MINUTE;
    actor(move |cx| {
        let user = cx.world.hosts[host].name.clone();
        let sizes: Vec<u64> = (0..rng.below(3)).map(|_| rng.pareto(1_200, 200_000)).collect();
        let script = mail::poll(&mut rng, &user, &sizes);
        net::open_host(cx, 0, (host, MAIL, 143), script, &mut rng);
        if rng.chance(250) {
            let to = *rng.pick(&[
                "sales@bluewave.example",
                "info@northmill.example",
                "ws03@office.example",
            ]);
            let size = rng.pareto(800, 120_000);
            let script = mail::submit(&mut rng, &user, to, size);
            let delay = rng.span(SECOND, 30 * SECOND);
            net::open_host(cx, delay, (host, MAIL, 587), script, &mut rng);
        }
        let extra = pause(&mut rng, 20 * SECOND, cx.now);
        Some(interval + extra)
    })
}
