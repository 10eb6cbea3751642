//! The application protocols we know by name.

/// One row per protocol: documentation, variant, standard lower-case name.
macro_rules! protocols {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// An application protocol.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum AppProto {
            $($(#[$doc])* $variant,)*
        }

        impl AppProto {
            /// Every protocol, in the order of the enum.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Standard name in lower case.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

protocols! {
    /// Not recognised.
    #[default]
    Unknown = "unknown",
    /// Domain Name System over UDP or TCP (RFC 1035).
    Dns = "dns",
    /// Multicast DNS (RFC 6762).
    Mdns = "mdns",
    /// Link-Local Multicast Name Resolution (RFC 4795).
    Llmnr = "llmnr",
    /// NetBIOS name service (RFC 1002).
    Nbns = "nbns",
    /// NetBIOS datagram service (RFC 1002).
    Nbds = "nbds",
    /// TLS or SSL over TCP.
    Tls = "tls",
    /// DTLS (RFC 6347, RFC 9147).
    Dtls = "dtls",
    /// QUIC, Google's older QUIC included.
    Quic = "quic",
    /// HTTP/1.x.
    Http = "http",
    /// HTTP/2 without TLS (RFC 9113, prior knowledge).
    Http2 = "http2",
    /// Secure Shell.
    Ssh = "ssh",
    /// FTP control connection.
    Ftp = "ftp",
    /// SMTP.
    Smtp = "smtp",
    /// IMAP.
    Imap = "imap",
    /// POP3.
    Pop3 = "pop3",
    /// NNTP.
    Nntp = "nntp",
    /// Telnet.
    Telnet = "telnet",
    /// Remote Desktop Protocol.
    Rdp = "rdp",
    /// SMB 1 to 3 over TCP or NetBIOS sessions.
    Smb = "smb",
    /// DCE/RPC.
    Dcerpc = "dcerpc",
    /// Kerberos 5.
    Kerberos = "kerberos",
    /// LDAP, connectionless LDAP included.
    Ldap = "ldap",
    /// DHCP and BOOTP for IPv4.
    Dhcp = "dhcp",
    /// DHCPv6.
    Dhcpv6 = "dhcpv6",
    /// Network Time Protocol.
    Ntp = "ntp",
    /// SNMP.
    Snmp = "snmp",
    /// Simple Service Discovery Protocol (UPnP).
    Ssdp = "ssdp",
    /// WS-Discovery.
    Wsd = "ws-discovery",
    /// Session Initiation Protocol.
    Sip = "sip",
    /// Real-time Transport Protocol.
    Rtp = "rtp",
    /// RTP Control Protocol.
    Rtcp = "rtcp",
    /// RTSP.
    Rtsp = "rtsp",
    /// STUN and TURN.
    Stun = "stun",
    /// Syslog.
    Syslog = "syslog",
    /// TFTP.
    Tftp = "tftp",
    /// NetFlow v5, v9 and IPFIX.
    Netflow = "netflow",
    /// sFlow v5.
    Sflow = "sflow",
    /// MySQL.
    Mysql = "mysql",
    /// PostgreSQL.
    Postgres = "postgresql",
    /// Microsoft SQL Server (TDS).
    Tds = "tds",
    /// Redis (RESP).
    Redis = "redis",
    /// MongoDB.
    Mongo = "mongodb",
    /// Memcached.
    Memcached = "memcached",
    /// MQTT.
    Mqtt = "mqtt",
    /// AMQP.
    Amqp = "amqp",
    /// CoAP.
    Coap = "coap",
    /// IRC.
    Irc = "irc",
    /// XMPP.
    Xmpp = "xmpp",
    /// BitTorrent, DHT included.
    Bittorrent = "bittorrent",
    /// Gnutella.
    Gnutella = "gnutella",
    /// VNC (RFB).
    Vnc = "vnc",
    /// SOCKS 4 and 5.
    Socks = "socks",
    /// RADIUS.
    Radius = "radius",
    /// BGP.
    Bgp = "bgp",
    /// RIP.
    Rip = "rip",
    /// IKE, and ESP in UDP.
    Ike = "ike",
    /// WireGuard.
    Wireguard = "wireguard",
    /// OpenVPN.
    OpenVpn = "openvpn",
    /// Git's native protocol.
    Git = "git",
    /// rsync daemon.
    Rsync = "rsync",
    /// Service Location Protocol.
    Slp = "slp",
    /// RMCP and IPMI.
    Rmcp = "rmcp",
    /// PPTP control connection.
    Pptp = "pptp",
    /// L2TP.
    L2tp = "l2tp",
    /// Apache JServ Protocol.
    Ajp = "ajp",
    /// NATS.
    Nats = "nats",
    /// Stratum, the protocol of mining pools.
    Stratum = "stratum",
    /// NAT-PMP and PCP.
    NatPmp = "nat-pmp",
    /// ONC RPC and portmapper.
    Rpc = "rpc",
    /// Character generator.
    Chargen = "chargen",
    /// Modbus/TCP.
    Modbus = "modbus",
    /// IEC 60870-5-104.
    Iec104 = "iec104",
    /// DNP3.
    Dnp3 = "dnp3",
    /// Siemens S7 over ISO transport.
    S7 = "s7comm",
    /// EtherNet/IP.
    Enip = "enip",
    /// BACnet/IP.
    Bacnet = "bacnet",
    /// OPC UA binary.
    Opcua = "opcua",
}

impl AppProto {
    /// True when most of what such a flow carries is encrypted: TLS application data, QUIC, SSH
    /// behind its key exchange, WireGuard, OpenVPN, ESP in UDP. The opening messages are in the
    /// clear; [`tls::encrypted_from`](super::tls::encrypted_from) and
    /// [`ssh::encrypted_from`](super::ssh::encrypted_from) say where that ends.
    pub const fn is_encrypted_payload(self) -> bool {
        matches!(
            self,
            Self::Tls
                | Self::Dtls
                | Self::Quic
                | Self::Ssh
                | Self::Ike
                | Self::Wireguard
                | Self::OpenVpn
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_lower_case_words() {
        let mut names: Vec<_> = AppProto::ALL.iter().map(|p| p.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), AppProto::ALL.len());
        let word =
            |n: &str| n.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        assert!(names.iter().all(|name| word(name)));
    }
}
