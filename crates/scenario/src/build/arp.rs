//! ARP (RFC 826).

use super::ip;

/// The sender or target of an ARP packet.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// Hardware address as the packet claims it.
    pub mac: [u8; 6],
    /// Protocol address.
    pub ip: [u8; 4],
}

/// A broadcast request: who has `target`?
pub fn request(sender: Side, target: [u8; 4]) -> Vec<u8> {
    packet([0xff; 6], sender.mac, 1, sender, Side { mac: [0; 6], ip: target })
}

/// A reply to one host.
pub fn reply(sender: Side, target: Side) -> Vec<u8> {
    packet(target.mac, sender.mac, 2, sender, target)
}

/// A gratuitous announcement: sender and target address are the same (RFC 5227).
pub fn announcement(sender: Side) -> Vec<u8> {
    packet([0xff; 6], sender.mac, 1, sender, Side { mac: [0; 6], ip: sender.ip })
}

/// Any ARP packet.
pub fn packet(to: [u8; 6], from: [u8; 6], operation: u8, sender: Side, target: Side) -> Vec<u8> {
    let mut frame = Vec::with_capacity(ip::FRAME_MIN);
    frame.extend_from_slice(&to);
    frame.extend_from_slice(&from);
    frame.extend_from_slice(&[0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, operation]);
    frame.extend_from_slice(&sender.mac);
    frame.extend_from_slice(&sender.ip);
    frame.extend_from_slice(&target.mac);
    frame.extend_from_slice(&target.ip);
    ip::pad(frame)
}
