//! The office network: its hosts, the sites on the Internet they use, and what the hosts remember
//! (name and neighbour caches).
//!
//! Inside is 192.168.10.0/24 and fd00:10::/64 (addresses of a private network); every site outside
//! has documentation addresses (RFC 5737, RFC 3849), so that nothing points at a real host.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::build::icmp;
use crate::build::ip::Peer;
use crate::rng::Rng;

/// Index of a host in [`World::hosts`].
pub type HostId = usize;

/// The router to the Internet.
pub(crate) const GATEWAY: HostId = 0;
/// The name server.
pub(crate) const DNS: HostId = 1;
/// The file server (SMB).
pub(crate) const FILES: HostId = 2;
/// The mail server (SMTP, IMAP).
pub(crate) const MAIL: HostId = 3;
/// The printer.
pub(crate) const PRINTER: HostId = 4;
/// The telephone exchange (SIP).
pub(crate) const EXCHANGE: HostId = 5;
/// The first telephone.
pub(crate) const PHONE_A: HostId = 6;
/// The second telephone.
pub(crate) const PHONE_B: HostId = 7;
/// The monitoring server.
pub(crate) const MONITOR: HostId = 8;
/// A camera that reports to a cloud service.
pub(crate) const CAMERA: HostId = 9;
/// The public web server, also used from inside.
pub(crate) const WEB: HostId = 10;
/// The first workstation; the others follow.
pub(crate) const FIRST_STATION: HostId = 11;

/// How a system's TCP/IP stack looks from outside.
#[derive(Clone, Copy, Debug)]
pub struct Stack {
    /// Initial TTL or hop limit.
    pub ttl: u8,
    /// Window field of the SYN.
    pub window: u16,
    /// Window scale.
    pub scale: u8,
    /// Whether segments carry timestamps.
    pub timestamps: bool,
}

/// A Windows-like stack.
pub(crate) const WINDOWS: Stack = Stack { ttl: 128, window: 64_240, scale: 8, timestamps: false };
/// A Linux-like stack.
pub(crate) const LINUX: Stack = Stack { ttl: 64, window: 64_240, scale: 7, timestamps: true };

/// A host of the office.
#[derive(Clone, Debug)]
pub struct Host {
    /// Name without domain.
    pub name: String,
    /// Hardware address.
    pub mac: [u8; 6],
    /// IPv4 address.
    pub v4: [u8; 4],
    /// Global IPv6 address of hosts that have IPv6.
    pub v6: Option<Ipv6Addr>,
    /// Its stack.
    pub stack: Stack,
    /// Open TCP ports.
    pub open: &'static [u16],
    next_port: u16,
}

impl Host {
    /// The host as an IPv4 peer.
    pub fn peer(&self, port: u16) -> Peer {
        Peer { mac: self.mac, ip: IpAddr::from(self.v4), port, ttl: self.stack.ttl }
    }

    /// The host as an IPv6 peer by its global address, when it has one.
    pub fn peer_v6(&self, port: u16) -> Option<Peer> {
        let ip = IpAddr::V6(self.v6?);
        Some(Peer { mac: self.mac, ip, port, ttl: self.stack.ttl })
    }

    /// The host as a peer by its link-local address.
    pub fn peer_link_local(&self, port: u16) -> Peer {
        Peer { mac: self.mac, ip: icmp::link_local(self.mac), port, ttl: 255 }
    }
}

/// A service on the Internet.
#[derive(Clone, Debug)]
pub struct Site {
    /// Host name.
    pub name: String,
    /// IPv4 address.
    pub v4: [u8; 4],
    /// IPv6 address, for a share of the sites.
    pub v6: Option<Ipv6Addr>,
    /// Round-trip time in nanoseconds.
    pub rtt: i64,
    /// TTL with which its packets arrive.
    pub ttl: u8,
    /// Whether it speaks TLS 1.3 (others 1.2).
    pub tls13: bool,
}

/// Everything the actors share.
pub struct World {
    /// Hosts; the first have fixed roles.
    pub hosts: Vec<Host>,
    /// Internet sites.
    pub sites: Vec<Site>,
    /// Random bytes from which encrypted payload is cut.
    pub noise: Vec<u8>,
    /// Until when a host or the name server knows a name: (host, name) to nanoseconds.
    pub(crate) names: BTreeMap<(HostId, u32), i64>,
    /// Until when a host knows the hardware address of a neighbour.
    pub(crate) neighbours: BTreeMap<(HostId, HostId, bool), i64>,
}

/// Length of [`World::noise`]; a power of two.
pub(crate) const NOISE: usize = 1 << 16;

/// A fixed host: name, last address byte, hardware prefix, stack, open ports.
type Fixed = (&'static str, u8, [u8; 3], Stack, &'static [u16]);

