//! The router: IPv6 advertisements and its UPnP announcements.

use std::net::Ipv6Addr;

use crate::actor::{Actor, SECOND, actor};
use crate::build::ip::Peer;
use crate::build::{icmp, names, udp};
use crate::rng::Rng;
use crate::world::GATEWAY;

pub(super) fn start(mut rng: Rng) -> Box<dyn Actor> {
    let prefix = Ipv6Addr::new(0xfd00, 0x10, 0, 0, 0, 0, 0, 0);
    actor(move |cx| {
        let router = cx.world.hosts[GATEWAY].clone();
        cx.emit(0, icmp::router_advertisement(&router.peer_link_local(0), prefix));
        let to = Peer::group_v4([239, 255, 255, 250], 1_900);
        let kind = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";
        let location = "http://192.168.10.1:5000/desc.xml";
        let payload = names::ssdp_notify(location, "RouterOS UPnP/1.1", kind);
        cx.emit(SECOND, udp::datagram(&router.peer(1_900), &to, 0, &payload));
        // RFC 4861 section 6.2.1: between 200 and 600 seconds.
        Some(rng.span(200 * SECOND, 600 * SECOND))
    })
}
