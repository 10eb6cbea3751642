//! ARP and RARP for IPv4 (RFC 826, RFC 903).

use super::{Decoder, View};
use crate::{Addr, Arp, Body, Layer, Mac, MalformedKind};

/// Hardware type of Ethernet.
const HARDWARE_ETHERNET: u16 = 1;
const PROTOCOL_IPV4: u16 = 0x0800;

impl<'a> Decoder<'a, '_> {
    /// Decodes ARP; other hardware or protocols than Ethernet and IPv4 stay [`Body::Other`].
    pub(super) fn arp(&mut self, ether_type: u16, view: View<'a>) {
        *self.body = Body::Other { ether_type };
        let Some((&[h0, h1, p0, p1, mac_len, ip_len, o0, o1], addresses)) = view.split::<8>()
        else {
            self.short(Layer::Arp, view, 8);
            return;
        };
        if u16::from_be_bytes([p0, p1]) != PROTOCOL_IPV4 {
            return;
        }
        if (mac_len, ip_len) != (6, 4) {
            if u16::from_be_bytes([h0, h1]) == HARDWARE_ETHERNET {
                let had = usize::from(mac_len) + usize::from(ip_len);
                self.note(Layer::Arp, MalformedKind::Length, view, 10, had);
            }
            return;
        }
        let Some((&[m0, m1, m2, m3, m4, m5, i0, i1, i2, i3], target)) = addresses.split::<10>()
        else {
            self.short(Layer::Arp, view, 28);
            return;
        };
        let Some(&[n0, n1, n2, n3, n4, n5, j0, j1, j2, j3]) = target.head::<10>() else {
            self.short(Layer::Arp, view, 28);
            return;
        };
        *self.body = Body::Arp(Arp {
            operation: u16::from_be_bytes([o0, o1]),
            sender_mac: Mac([m0, m1, m2, m3, m4, m5]),
            sender_ip: Addr::v4([i0, i1, i2, i3]),
            target_mac: Mac([n0, n1, n2, n3, n4, n5]),
            target_ip: Addr::v4([j0, j1, j2, j3]),
            tunnel: self.tunnel,
        });
    }
}
