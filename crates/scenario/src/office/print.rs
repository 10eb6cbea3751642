//! Printing to the raw port: a job header in clear and the page data.

use crate::actor::{Actor, MILLI, MINUTE, actor};
use crate::net;
use crate::office::pause;
use crate::rng::Rng;
use crate::session::{Fill, Side, Step};
use crate::world::{HostId, PRINTER};

pub(super) fn start(host: HostId, mut rng: Rng) -> Box<dyn Actor> {
    actor(move |cx| {
        let header = format!(
            "\x1b%-12345X@PJL JOB NAME=\"document-{}\"\r\n@PJL ENTER LANGUAGE=PCL\r\n",
            rng.below(1_000)
        );
        let script = vec![
            Step::Send(Side::Client, header.into_bytes()),
            Step::Bulk(Side::Client, Fill::Random, rng.pareto(40_000, 3_000_000)),
            Step::Send(Side::Client, b"\x1b%-12345X@PJL EOJ\r\n\x1b%-12345X".to_vec()),
            Step::Wait(rng.span(80 * MILLI, 900 * MILLI)),
            Step::Close(Side::Client),
        ];
        net::open_host(cx, 0, (host, PRINTER, 9_100), script, &mut rng);
        Some(MINUTE + pause(&mut rng, 70 * MINUTE, cx.now))
    })
}
