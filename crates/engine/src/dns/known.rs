//! Zones whose ordinary use looks like a tunnel, each with the reason.
//!
//! The names under them are answered by the owner's own servers, which customers and attackers do
//! not control, so no tunnel can end there. In byte order, so that a name is found by halving.

/// Zone and why names under it are not counted.
const ZONES: &[(&str, &str)] = &[
    ("abuse.ch", "block lists and hash look-ups"),
    ("abuseat.org", "mail block list: reversed addresses"),
    ("akadns.net", "load balancing of a content network"),
    ("akamai.net", "content network: hashed host names"),
    ("akamaiedge.net", "content network: hashed host names"),
    ("akamaihd.net", "content network: hashed host names"),
    ("amazonaws.com", "cloud: generated host names"),
    ("apple-dns.net", "generated host names of one vendor's services"),
    ("asn.cymru.com", "address to network look-ups in TXT"),
    ("avast.com", "file reputation of an antivirus"),
    ("avg.com", "file reputation of an antivirus"),
    ("avts.mcafee.com", "file reputation of an antivirus"),
    ("azureedge.net", "content network: generated host names"),
    ("barracudabrts.com", "mail reputation"),
    ("barracudacentral.org", "mail block list: reversed addresses"),
    ("bitdefender.net", "file reputation of an antivirus"),
    ("cloudapp.net", "cloud: generated host names"),
    ("cloudfront.net", "content network: hashed host names"),
    ("cloudmark.com", "mail fingerprints"),
    ("cymru.com", "address and hash look-ups in TXT"),
    ("dnswl.org", "mail allow list: reversed addresses"),
    ("e5.sk", "file reputation of an antivirus"),
    ("edgekey.net", "content network"),
    ("edgesuite.net", "content network"),
    ("ethdisco.net", "node lists in TXT trees (EIP-1459)"),
    ("fastly.net", "content network: generated host names"),
    ("fbcdn.net", "content network: hashed host names"),
    ("fsapi.com", "file reputation of an antivirus"),
    ("gfi.com", "mail reputation"),
    ("googlesyndication.com", "advertisements: a random host name for each frame"),
    ("googleusercontent.com", "cloud: generated host names"),
    ("googlevideo.com", "content network: encoded host names"),
    ("gvt1.com", "content network: encoded host names"),
    ("hashserver.cs.trendmicro.com", "file reputation of an antivirus"),
    ("invaluement.com", "mail block list"),
    ("kaspersky-labs.com", "file reputation of an antivirus"),
    ("mailspike.net", "mail block list: reversed addresses"),
    ("manitu.net", "mail block list: reversed addresses"),
    ("mcafee.com", "file reputation of an antivirus"),
    ("metric.gstatic.com", "measurements of name resolution"),
    ("msbl.org", "mail block list: hashes of addresses"),
    ("nflxvideo.net", "content network: encoded host names"),
    ("njabl.org", "mail block list: reversed addresses"),
    ("psbl.org", "mail block list: reversed addresses"),
    ("rfc-ignorant.org", "mail block list"),
    ("sbl-xbl.spamhaus.org", "mail block list: reversed addresses"),
    ("senderbase.org", "mail reputation: hashes in names, values in TXT"),
    ("senderscore.com", "mail reputation: reversed addresses"),
    ("sophosxl.com", "file and web reputation of an antivirus"),
    ("sophosxl.net", "file and web reputation of an antivirus"),
    ("sorbs.net", "mail block list: reversed addresses"),
    ("spamcop.net", "mail block list: reversed addresses"),
    ("spamhaus.net", "mail block list: hashes and reversed addresses"),
    ("spamhaus.org", "mail block list: hashes and reversed addresses"),
    ("support-intelligence.net", "mail block list"),
    ("surbl.org", "block list of domains found in mail"),
    ("trafficmanager.net", "load balancing of a cloud"),
    ("trendmicro.com", "file and web reputation of an antivirus"),
    ("tunnel.googlezip.net", "proxy checks of a browser"),
    ("uceprotect.net", "mail block list: reversed addresses"),
    ("uribl.com", "block list of domains found in mail"),
    ("webcfs00.com", "web filter of a firewall: categories by name"),
    ("windows.net", "cloud: generated host names"),
];
/// Labels of the longest zone in the table.
const LABELS_MAX: usize = 4;

/// True when the name lies under one of the zones, or is a reverse look-up, or asks among
/// neighbours, or asks a block list for an address: four decimal octets or 32 hex digits, each a
/// label, at its left end.
pub(crate) fn is_known(name: &super::Name) -> bool {
    let top = name.tail(1);
    if top == b"arpa" || top == b"local" {
        return true;
    }
    let listed = (2..=LABELS_MAX.min(name.labels())).any(|labels| {
        ZONES.binary_search_by(|(zone, _)| zone.as_bytes().cmp(name.tail(labels))).is_ok()
    });
    listed || is_reversed(name)
}

fn is_reversed(name: &super::Name) -> bool {
    let octet = |label: &&[u8]| {
        let text = std::str::from_utf8(label).unwrap_or_default();
        label.iter().all(u8::is_ascii_digit) && text.parse::<u8>().is_ok()
    };
    let nibble = |label: &&[u8]| matches!(label, [b'0'..=b'9' | b'a'..=b'f']);
    name.below().take_while(octet).count() == 4 || name.below().take_while(nibble).count() >= 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::name::tests::named;

    #[test]
    fn the_table_is_in_order_and_within_limits() {
        assert!(ZONES.windows(2).all(|w| w[0].0.as_bytes() < w[1].0.as_bytes()));
        assert!(ZONES.iter().all(|(z, why)| z.split('.').count() <= LABELS_MAX && !why.is_empty()));
    }

    #[test]
    fn zones_and_what_is_below_them() {
        for (name, known) in [
            ("d111111abcdef8.cloudfront.net", true),
            ("0.0.0.0.1.0.0.4e.135jg5e1pd7s4735ftrqweufm5.avqs.mcafee.com", true),
            ("e5.sk", true),
            ("7.2.0.192.zen.dnsbl.example", true),
            ("7.2.0.192.9.zen.dnsbl.example", false),
            ("a.mcafee.com.evil.example", false),
            ("4.3.2.1.in-addr.arpa", true),
            ("printer.local", true),
            ("t.relay-zone.example", false),
        ] {
            assert_eq!(is_known(&named(name)), known, "{name}");
        }
    }
}
