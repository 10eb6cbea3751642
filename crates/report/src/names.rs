//! Names of protocol and version numbers, as the field writes them.

pub use anomalyzer_engine::text::ip_protocol as protocol;

use std::borrow::Cow;

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
    match (proto, port) {
        (17, 443) => Some("quic"),
        (6 | 17, _) => {
            let i = SERVICES.binary_search_by_key(&port, |(port, _)| *port).ok()?;
            SERVICES.get(i).map(|(_, name)| *name)
        }
        _ => None,
    }
}

/// Well-known responder ports, ascending (names as IANA or the field has them).
#[rustfmt::skip] // a list of pairs reads best in lines
const SERVICES: &[(u16, &str)] = &[
    (20, "ftp-data"), (21, "ftp"), (22, "ssh"), (23, "telnet"), (25, "smtp"), (53, "dns"),
    (67, "dhcp"), (68, "dhcp"), (69, "tftp"), (80, "http"), (88, "kerberos"), (110, "pop3"),
    (111, "rpcbind"), (123, "ntp"), (135, "msrpc"), (137, "netbios"), (138, "netbios"),
    (139, "netbios"), (143, "imap"), (161, "snmp"), (162, "snmp"), (179, "bgp"), (389, "ldap"),
    (443, "https"), (445, "smb"), (465, "smtp"), (500, "ipsec"), (502, "modbus"), (514, "syslog"),
    (515, "lpd"), (546, "dhcpv6"), (547, "dhcpv6"), (554, "rtsp"), (587, "smtp"), (631, "ipp"),
    (636, "ldaps"), (853, "dns-tls"), (873, "rsync"), (993, "imaps"), (995, "pop3s"),
    (1080, "socks"), (1194, "openvpn"), (1433, "mssql"), (1521, "oracle"), (1883, "mqtt"),
    (1900, "ssdp"), (2049, "nfs"), (3128, "http-alt"), (3268, "ldap-gc"), (3306, "mysql"),
    (3389, "rdp"), (3478, "stun"), (4500, "ipsec"), (5060, "sip"), (5061, "sip"), (5222, "xmpp"),
    (5353, "mdns"), (5355, "llmnr"), (5432, "postgresql"), (5900, "vnc"), (5985, "winrm"),
    (5986, "winrm"), (6379, "redis"), (8080, "http-alt"), (8443, "https-alt"),
    (9100, "jetdirect"), (9200, "elastic"), (11211, "memcached"), (27017, "mongodb"),
    (51820, "wireguard"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_numbers() {
        assert!(SERVICES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(service(6, 443), Some("https"));
        assert_eq!(service(17, 443), Some("quic"));
        assert_eq!(service(17, 53), Some("dns"));
        assert_eq!(service(1, 8), None);
        assert_eq!(service(6, 50_000), None);
        assert_eq!(protocol(6), "tcp");
        assert_eq!(protocol(253), "proto-253");
        assert_eq!(tls_version(0x0304), "TLS 1.3");
        assert_eq!(tls_version(0x7f1c), "0x7f1c");
    }
}
