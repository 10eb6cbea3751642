//! DHCP messages (RFC 2131) with the options real clients and servers send.

use std::net::IpAddr;

use super::ip::Peer;
use super::udp;

/// What a client and a server agree on.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// Transaction id.
    pub id: u32,
    /// Hardware address of the client.
    pub mac: [u8; 6],
    /// Address offered or held; zero before there is one.
    pub ip: [u8; 4],
    /// Address of the server.
    pub server: [u8; 4],
    /// Router that the server names.
    pub router: [u8; 4],
    /// Name server that the server names.
    pub dns: [u8; 4],
}

impl Lease {
    /// An empty lease at `server`, which is also the router.
    pub fn new(server: &Peer) -> Self {
        let server = match server.ip {
            IpAddr::V4(v4) => v4.octets(),
            IpAddr::V6(_) => [0; 4],
        };
        let dns = [server[0], server[1], server[2], 2];
        Self { id: 0, mac: [0; 6], ip: [0; 4], server, router: server, dns }
    }
}

const DISCOVER: u8 = 1;
const OFFER: u8 = 2;
const REQUEST: u8 = 3;
const ACK: u8 = 5;

/// Broadcast DISCOVER of a client with this name and vendor class.
pub fn discover(lease: &Lease, name: &str, vendor: &str) -> Vec<u8> {
    let client = Peer { mac: lease.mac, ..Peer::broadcast([0; 4], 68) };
    let bytes = client_message(lease, DISCOVER, name, vendor, [0; 4]);
    udp::datagram(&client, &Peer::broadcast([255; 4], 67), 0, &bytes)
}

/// Broadcast REQUEST for the offered address.
pub fn request(lease: &Lease, name: &str, vendor: &str) -> Vec<u8> {
    let client = Peer { mac: lease.mac, ..Peer::broadcast([0; 4], 68) };
    let bytes = client_message(lease, REQUEST, name, vendor, [0; 4]);
    udp::datagram(&client, &Peer::broadcast([255; 4], 67), 0, &bytes)
}

/// Unicast REQUEST that renews a held address.
pub fn renew(lease: &Lease, client: &Peer, server: &Peer, name: &str, vendor: &str) -> Vec<u8> {
    let bytes = client_message(lease, REQUEST, name, vendor, lease.ip);
    udp::datagram(&client.port(68), &server.port(67), 0, &bytes)
}

/// OFFER of the lease's address.
pub fn offer(lease: &Lease, server: &Peer) -> Vec<u8> {
    answer(lease, server, OFFER, [0; 4])
}

/// ACK of the lease's address.
pub fn acknowledge(lease: &Lease, server: &Peer, held: [u8; 4]) -> Vec<u8> {
    answer(lease, server, ACK, held)
}

fn answer(lease: &Lease, server: &Peer, kind: u8, held: [u8; 4]) -> Vec<u8> {
    let mut bytes = fixed_part(lease, 2, held);
    option(&mut bytes, 53, &[kind]);
    option(&mut bytes, 54, &lease.server);
    option(&mut bytes, 51, &[0, 0, 0x1c, 0x20]);
    option(&mut bytes, 1, &[255, 255, 255, 0]);
    option(&mut bytes, 3, &lease.router);
    option(&mut bytes, 6, &lease.dns);
    option(&mut bytes, 15, b"office.example");
    finish(&mut bytes);
    let client = Peer { mac: lease.mac, ..Peer::broadcast(lease.ip, 68) };
    udp::datagram(&server.port(67), &client, 0, &bytes)
}

fn client_message(lease: &Lease, kind: u8, name: &str, vendor: &str, held: [u8; 4]) -> Vec<u8> {
    let mut bytes = fixed_part(lease, 1, held);
    option(&mut bytes, 53, &[kind]);
    let [a, b, c, d, e, f] = lease.mac;
    option(&mut bytes, 61, &[1, a, b, c, d, e, f]);
    if kind == REQUEST && held == [0; 4] {
        option(&mut bytes, 50, &lease.ip);
        option(&mut bytes, 54, &lease.server);
    }
    option(&mut bytes, 12, name.as_bytes());
    option(&mut bytes, 60, vendor.as_bytes());
    option(&mut bytes, 55, &[1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252]);
    finish(&mut bytes);
    bytes
}

/// The fixed fields and the magic cookie; `held` is the address the client already uses.
fn fixed_part(lease: &Lease, operation: u8, held: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![operation, 1, 6, 0];
    bytes.extend_from_slice(&lease.id.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&held);
    bytes.extend_from_slice(if operation == 2 { &lease.ip } else { &[0; 4] });
    bytes.resize(28, 0);
    bytes.extend_from_slice(&lease.mac);
    bytes.resize(236, 0);
    bytes.extend_from_slice(&[99, 130, 83, 99]);
    bytes
}

fn option(bytes: &mut Vec<u8>, code: u8, value: &[u8]) {
    bytes.push(code);
    bytes.push(value.len() as u8);
    bytes.extend_from_slice(value);
}

/// End option and padding to the 300 bytes that BOOTP asks for.
fn finish(bytes: &mut Vec<u8>) {
    bytes.push(255);
    if bytes.len() < 300 {
        bytes.resize(300, 0);
    }
}
