//! Numbers that the standards assign: EtherTypes, IP protocols, PPP protocols, UDP ports.

/// EtherTypes (IEEE 802 numbers).
pub(super) mod ether {
    pub(in crate::decode) const IPV4: u16 = 0x0800;
    pub(in crate::decode) const ARP: u16 = 0x0806;
    /// WCCP redirection inside GRE.
    pub(in crate::decode) const WCCP: u16 = 0x883e;
    /// ERSPAN type III inside GRE.
    pub(in crate::decode) const ERSPAN3: u16 = 0x22eb;
    /// Ethernet inside something else (Transparent Ethernet Bridging).
    pub(in crate::decode) const BRIDGED: u16 = 0x6558;
    pub(in crate::decode) const RARP: u16 = 0x8035;
    /// Customer VLAN tag, IEEE 802.1Q.
    pub(in crate::decode) const VLAN: u16 = 0x8100;
    pub(in crate::decode) const IPV6: u16 = 0x86dd;
    /// PPP itself, as GRE and PPP links name it.
    pub(in crate::decode) const PPP: u16 = 0x880b;
    pub(in crate::decode) const MPLS: u16 = 0x8847;
    pub(in crate::decode) const MPLS_MULTICAST: u16 = 0x8848;
    pub(in crate::decode) const PPPOE_SESSION: u16 = 0x8864;
    /// Service VLAN tag, IEEE 802.1ad.
    pub(in crate::decode) const SERVICE_VLAN: u16 = 0x88a8;
    /// ERSPAN type I or II inside GRE.
    pub(in crate::decode) const ERSPAN2: u16 = 0x88be;
    /// Backbone service instance tag (IEEE 802.1ah, MAC in MAC).
    pub(in crate::decode) const BACKBONE: u16 = 0x88e7;
    /// Bridge port extension tag (IEEE 802.1BR).
    pub(in crate::decode) const E_TAG: u16 = 0x893f;
    /// Network Service Header (RFC 8300).
    pub(in crate::decode) const NSH: u16 = 0x894f;
    /// Cisco FabricPath: Ethernet behind a second pair of addresses.
    pub(in crate::decode) const FABRIC_PATH: u16 = 0x8903;
    /// Cisco VN-Tag.
    pub(in crate::decode) const VN_TAG: u16 = 0x8926;
    /// Stacked VLAN tags as vendors numbered them before IEEE 802.1ad.
    pub(in crate::decode) const OLD_VLAN_1: u16 = 0x9100;
    pub(in crate::decode) const OLD_VLAN_2: u16 = 0x9200;
    /// Type fields up to here are lengths of IEEE 802.3 frames.
    pub(in crate::decode) const LENGTH_MAX: u16 = 1500;
}

/// IP protocol numbers (IANA).
pub(super) mod proto {
    pub(in crate::decode) const HOP_BY_HOP: u8 = 0;
    pub(in crate::decode) const ICMP: u8 = 1;
    pub(in crate::decode) const IPV4: u8 = 4;
    pub(in crate::decode) const TCP: u8 = 6;
    pub(in crate::decode) const UDP: u8 = 17;
    pub(in crate::decode) const DCCP: u8 = 33;
    pub(in crate::decode) const IPV6: u8 = 41;
    pub(in crate::decode) const ROUTING: u8 = 43;
    pub(in crate::decode) const FRAGMENT: u8 = 44;
    pub(in crate::decode) const GRE: u8 = 47;
    /// Authentication header (RFC 4302).
    pub(in crate::decode) const AH: u8 = 51;
    pub(in crate::decode) const ICMPV6: u8 = 58;
    pub(in crate::decode) const NO_NEXT: u8 = 59;
    pub(in crate::decode) const DESTINATION: u8 = 60;
    pub(in crate::decode) const SCTP: u8 = 132;
    pub(in crate::decode) const MOBILITY: u8 = 135;
    pub(in crate::decode) const UDP_LITE: u8 = 136;
    pub(in crate::decode) const HIP: u8 = 139;
    pub(in crate::decode) const SHIM6: u8 = 140;
}

/// UDP ports of tunnels.
pub(super) mod port {
    pub(in crate::decode) const GTP_U: u16 = 2152;
    pub(in crate::decode) const TEREDO: u16 = 3544;
    /// GRE in UDP (RFC 8086).
    pub(in crate::decode) const GRE: u16 = 4754;
    pub(in crate::decode) const VXLAN: u16 = 4789;
    pub(in crate::decode) const VXLAN_GPE: u16 = 4790;
    pub(in crate::decode) const GENEVE: u16 = 6081;
    /// VXLAN as Linux numbered it before IANA did.
    pub(in crate::decode) const VXLAN_LINUX: u16 = 8472;
}
