//! Public suffixes: where one owner's names end and another's begin.
//!
//! A small table instead of the Public Suffix List: second-level names that country domains use in
//! the same way everywhere, and hosters under whose names anyone can take one. What is missing
//! here is counted as one zone, so strangers are thrown together: a tunnel is found all the same,
//! a domain generator under an unlisted hoster is not. Listed in byte order.

/// Labels of the longest suffix in the table.
pub(super) const LABELS_MAX: usize = 2;
/// The longest top-level domain in use has 24 letters (`xn--vermgensberatung-pwb`).
const TOP_LEVEL_MAX: usize = 24;

/// Second-level names under country domains, as in `co.uk`, `com.br` and `or.jp`.
const SECOND: &[&str] = &[
    "ac", "asso", "biz", "co", "com", "edu", "firm", "gen", "go", "gob", "gouv", "gov", "gv", "id",
    "ind", "info", "kiev", "ltd", "me", "mil", "msk", "ne", "net", "nhs", "nic", "nom", "or",
    "org", "plc", "sch", "spb", "tm", "waw", "web",
];

/// Hosters and dynamic DNS: each label below belongs to somebody else.
const HOSTED: &[&str] = &[
    "000webhostapp.com",
    "afraid.org",
    "appspot.com",
    "azurewebsites.net",
    "blogspot.com",
    "bounceme.net",
    "changeip.com",
    "chickenkiller.com",
    "ddns.me",
    "ddns.net",
    "ddnsking.com",
    "dnsalias.com",
    "dnsdynamic.org",
    "dnsfor.me",
    "duckdns.org",
    "dynalias.com",
    "dyndns-home.com",
    "dyndns.biz",
    "dyndns.info",
    "dyndns.org",
    "dyndns.tv",
    "dyns.cc",
    "dynserv.com",
    "dynu.net",
    "dynv6.net",
    "eu.org",
    "firebaseapp.com",
    "freeddns.org",
    "freedns.io",
    "giize.com",
    "github.io",
    "gitlab.io",
    "gotdns.com",
    "herokuapp.com",
    "homedns.org",
    "homeip.net",
    "homelinux.com",
    "hopto.org",
    "ignorelist.com",
    "is-a-geek.com",
    "kozow.com",
    "mooo.com",
    "myddns.me",
    "myftp.biz",
    "myftp.org",
    "myvnc.com",
    "netlify.app",
    "no-ip.biz",
    "no-ip.com",
    "no-ip.info",
    "no-ip.org",
    "noip.me",
    "now-dns.net",
    "ooguy.com",
    "pages.dev",
    "redirectme.net",
    "serveftp.com",
    "servegame.com",
    "servehttp.com",
    "strangled.net",
    "sytes.net",
    "theworkpc.com",
    "uk.com",
    "us.com",
    "us.to",
    "vercel.app",
    "web.app",
    "webhop.net",
    "weebly.com",
    "wixsite.com",
    "wordpress.com",
    "workers.dev",
    "yi.org",
    "zapto.org",
];

/// True when the label can be a top-level domain: letters, or the ASCII form of other letters.
pub(super) fn can_be_top_level(label: &[u8]) -> bool {
    let letters = label.iter().all(u8::is_ascii_lowercase);
    (2..=TOP_LEVEL_MAX).contains(&label.len()) && (letters || label.starts_with(b"xn--"))
        || label == b"localhost"
}

/// True for a suffix of more than one label under which names are registered.
pub(super) fn is_public(tail: &[u8]) -> bool {
    let mut labels = tail.split(|b| *b == b'.');
    let (Some(second), Some(top), None) = (labels.next(), labels.next(), labels.next()) else {
        return false;
    };
    let country = top.len() == 2 && SECOND.binary_search_by(|s| s.as_bytes().cmp(second)).is_ok();
    country || HOSTED.binary_search_by(|s| s.as_bytes().cmp(tail)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order_and_within_limits() {
        for table in [SECOND, HOSTED] {
            assert!(table.windows(2).all(|w| w[0].as_bytes() < w[1].as_bytes()));
        }
        assert!(HOSTED.iter().all(|s| s.split('.').count() <= LABELS_MAX));
    }
}
