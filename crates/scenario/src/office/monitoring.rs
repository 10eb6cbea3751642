//! The monitoring server: every minute a ping to each fixed host, SNMP counters of router and
//! printer, and a look whether the services answer.

use crate::actor::{Actor, Context, MICRO, MILLI, SECOND, actor};
use crate::build::{ber, icmp, udp};
use crate::net;
use crate::rng::Rng;
use crate::session::{Side, Step};
use crate::world::{
    CAMERA, EXCHANGE, FILES, FIRST_STATION, GATEWAY, HostId, MAIL, MONITOR, PRINTER, WEB,
};

/// Services that are opened and closed again.
const SERVICES: [(HostId, u16); 4] = [(FILES, 445), (MAIL, 25), (WEB, 80), (EXCHANGE, 22)];

pub(super) fn start(mut rng: Rng) -> Box<dyn Actor> {
    let mut round = 0;
    actor(move |cx| {
        round += 1;
        for host in (0..FIRST_STATION).filter(|host| *host != MONITOR) {
            let delay = host as i64 * 400 * MILLI;
            ping(cx, delay, host, round);
        }
        for host in [GATEWAY, PRINTER] {
            counters(cx, 6 * SECOND, host, &mut rng);
        }
        if round % 5 == 0 {
            for (index, (host, port)) in SERVICES.into_iter().enumerate() {
                let script = vec![Step::Wait(3 * MILLI), Step::Close(Side::Client)];
                let delay = (8 + index as i64) * SECOND;
                net::open_host(cx, delay, (MONITOR, host, port), script, &mut rng);
            }
        }
        if round % 10 == 0 {
            net::neighbour(cx, MONITOR, CAMERA, false);
        }
        Some(60 * SECOND + rng.span(0, 5 * MILLI))
    })
}

fn ping(cx: &mut Context<'_>, delay: i64, host: HostId, round: u16) {
    let delay = delay + net::neighbour(cx, MONITOR, host, false);
    let (from, to) = (cx.world.hosts[MONITOR].peer(0), cx.world.hosts[host].peer(0));
    let payload: Vec<u8> = (0..56).collect();
    cx.emit(delay, icmp::echo(&from, &to, false, 0x6d6f, round, &payload));
    cx.emit(delay + 210 * MICRO, icmp::echo(&to, &from, true, 0x6d6f, round, &payload));
}

/// Asks for the octet counters of two interfaces.
fn counters(cx: &mut Context<'_>, delay: i64, host: HostId, rng: &mut Rng) {
    let delay = delay + net::neighbour(cx, MONITOR, host, false);
    let from = cx.world.hosts[MONITOR].peer(rng.range(40_000, 48_000) as u16);
    let to = cx.world.hosts[host].peer(161);
    let id = (rng.next_u64() >> 40) as u32;
    let names = [(10, 1), (16, 1), (10, 2), (16, 2)]
        .map(|(column, index)| ber::interface_column(column, index));
    let seconds = (cx.now.nanos() / MILLI) as u32;
    let ask: Vec<_> = names.iter().map(|name| (name.clone(), vec![5, 0])).collect();
    let tell: Vec<_> = names
        .iter()
        .map(|name| (name.clone(), ber::integer(0x41, seconds.wrapping_mul(7))))
        .collect();
    let (ask, tell) = (ber::snmp(ber::GET, id, 0, &ask), ber::snmp(ber::RESPONSE, id, 0, &tell));
    cx.emit(delay, udp::datagram(&from, &to, 0, &ask));
    cx.emit(delay + 900 * MICRO, udp::datagram(&to, &from, 0, &tell));
}
