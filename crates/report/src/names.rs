//! Names of protocol and version numbers, as the field writes them.

use std::borrow::Cow;

/// Name of an IP protocol number: `tcp`, `udp`, `icmp`...; `proto-N` for one without a common name.
pub fn protocol(proto: u8) -> Cow<'static, str> {
    Cow::Borrowed(match proto {
        1 => "icmp",
        2 => "igmp",
        4 => "ipip",
        6 => "tcp",
        17 => "udp",
        33 => "dccp",
        41 => "ipv6",
        46 => "rsvp",
        47 => "gre",
        50 => "esp",
        51 => "ah",
        58 => "icmpv6",
        88 => "eigrp",
        89 => "ospf",
        103 => "pim",
        112 => "vrrp",
        115 => "l2tp",
        132 => "sctp",
        136 => "udplite",
        other => return Cow::Owned(format!("proto-{other}")),
    })
}

/// Name of a TLS version number: `TLS 1.2`, `DTLS 1.2`, `SSL 3.0`; `0xNNNN` for others.
pub fn tls_version(version: u16) -> Cow<'static, str> {
    Cow::Borrowed(match version {
        0x0002 => "SSL 2.0",
        0x0300 => "SSL 3.0",
        0x0301 => "TLS 1.0",
        0x0302 => "TLS 1.1",
        0x0303 => "TLS 1.2",
        0x0304 => "TLS 1.3",
        0xfeff => "DTLS 1.0",
        0xfefd => "DTLS 1.2",
        0xfefc => "DTLS 1.3",
        other => return Cow::Owned(format!("0x{other:04x}")),
    })
}

/// What is usually behind a responder's port, for people; never used to recognise a protocol.
pub fn service(proto: u8, port: u16) -> Option<&'static str> {
    if !matches!(proto, 6 | 17) {
        return None;
    }
    Some(match port {
        20 => "ftp-data",
        21 => "ftp",
        22 => "ssh",
        23 => "telnet",
        25 => "smtp",
        53 => "dns",
        67 | 68 => "dhcp",
        69 => "tftp",
        80 => "http",
        88 => "kerberos",
        110 => "pop3",
        111 => "rpcbind",
        123 => "ntp",
        135 => "msrpc",
        137..=139 => "netbios",
        143 => "imap",
        161 | 162 => "snmp",
        179 => "bgp",
        389 => "ldap",
        443 => {
            if proto == 17 {
                "quic"
            } else {
                "https"
            }
        }
        445 => "smb",
        465 | 587 => "smtp",
        500 | 4500 => "ipsec",
        502 => "modbus",
        514 => "syslog",
        515 => "lpd",
        546 | 547 => "dhcpv6",
        554 => "rtsp",
        631 => "ipp",
        636 => "ldaps",
        853 => "dns-tls",
        873 => "rsync",
        993 => "imaps",
        995 => "pop3s",
        1080 => "socks",
        1194 => "openvpn",
        1433 => "mssql",
        1521 => "oracle",
        1883 => "mqtt",
        1900 => "ssdp",
        2049 => "nfs",
        3128 | 8080 => "http-alt",
        3268 => "ldap-gc",
        3306 => "mysql",
        3389 => "rdp",
        3478 => "stun",
        5060 | 5061 => "sip",
        5222 => "xmpp",
        5353 => "mdns",
        5355 => "llmnr",
        5432 => "postgresql",
        5900 => "vnc",
        5985 | 5986 => "winrm",
        6379 => "redis",
        8443 => "https-alt",
        9100 => "jetdirect",
        9200 => "elastic",
        11211 => "memcached",
        27017 => "mongodb",
        51820 => "wireguard",
        _ => return None,
    })
}
