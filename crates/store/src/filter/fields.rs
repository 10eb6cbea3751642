//! The table of fields. Completion, documentation and tests walk it.

use crate::history::row::{Depth, ENDS, STATES, TUNNELS};
use anomalyzer_engine::text::{edit_distance, ip_protocol};
use anomalyzer_wire::app::AppProto;
use std::sync::LazyLock;

/// A field that can be asked for, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub summary: &'static str,
    /// How it is used.
    pub example: &'static str,
    /// What it can be, where that is a short list; else empty.
    pub values: Vec<&'static str>,
}

/// Which field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(usize)]
pub(super) enum FieldId {
    Src,
    Dst,
    Ip,
    Sport,
    Dport,
    Port,
    Proto,
    App,
    State,
    Bytes,
    BytesOut,
    BytesIn,
    Packets,
    PacketsOut,
    PacketsIn,
    Payload,
    Duration,
    Rtt,
    Name,
    Sni,
    Host,
    Dns,
    Resolved,
    Target,
    UserAgent,
    Status,
    Certificate,
    Alpn,
    TlsVersion,
    Ja3,
    Ja3s,
    Ja4,
    Ssh,
    Mac,
    SrcMac,
    DstMac,
    Vlan,
    Tunnel,
    Community,
    Ttl,
    Flags,
    Retrans,
    Disorder,
    Missed,
    End,
}

/// What a field is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Addr,
    /// A whole number up to this.
    Number(u64),
    /// A number with units such as `k` and `Mi`.
    Size,
    /// Nanoseconds.
    Duration,
    Choice,
    Text,
    Mac,
    Flags,
}

/// A row of the table.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) id: FieldId,
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) depth: Depth,
    summary: &'static str,
    example: &'static str,
}

const fn row(
    id: FieldId,
    name: &'static str,
    shape: Shape,
    depth: Depth,
    summary: &'static str,
    example: &'static str,
) -> Spec {
    Spec { id, name, shape, depth, summary, example }
}

use Depth::{Head, Sums, Whole};
use Shape::{Addr, Choice, Flags, Mac, Number, Size, Text};