/// The fixed hosts in the order of their ids.
const FIXED: [Fixed; FIRST_STATION] = [
    ("gateway", 1, [0x00, 0x0d, 0xb9], LINUX, &[53, 80, 443]),
    ("ns1", 2, [0x52, 0x54, 0x00], LINUX, &[22, 53]),
    ("files", 3, [0x00, 0x11, 0x32], LINUX, &[22, 139, 445]),
    ("mail", 4, [0x52, 0x54, 0x00], LINUX, &[22, 25, 143, 587, 993]),
    ("printer", 5, [0x00, 0x1e, 0x0b], LINUX, &[80, 515, 631, 9100]),
    ("pbx", 6, [0x52, 0x54, 0x00], LINUX, &[22, 5060]),
    ("phone1", 7, [0x00, 0x0b, 0x82], LINUX, &[80]),
    ("phone2", 8, [0x00, 0x0b, 0x82], LINUX, &[80]),
    ("monitor", 9, [0x52, 0x54, 0x00], LINUX, &[22, 443]),
    ("camera1", 10, [0xac, 0xcc, 0x8e], LINUX, &[80, 554]),
    ("www", 11, [0x52, 0x54, 0x00], LINUX, &[21, 22, 80, 443]),
];

impl World {
    /// The office with `stations` workstations, drawn from `rng`.
    pub fn new(stations: u16, rng: &mut Rng) -> Self {
        let mut hosts: Vec<Host> = FIXED.iter().map(|fixed| fixed_host(fixed, rng)).collect();
        hosts.extend((0..stations).map(|index| station(index, rng)));
        let sites = (0..SITES).map(|index| site(index, rng)).collect();
        let mut noise = vec![0; NOISE];
        rng.fill(&mut noise);
        Self { hosts, sites, noise, names: BTreeMap::new(), neighbours: BTreeMap::new() }
    }

    /// Ids of the workstations.
    pub fn stations(&self) -> std::ops::Range<HostId> {
        FIRST_STATION..self.hosts.len()
    }

    /// A fresh ephemeral port of `host` (RFC 6056 range, in turn so that none is reused early).
    pub fn ephemeral(&mut self, host: HostId) -> u16 {
        let host = &mut self.hosts[host];
        host.next_port = if host.next_port == u16::MAX { 49_152 } else { host.next_port + 1 };
        host.next_port
    }

    /// A peer beyond the gateway.
    pub fn outside(&self, ip: IpAddr, port: u16, ttl: u8) -> Peer {
        Peer { mac: self.hosts[GATEWAY].mac, ip, port, ttl }
    }

    /// An IPv4 peer of a site.
    pub fn site_peer(&self, site: usize, port: u16) -> Peer {
        let site = &self.sites[site];
        self.outside(IpAddr::from(site.v4), port, site.ttl)
    }
}

fn fixed_host(&(name, last, [a, b, c], stack, open): &Fixed, rng: &mut Rng) -> Host {
    let [d, e, f] = rng.bytes();
    let v6 = [GATEWAY, DNS, FILES, WEB].map(|id| FIXED[id].1).contains(&last);
    Host {
        name: name.to_owned(),
        mac: [a, b, c, d, e, f],
        v4: [192, 168, 10, last],
        v6: v6.then(|| lan_v6(last)),
        stack,
        open,
        next_port: rng.range(49_152, 65_000) as u16,
    }
}

/// Workstation number `index`: two thirds Windows-like, half of them with IPv6.
fn station(index: u16, rng: &mut Rng) -> Host {
    let windows = rng.chance(660);
    let last = 20 + (index % 220) as u8;
    let [d, e, f] = rng.bytes();
    let [a, b, c] = *rng.pick(&[[0x3c, 0x52, 0x82], [0x8c, 0x16, 0x45], [0xd8, 0x9e, 0xf3]]);
    Host {
        name: format!("ws{:02}", index + 1),
        mac: [a, b, c, d, e, f],
        v4: [192, 168, 10, last],
        v6: rng.chance(500).then(|| lan_v6(last)),
        stack: if windows { WINDOWS } else { LINUX },
        open: if windows { &[135, 139, 445] } else { &[22] },
        next_port: rng.range(49_152, 65_000) as u16,
    }
}

fn lan_v6(last: u8) -> Ipv6Addr {
    Ipv6Addr::new(0xfd00, 0x10, 0, 0, 0, 0, 0, u16::from(last))
}

const SITES: usize = 72;

/// What the made-up companies are called; with `SERVICES` they give the site names.
const COMPANIES: [&str; 12] = [
    "bluewave",
    "northmill",
    "cloudnest",
    "papertrail",
    "quickcart",
    "newsroom",
    "streambox",
    "devforge",
    "adriver",
    "metricly",
    "softworks",
    "weatherly",
];
const SERVICES: [&str; 6] = ["www", "api", "cdn", "static", "login", "img"];

fn site(index: usize, rng: &mut Rng) -> Site {
    let company = COMPANIES[index % COMPANIES.len()];
    let service = SERVICES[index / COMPANIES.len() % SERVICES.len()];
    let nets = [[198, 51, 100], [203, 0, 113], [192, 0, 2]];
    let [a, b, c] = nets[index % 3];
    let last = 20 + index as u8 * 3;
    let v6 = Ipv6Addr::new(0x2001, 0xdb8, 0x100 + index as u16, 0, 0, 0, 0, 0x10);
    Site {
        name: format!("{service}.{company}.example"),
        v4: Ipv4Addr::new(a, b, c, last).octets(),
        v6: rng.chance(400).then_some(v6),
        rtt: rng.span(6, 95) * 1_000_000 + rng.span(0, 1_000_000),
        ttl: rng.range(44, 60) as u8,
        tls13: rng.chance(750),
    }
}
