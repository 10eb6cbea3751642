//! IP protocol scan: one packet of each protocol number, answered by ICMP "protocol unreachable".

use super::target::{Attacker, repeat};
use super::{Launch, Origin, Stage};
use crate::actor::MILLI;
use crate::build::icmp;
use crate::build::ip;
use crate::world::{FILES, WEB};

/// Protocols left out: those the victim knows, and those whose header may not be empty, so that
/// nothing in this scan is malformed.
const LEFT_OUT: [u8; 36] = [
    0, 1, 2, 3, 4, 6, 8, 17, 27, 33, 41, 43, 44, 46, 47, 50, 51, 54, 55, 57, 58, 59, 60, 88, 89,
    93, 97, 103, 108, 112, 115, 124, 132, 135, 136, 137,
];

pub(super) fn start(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::of(stage, Origin::Inside);
    let id = if attacker.host.is_some() { FILES } else { WEB };
    let victim = stage.world.hosts[id].peer(0);
    let protocols: Vec<u8> = (0..=254).filter(|number| !LEFT_OUT.contains(number)).collect();
    let count = protocols.len();
    let act = repeat(stage.rng, count as u32, 40 * MILLI, move |cx, rng, index| {
        let Some(protocol) = protocols.get(index as usize) else { return };
        let probe = ip::datagram(&attacker.peer, &victim, *protocol, rng.next_u64() as u16, &[]);
        if rng.chance(700) {
            cx.emit(attacker.rtt, icmp::unreachable(&victim, &attacker.peer, 2, &probe));
        }
        cx.emit(0, probe);
    });
    vec![Launch::new(&attacker.peer.ip, &victim.ip, format!("{count} protocols"), act)]
}
