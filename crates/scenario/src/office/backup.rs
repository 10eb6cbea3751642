//! The backup: at 12:30 and 22:00 UTC the file server copies what changed to the monitoring server
//! over SSH.

use crate::actor::{Actor, MILLI, SECOND, actor};
use crate::build::ssh;
use crate::net;
use crate::rng::Rng;
use crate::session::{Fill, Side, Step};
use crate::world::{FILES, MONITOR};

/// Seconds after midnight.
const TIMES: [i64; 2] = [12 * 3_600 + 1_800, 22 * 3_600];

pub(super) fn start(mut rng: Rng) -> Box<dyn Actor> {
    let mut waited = false;
    actor(move |cx| {
        if waited {
            let mut script = ssh::handshake(&mut rng, ssh::CLIENT);
            // Many files with the time between them that reading them takes.
            for _ in 0..rng.range(300, 500) {
                script.push(Step::Bulk(Side::Client, Fill::Random, rng.pareto(20_000, 2_000_000)));
                script.push(Step::Wait(rng.exponential(400 * MILLI)));
            }
            script.push(Step::Close(Side::Client));
            net::open_host(cx, 0, (FILES, MONITOR, 22), script, &mut rng);
        }
        waited = true;
        let today = cx.now.secs().rem_euclid(86_400);
        let wait = TIMES.iter().map(|time| (time - today - 1).rem_euclid(86_400) + 1).min()?;
        Some(wait * SECOND)
    })
}
