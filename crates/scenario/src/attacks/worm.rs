//! A Telnet botnet at work from inside: random addresses on ports 23 and 2323, a few answer and get
//! a list of default passwords.

use std::net::IpAddr;

use super::target::{Attacker, repeat};
use super::{Launch, Stage};
use crate::actor::MILLI;
use crate::build::login;
use crate::net;
use crate::session::{Road, TcpSession};
use crate::world::{GATEWAY, LINUX};

/// 1,500 addresses in 45 s, taken from 198.18.0.0/15.
pub(super) fn start(stage: &mut Stage) -> Vec<Launch> {
    let bot = Attacker::inside(stage);
    let host = stage.world.hosts.len() - 1;
    let act = repeat(stage.rng, 1_500, 30 * MILLI, move |cx, rng, index| {
        net::neighbour(cx, host, GATEWAY, false);
        let ip = IpAddr::from((0xc612_0000_u32 + rng.below(1 << 17) as u32).to_be_bytes());
        let port = if index % 10 == 9 { 2_323 } else { 23 };
        let target = cx.world.outside(ip, port, 50);
        let from = (bot.peer.port(rng.range(1_024, 65_000) as u16), bot.stack);
        if rng.chance(10) {
            let script = login::telnet_failed(rng, "root", "xc3511");
            let road = Road::internet(80 * MILLI);
            cx.spawn(0, TcpSession::new(from, (target, LINUX), road, script, rng.fork()));
        } else {
            cx.emit(0, net::syn_frame(from, target, rng.next_u64() as u32));
        }
    });
    vec![Launch::new(&bot.peer.ip, &"198.18.0.0/15", "1,500 addresses, ports 23 and 2323", act)]
}
