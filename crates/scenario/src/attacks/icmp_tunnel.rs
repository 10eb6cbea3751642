//! An ICMP tunnel: echo requests and replies that carry data, each answer different from its
//! question.

use super::target::{Attacker, repeat};
use super::{Launch, Stage, outsider};
use crate::actor::MILLI;
use crate::build::icmp;

/// 600 pairs with 200 to 1,200 bytes of data.
pub(super) fn start(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::inside(stage);
    let far = outsider(stage.rng);
    let far = stage.world.outside(far, 0, 51);
    let act = repeat(stage.rng, 600, 90 * MILLI, move |cx, rng, index| {
        let mut payload = vec![0; rng.range(200, 1_200) as usize];
        rng.fill(&mut payload);
        let seq = index as u16;
        cx.emit(0, icmp::echo(&attacker.peer, &far, false, 0x2a2a, seq, &payload));
        let mut answer = vec![0; rng.range(60, 1_200) as usize];
        rng.fill(&mut answer);
        cx.emit(18 * MILLI, icmp::echo(&far, &attacker.peer, true, 0x2a2a, seq, &answer));
    });
    vec![Launch::new(&attacker.peer.ip, &far.ip, "600 pairs with data", act)]
}
