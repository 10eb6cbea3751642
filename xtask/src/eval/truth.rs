//! The labels of the captures, and which detector has to find which kind of attack.

use std::net::IpAddr;
use std::path::Path;

/// One labelled capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Labelled {
    /// Path below the data folder.
    pub(crate) file: String,
    /// What it holds; the kind of application for a benign one.
    pub(crate) kind: String,
    /// True when it holds an attack.
    pub(crate) attack: bool,
    /// Who attacks: an address, or a word such as `spoofed`.
    pub(crate) attacker: Subject,
    /// Who is attacked.
    pub(crate) victim: Subject,
    /// What is known of it; begins with `level=`, may say `HARD`.
    pub(crate) notes: String,
}

/// Who a label names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// One address.
    Address(IpAddr),
    /// A network: its address and leading bits.
    Network(IpAddr, u8),
    /// Many, or nobody in particular.
    Word,
}

/// Kinds of attacks (`*` at the end stands for anything), the detector that has to find them, and
/// whether it is required today.
const DETECTORS: &[(&str, &str, bool)] = &[
    ("portscan-*", "port-scan", true),
    ("vuln-scan", "port-scan", true),
    ("host-sweep-*", "host-sweep", true),
    ("icmp-sweep", "host-sweep", true),
    ("arp-sweep", "host-sweep", true),
    ("horizontal-scan", "host-sweep", true),
    ("ipproto-scan", "protocol-scan", true),
    ("dos-*", "flood", true),
    ("dhcp-flood", "flood", true),
    ("ddos-*", "ddos", true),
    ("bruteforce-*", "brute-force", true),
    ("password-spray", "brute-force", true),
    ("arp-spoofing", "arp-spoof", true),
    ("dns-tunnel", "dns-tunnel", true),
    ("dns-c2", "dns-tunnel", true),
    ("malware-dga", "dga", true),
    ("icmp-tunnel", "icmp-tunnel", true),
    ("beacon", "beacon", true),
    ("web-*", "keyword", false),
    ("shell", "keyword", false),
    ("log4shell", "keyword", false),
    ("heartbleed", "keyword", false),
];

/// The detector that has to find a kind, and whether it is required today.
pub(crate) fn expected(kind: &str) -> Option<(&'static str, bool)> {
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(prefix) => kind.starts_with(prefix),
        None => kind == pattern,
    };
    DETECTORS.iter().find(|(pattern, ..)| fits(pattern)).map(|(_, id, required)| (*id, *required))
}

impl Labelled {
    /// Needs a look into payloads: a keyword, a signature or Suricata.
    pub(crate) fn is_payload(&self) -> bool {
        self.attack && self.notes.starts_with("level=payload")
    }

    /// Benign, but looks like a scan or a flood.
    pub(crate) fn is_hard(&self) -> bool {
        self.notes.contains("HARD")
    }
}

impl Subject {
    pub(crate) fn parse(text: &str) -> Self {
        if let Ok(address) = text.parse() {
            return Self::Address(address);
        }
        let network =
            text.split_once('/').and_then(|(a, len)| Some((a.parse().ok()?, len.parse().ok()?)));
        network.map_or(Self::Word, |(address, len)| Self::Network(address, len))
    }

    /// True when the label names exactly one host.
    pub(crate) fn is_host(&self) -> bool {
        matches!(self, Self::Address(a) if !a.is_unspecified())
    }

    /// True when the address is meant.
    pub(crate) fn covers(&self, address: IpAddr) -> bool {
        match self {
            Self::Address(a) => *a == address,
            Self::Network(network, len) => within(address, *network, *len),
            Self::Word => true,
        }
    }
}

fn within(address: IpAddr, network: IpAddr, len: u8) -> bool {
    let (a, b, width) = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    let host_bits = width - u32::from(len).min(width);
    a.checked_shr(host_bits).unwrap_or(0) == b.checked_shr(host_bits).unwrap_or(0)
}

/// Reads the labels: `file,label,kind,attacker,victim,notes`.
pub(crate) fn read(path: &Path) -> Result<Vec<Labelled>, String> {
    let mut table = csv::Reader::from_path(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut rows = Vec::new();
    for row in table.records() {
        let row = row.map_err(|e| format!("{}: {e}", path.display()))?;
        let field = |at| row.get(at).unwrap_or_default().to_owned();
        rows.push(Labelled {
            file: field(0),
            attack: row.get(1) == Some("attack"),
            kind: field(2),
            attacker: Subject::parse(&field(3)),
            victim: Subject::parse(&field(4)),
            notes: field(5),
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_lead_to_detectors() {
        assert_eq!(expected("portscan-syn"), Some(("port-scan", true)));
        assert_eq!(expected("dos-icmpv6-flood"), Some(("flood", true)));
        assert_eq!(expected("ddos-reflection"), Some(("ddos", true)));
        assert_eq!(expected("dns-c2"), Some(("dns-tunnel", true)));
        assert_eq!(expected("web-xss"), Some(("keyword", false)));
        assert_eq!(expected("bruteforce-ssh"), Some(("brute-force", true)));
        assert_eq!(expected("password-spray"), Some(("brute-force", true)));
        assert_eq!(expected("c2"), None);
    }

    #[test]
    fn subjects_cover_addresses() {
        let covers =
            |subject: &str, address: &str| Subject::parse(subject).covers(address.parse().unwrap());
        assert!(covers("192.0.2.1", "192.0.2.1") && !covers("192.0.2.1", "192.0.2.2"));
        assert!(covers("10.0.0.0/8", "10.9.9.9") && !covers("10.0.0.0/8", "11.0.0.1"));
        assert!(covers("spoofed", "192.0.2.1") && covers("2001:db8::/32", "2001:db8::9"));
        assert!(!covers("0.0.0.0/0", "::1") && covers("0.0.0.0/0", "1.2.3.4"));
        assert!(!Subject::parse("0.0.0.0").is_host());
    }
}