/// All fields, in the order of [`FieldId`].
#[rustfmt::skip]
pub(super) const SPECS: [Spec; 45] = [
    row(FieldId::Src, "src", Addr, Head, "Address of the originator: one, a network or a range.", "src:10.0.0.0/8"),
    row(FieldId::Dst, "dst", Addr, Head, "Address of the responder.", "dst:192.0.2.7"),
    row(FieldId::Ip, "ip", Addr, Head, "Address of either side.", "ip:2001:db8::/32"),
    row(FieldId::Sport, "sport", Number(65_535), Head, "Port of the originator (protocols with ports only).", "sport:1024-65535"),
    row(FieldId::Dport, "dport", Number(65_535), Head, "Port of the responder (protocols with ports only).", "dport:80,443"),
    row(FieldId::Port, "port", Number(65_535), Head, "Port of either side (protocols with ports only).", "port:53"),
    row(FieldId::Proto, "proto", Choice, Head, "IP protocol by name or number.", "proto:udp"),
    row(FieldId::App, "app", Choice, Head, "Application protocol, recognised by content.", "app:dns,mdns"),
    row(FieldId::State, "state", Choice, Head, "State of the connection as Zeek names it.", "state:S0,REJ"),
    row(FieldId::Bytes, "bytes", Size, Sums, "Bytes both ways.", "bytes>1M"),
    row(FieldId::BytesOut, "bytes.out", Size, Sums, "Bytes that the originator sent.", "bytes.out>=10Mi"),
    row(FieldId::BytesIn, "bytes.in", Size, Sums, "Bytes that the responder sent.", "bytes.in:0"),
    row(FieldId::Packets, "packets", Size, Sums, "Packets both ways.", "packets>10k"),
    row(FieldId::PacketsOut, "packets.out", Size, Sums, "Packets that the originator sent.", "packets.out:1-3"),
    row(FieldId::PacketsIn, "packets.in", Size, Sums, "Packets that the responder sent.", "packets.in:0"),
    row(FieldId::Payload, "payload", Size, Whole, "Bytes of payload both ways.", "payload:0"),
    row(FieldId::Duration, "duration", Shape::Duration, Sums, "Time from the first to the last packet.", "duration>5m"),
    row(FieldId::Rtt, "rtt", Shape::Duration, Whole, "Round-trip time, where it was seen.", "rtt>200ms"),
    row(FieldId::Name, "name", Text, Whole, "Any name of the server: SNI, HTTP host, DNS question or resolved.", "name:*.example.org"),
    row(FieldId::Sni, "sni", Text, Whole, "Server name that TLS or QUIC asked for.", "sni:mail.example.org"),
    row(FieldId::Host, "host", Text, Whole, "Host of the first HTTP request.", "host:*.example.org"),
    row(FieldId::Dns, "dns", Text, Whole, "Name of the first DNS question.", "dns:*.example"),
    row(FieldId::Resolved, "resolved", Text, Whole, "Name by which the responder was looked up before.", "resolved:*update*"),
    row(FieldId::Target, "target", Text, Whole, "Method and target of the first HTTP request.", "target:\"POST /login*\""),
    row(FieldId::UserAgent, "ua", Text, Whole, "User-Agent of the first HTTP request.", "ua:curl/*"),
    row(FieldId::Status, "status", Number(65_535), Whole, "Status of the first HTTP response.", "status:400-499"),
    row(FieldId::Certificate, "cert", Text, Whole, "Common name of the server's certificate.", "cert:*.example.org"),
    row(FieldId::Alpn, "alpn", Text, Whole, "First application protocol that TLS offered.", "alpn:h2"),
    row(FieldId::TlsVersion, "tls", Choice, Whole, "Version of TLS or SSL.", "tls:1.0,1.1"),
    row(FieldId::Ja3, "ja3", Text, Whole, "JA3 fingerprint of the client.", "ja3:e7d705a3286e19ea42f587b344ee6865"),
    row(FieldId::Ja3s, "ja3s", Text, Whole, "JA3S fingerprint of the server.", "ja3s:ae4edc6faf64d08308082ad26be60767"),
    row(FieldId::Ja4, "ja4", Text, Whole, "JA4 fingerprint of the client.", "ja4:t13d1516h2_*"),
    row(FieldId::Ssh, "ssh", Text, Whole, "Software in the SSH banner of either side.", "ssh:OpenSSH_*"),
    row(FieldId::Mac, "mac", Mac, Whole, "Hardware address of either side.", "mac:00:25:b3:bf:91:ee"),
    row(FieldId::SrcMac, "src.mac", Mac, Whole, "Hardware address of the originator's side.", "src.mac:00:25:b3:bf:91:ee"),
    row(FieldId::DstMac, "dst.mac", Mac, Whole, "Hardware address of the responder's side.", "dst.mac:00:25:b3:bf:91:ee"),
    row(FieldId::Vlan, "vlan", Number(65_535), Whole, "VLAN id; 0 without.", "vlan:100-199"),
    row(FieldId::Tunnel, "tunnel", Choice, Whole, "Outermost tunnel; `any` or `none`.", "tunnel:vxlan,gre"),
    row(FieldId::Community, "community", Text, Whole, "Community ID version 1.", "community:1:wCb3OG7yAFWelaUydu0D+125CLM="),
    row(FieldId::Ttl, "ttl", Number(255), Whole, "TTL or hop limit of the first packet of either side.", "ttl<32"),
    row(FieldId::Flags, "flags", Flags, Whole, "TCP flags that one side sent: letters of FSRPAUEC that must all be there, or a name.", "flags:SF,rst"),
    row(FieldId::Retrans, "retrans", Size, Whole, "Retransmitted TCP segments both ways.", "retrans>100"),
    row(FieldId::Disorder, "disorder", Size, Whole, "TCP segments out of order both ways.", "disorder>0"),
    row(FieldId::Missed, "missed", Size, Whole, "Bytes missing in the TCP streams both ways.", "missed>0"),
    row(FieldId::End, "end", Choice, Head, "Why the record ended.", "end:active"),
];

/// Versions of TLS by name.
pub(super) const TLS_VERSIONS: [(&str, u16); 5] =
    [("ssl3", 0x0300), ("1.0", 0x0301), ("1.1", 0x0302), ("1.2", 0x0303), ("1.3", 0x0304)];

/// The choice of `tunnel` that means none; kinds come before it.
pub(super) const NO_TUNNEL: u8 = 254;
/// The choice of `tunnel` that means one of any kind.
pub(super) const ANY_TUNNEL: u8 = 255;

impl FieldId {
    /// The row of the table.
    pub(super) fn spec(self) -> &'static Spec {
        &SPECS[self as usize]
    }
}

