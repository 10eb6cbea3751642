//! The file server: sessions in which a few documents are read, with pauses for work.

use crate::actor::{Actor, MINUTE, SECOND, actor};
use crate::build::smb2;
use crate::net;
use crate::office::pause;
use crate::rng::Rng;
use crate::world::{FILES, HostId};

pub(super) fn start(host: HostId, mut rng: Rng) -> Box<dyn Actor> {
    actor(move |cx| {
        let user = cx.world.hosts[host].name.clone();
        let files: Vec<(String, u64)> = (0..rng.range(1, 5))
            .map(|_| {
                let kind = *rng.pick(&["odt", "xlsx", "pdf", "txt"]);
                let name = format!("projects\\report{:03}.{kind}", rng.below(400));
                (name, rng.pareto(4_000, 900_000))
            })
            .collect();
        let idle = rng.exponential(40 * SECOND);
        let script = smb2::read_files(&mut rng, &user, &files, idle);
        net::open_host(cx, 0, (host, FILES, 445), script, &mut rng);
        Some(MINUTE + pause(&mut rng, 9 * MINUTE, cx.now))
    })
}
