//! Devices that do not belong here: a second DHCP server and a machine never seen before.

use super::target::{Attacker, repeat};
use super::{Launch, Stage};
use crate::actor::{MILLI, SECOND, actor};
use crate::build::arp::{self, Side};
use crate::build::dhcp::{self, Lease};
use crate::build::tls::{self, Exchange, Hello};
use crate::rng::Rng;
use crate::session::{Road, TcpSession};
use crate::world::{GATEWAY, LINUX};

/// A workstation answers DISCOVER messages faster than the router does and names itself as router.
pub(super) fn rogue_dhcp(stage: &mut Stage) -> Vec<Launch> {
    let rogue = Attacker::inside(stage);
    let real = stage.world.hosts[GATEWAY].peer(67);
    let act = repeat(stage.rng, 8, 12 * SECOND, move |cx, rng, index| {
        let mac = new_mac(rng);
        let lease = Lease { id: rng.next_u64() as u32, mac, ..Lease::new(&rogue.peer) };
        cx.emit(0, dhcp::discover(&lease, "laptop", "MSFT 5.0"));
        let offered = Lease { ip: [192, 168, 10, 230 + index as u8], ..lease };
        cx.emit(MILLI, dhcp::offer(&offered, &rogue.peer));
        let honest = Lease { id: lease.id, mac, ip: offered.ip, ..Lease::new(&real) };
        cx.emit(5 * MILLI, dhcp::offer(&honest, &real));
        cx.emit(6 * MILLI, dhcp::request(&offered, "laptop", "MSFT 5.0"));
        cx.emit(7 * MILLI, dhcp::acknowledge(&offered, &rogue.peer, [0; 4]));
    });
    vec![Launch::new(&rogue.peer.ip, &"many", "second server, itself as router", act)]
}

/// A machine that gets an address, announces itself and opens a connection.
pub(super) fn new_device(stage: &mut Stage) -> Vec<Launch> {
    let mac = new_mac(stage.rng);
    let ip = [192, 168, 10, 250];
    let server = stage.world.hosts[GATEWAY].peer(67);
    let device = crate::build::ip::Peer { mac, ip: ip.into(), port: 0, ttl: 64 };
    let mut rng = stage.rng.fork();
    let act = actor(move |cx| {
        let lease = Lease { id: rng.next_u64() as u32, mac, ip, ..Lease::new(&server) };
        let empty = Lease { ip: [0; 4], ..lease };
        cx.emit(0, dhcp::discover(&empty, "unknown-laptop", "android-dhcp-14"));
        cx.emit(4 * MILLI, dhcp::offer(&lease, &server));
        cx.emit(6 * MILLI, dhcp::request(&lease, "unknown-laptop", "android-dhcp-14"));
        cx.emit(9 * MILLI, dhcp::acknowledge(&lease, &server, [0; 4]));
        let own = Side { mac, ip };
        cx.emit(20 * MILLI, arp::announcement(own));
        let gateway = cx.world.hosts[GATEWAY].clone();
        let router = Side { mac: gateway.mac, ip: gateway.v4 };
        cx.emit(30 * MILLI, arp::request(own, gateway.v4));
        cx.emit(31 * MILLI, arp::reply(router, own));
        let exchange = Exchange { pause: 0, request: 500, work: 9 * MILLI, response: 20_000 };
        let hello = Hello { name: "www.newsroom.example", tls13: true, alpn: "h2" };
        let script = tls::script(&mut rng, hello, &[exchange]);
        let (near, far) = (device.port(40_001), cx.world.site_peer(5, 443));
        let road = Road::internet(22 * MILLI);
        let session = TcpSession::new((near, LINUX), (far, LINUX), road, script, rng.fork());
        cx.spawn(50 * MILLI, session);
        None
    });
    vec![Launch::new(&device.ip, &server.ip, "first seen", act)]
}

fn new_mac(rng: &mut Rng) -> [u8; 6] {
    let [a, b, c] = rng.bytes();
    [0x70, 0x3a, 0x51, a, b, c]
}