impl Spec {
    /// The field of a name.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        SPECS.iter().find(|spec| spec.name.eq_ignore_ascii_case(name))
    }

    /// The field whose name is nearest, when it is near.
    pub(super) fn near(name: &str) -> Option<&'static str> {
        let name = name.to_ascii_lowercase();
        nearest(&name, SPECS.iter().map(|spec| spec.name))
    }

    /// The choice of a code.
    pub(super) fn choice(&self, code: u8) -> String {
        let named = |name: Option<&'static str>| name.unwrap_or("none").to_owned();
        let place = usize::from(code);
        match self.id {
            FieldId::App => named(AppProto::ALL.get(place).map(|app| app.name())),
            FieldId::State => named(STATES.get(place).map(|state| state.name())),
            FieldId::End => named(ENDS.get(place).map(|end| end.name())),
            FieldId::TlsVersion => named(TLS_VERSIONS.get(place).map(|(name, _)| *name)),
            FieldId::Tunnel if code == ANY_TUNNEL => "any".to_owned(),
            FieldId::Tunnel => named(TUNNELS.get(place).map(|kind| kind.name())),
            _ => ip_protocol(code).into_owned(),
        }
    }

    /// The code of a choice; the error says what there is.
    pub(super) fn code(&self, name: &str) -> Result<u8, String> {
        let codes = self.codes();
        let found = codes.iter().find(|code| self.choice(**code).eq_ignore_ascii_case(name));
        if let Some(code) = found {
            return Ok(*code);
        }
        if self.id == FieldId::Proto
            && let Ok(number) = name.parse()
        {
            return Ok(number);
        }
        Err(self.unknown(name, &codes))
    }

    fn unknown(&self, name: &str, codes: &[u8]) -> String {
        let lower = name.to_ascii_lowercase();
        let names: Vec<String> =
            codes.iter().map(|code| self.choice(*code).to_ascii_lowercase()).collect();
        let near = nearest(&lower, names.iter().map(String::as_str));
        let list = match self.id {
            FieldId::Proto => "a name such as `tcp` or a number to 255".to_owned(),
            _ => codes.iter().map(|code| self.choice(*code)).collect::<Vec<_>>().join(", "),
        };
        match near {
            Some(near) => format!("`{}` cannot be `{name}`; did you mean `{near}`?", self.name),
            None => format!("`{}` cannot be `{name}`; it can be {list}", self.name),
        }
    }

    fn codes(&self) -> Vec<u8> {
        let first = |n: usize| (0..=u8::MAX).take(n).collect();
        match self.id {
            FieldId::App => first(AppProto::ALL.len()),
            FieldId::State => first(STATES.len()),
            FieldId::End => first(ENDS.len()),
            FieldId::TlsVersion => first(TLS_VERSIONS.len()),
            FieldId::Tunnel => {
                let mut codes: Vec<u8> = first(TUNNELS.len());
                codes.extend([NO_TUNNEL, ANY_TUNNEL]);
                codes
            }
            FieldId::Proto => first(256),
            _ => Vec::new(),
        }
    }

    fn values(&self) -> Vec<&'static str> {
        match self.id {
            FieldId::App => AppProto::ALL.iter().map(|app| app.name()).collect(),
            FieldId::State => STATES.iter().map(|state| state.name()).collect(),
            FieldId::End => ENDS.iter().map(|end| end.name()).collect(),
            FieldId::TlsVersion => TLS_VERSIONS.iter().map(|(name, _)| *name).collect(),
            FieldId::Tunnel => {
                TUNNELS.iter().map(|kind| kind.name()).chain(["none", "any"]).collect()
            }
            FieldId::Proto => vec!["tcp", "udp", "icmp", "icmpv6", "sctp", "gre", "esp", "igmp"],
            FieldId::Flags => super::value::FLAG_NAMES.iter().map(|(name, _)| *name).collect(),
            _ => Vec::new(),
        }
    }
}

/// The nearest of some names: two letters swapped, or at most two letters and less than half off.
fn nearest<'a>(name: &str, among: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let letters = |word: &str| {
        let mut letters = word.as_bytes().to_vec();
        letters.sort_unstable();
        letters
    };
    let ours = letters(name);
    let distance = |known: &'a str| match edit_distance(name, known) {
        2 if letters(known) == ours => (1, known),
        far => (far, known),
    };
    let near = among.map(distance).min();
    near.filter(|(far, known)| *far <= 2 && far * 2 < known.len()).map(|(_, known)| known)
}

/// The table for people.
pub(super) fn all() -> &'static [Field] {
    static FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| {
        let field = |spec: &Spec| Field {
            name: spec.name,
            summary: spec.summary,
            example: spec.example,
            values: spec.values(),
        };
        SPECS.iter().map(field).collect()
    });
    &FIELDS
}
