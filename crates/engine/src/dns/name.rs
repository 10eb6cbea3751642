//! A domain name in lower case, cut where its registered zone begins.

use super::suffixes;
use anomalyzer_wire::app::dns::DnsName;

/// Bytes of the longest dotted name.
const TEXT_MAX: usize = 255;
/// Labels of the longest name.
const LABELS_MAX: usize = 127;

/// A name on the stack: dotted, lower case, without a final dot. A dot within a label, which no
/// host name has, is kept as a byte 1, so that labels stay apart.
pub(crate) struct Name {
    text: [u8; TEXT_MAX],
    len: usize,
    starts: [u8; LABELS_MAX],
    labels: usize,
    zone_labels: usize,
}

impl Name {
    /// Takes a name from a message.
    pub(crate) fn new(wire: &DnsName) -> Self {
        let mut name = Self {
            text: [0; TEXT_MAX],
            len: 0,
            starts: [0; LABELS_MAX],
            labels: 0,
            zone_labels: 0,
        };
        for label in wire.labels() {
            name.push(label);
        }
        name.zone_labels = name.find_zone();
        name
    }

    fn push(&mut self, label: &[u8]) {
        let start = if self.labels == 0 { 0 } else { self.len + 1 };
        let Some(room) = self.text.get_mut(start..start + label.len()) else { return };
        let Some(slot) = self.starts.get_mut(self.labels) else { return };
        for (to, from) in room.iter_mut().zip(label) {
            *to = if *from == b'.' { 1 } else { from.to_ascii_lowercase() };
        }
        *slot = u8::try_from(start).unwrap_or(u8::MAX);
        if let Some(dot) = start.checked_sub(1).and_then(|at| self.text.get_mut(at)) {
            *dot = b'.';
        }
        self.len = start + label.len();
        self.labels += 1;
    }

    /// The whole name.
    pub(crate) fn text(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
    }

    /// The last `labels` labels with their dots.
    pub(crate) fn tail(&self, labels: usize) -> &[u8] {
        let Some(first) = self.labels.checked_sub(labels) else { return self.text() };
        let start = self.starts.get(first).map_or(self.len, |s| usize::from(*s));
        self.text.get(start..self.len).unwrap_or_default()
    }

    /// How many labels there are.
    pub(crate) fn labels(&self) -> usize {
        self.labels
    }

    /// The zone that somebody registered: one label below a public suffix. Empty when the name
    /// ends in nothing that can be a top-level domain.
    pub(crate) fn zone(&self) -> &[u8] {
        if self.zone_labels == 0 { &[] } else { self.tail(self.zone_labels) }
    }

    /// The registered label itself, such as `example` of `www.example.co.uk`; `None` for a name
    /// that is a public suffix or ends in no top-level domain.
    pub(crate) fn registered(&self) -> Option<&[u8]> {
        let zone = self.zone();
        let label = zone.split(|b| *b == b'.').next()?;
        (label.len() < zone.len() && !suffixes::is_public(zone)).then_some(label)
    }

    /// What stands behind the registered label, such as `co.uk`.
    pub(crate) fn suffix(&self) -> &[u8] {
        self.tail(self.zone_labels.saturating_sub(1))
    }

    /// The labels before the zone, leftmost first.
    pub(crate) fn below(&self) -> impl Iterator<Item = &[u8]> {
        let end = self.len.saturating_sub(self.zone().len());
        let before = self.text.get(..end).unwrap_or_default();
        before.split(|b| *b == b'.').filter(|label| !label.is_empty())
    }

    fn find_zone(&self) -> usize {
        if !suffixes::can_be_top_level(self.tail(1)) {
            return 0;
        }
        let most = suffixes::LABELS_MAX.min(self.labels);
        let suffix = (2..=most).rev().find(|n| suffixes::is_public(self.tail(*n))).unwrap_or(1);
        (suffix + 1).min(self.labels)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use anomalyzer_wire::app::dns::parse_udp;

    /// A name as a message carries it.
    pub(crate) fn wire_name(text: &str) -> DnsName {
        let mut bytes = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in text.split('.').filter(|l| !l.is_empty()) {
            bytes.push(u8::try_from(label.len()).unwrap());
            bytes.extend(label.as_bytes());
        }
        bytes.extend([0, 0, 1, 0, 1]);
        parse_udp(&bytes).fact().unwrap().questions[0].name.clone()
    }

    /// The same, cut.
    pub(crate) fn named(text: &str) -> Name {
        Name::new(&wire_name(text))
    }

    #[test]
    fn zones_are_one_label_below_the_suffix() {
        for (name, zone, registered) in [
            ("www.Example.com", "example.com", Some("example")),
            ("a.b.example.co.uk", "example.co.uk", Some("example")),
            ("x.example.com.br", "example.com.br", Some("example")),
            ("bot.mooo.com", "bot.mooo.com", Some("bot")),
            ("mooo.com", "mooo.com", None),
            ("l.1.ns.ostrykebs.pl", "ostrykebs.pl", Some("ostrykebs")),
            ("co.uk", "co.uk", None),
            ("localhost", "localhost", None),
            ("dnscat.546b03f5", "", None),
            ("", "", None),
        ] {
            let told = named(name);
            assert_eq!(told.zone(), zone.as_bytes(), "{name}");
            assert_eq!(told.registered(), registered.map(str::as_bytes), "{name}");
        }
        let name = named("aa.bb.example.co.uk");
        assert_eq!(name.below().collect::<Vec<_>>(), [b"aa", b"bb"]);
        assert_eq!((name.suffix(), name.labels()), (&b"co.uk"[..], 5));
    }

    #[test]
    fn the_longest_names_fit() {
        let label = "a".repeat(63);
        let longest = format!("{label}.{label}.{label}.{}", "b".repeat(61));
        assert_eq!(named(&longest).text().len(), 253);
        let many = vec!["x"; 127].join(".");
        assert_eq!((named(&many).labels(), named(&many).text().len()), (127, 253));
    }
}
