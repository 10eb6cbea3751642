//! DHCP: a station gets its address when it is switched on, announces it, and renews it every hour.

use crate::actor::{Actor, MICRO, MILLI, MINUTE, SECOND, actor};
use crate::build::arp::{self, Side};
use crate::build::dhcp::{self, Lease};
use crate::rng::Rng;
use crate::world::{GATEWAY, HostId, WINDOWS};

pub(super) fn start(host: HostId, mut rng: Rng) -> Box<dyn Actor> {
    let mut bound = false;
    actor(move |cx| {
        let info = cx.world.hosts[host].clone();
        let server = cx.world.hosts[GATEWAY].peer(67);
        let windows = info.stack.ttl == WINDOWS.ttl;
        let vendor = if windows { "MSFT 5.0" } else { "dhcpcd-10.0.6:Linux" };
        let id = rng.next_u64() as u32;
        let lease = Lease { id, mac: info.mac, ip: info.v4, ..Lease::new(&server) };
        if bound {
            let client = info.peer(68);
            cx.emit(0, dhcp::renew(&lease, &client, &server, &info.name, vendor));
            cx.emit(3 * MILLI, dhcp::acknowledge(&lease, &server, info.v4));
        } else {
            let empty = Lease { ip: [0; 4], ..lease };
            cx.emit(0, dhcp::discover(&empty, &info.name, vendor));
            cx.emit(4 * MILLI, dhcp::offer(&lease, &server));
            cx.emit(6 * MILLI, dhcp::request(&lease, &info.name, vendor));
            cx.emit(9 * MILLI, dhcp::acknowledge(&lease, &server, [0; 4]));
            let own = Side { mac: info.mac, ip: info.v4 };
            cx.emit(12 * MILLI + 300 * MICRO, arp::announcement(own));
            bound = true;
        }
        Some(60 * MINUTE + rng.span(0, 20 * SECOND))
    })
}
