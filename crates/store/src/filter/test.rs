//! Asks a flow.

use super::fields::{ANY_TUNNEL, FieldId, NO_TUNNEL, TLS_VERSIONS};
use super::tree::{Term, Values};
use crate::history::has_ports;
use crate::history::row::{ENDS, NamesRef, RowRef, STATES, TUNNELS, Text};

/// True when the row is like one of the term's values.
pub(super) fn matches(term: &Term, row: &RowRef<'_>) -> bool {
    match &term.values {
        Values::Addrs(ranges) => {
            let inside = |n: u128| ranges.iter().any(|(from, to)| *from <= n && n <= *to);
            let (src, dst) = (row.tuple.src.to_bits(), row.tuple.dst.to_bits());
            match term.field {
                FieldId::Src => inside(src),
                FieldId::Dst => inside(dst),
                _ => inside(src) || inside(dst),
            }
        }
        Values::Numbers(spans) => {
            let like = |n: u64| spans.iter().any(|span| span.holds(n));
            let [a, b] = numbers(term.field, row);
            a.is_some_and(like) || b.is_some_and(like)
        }
        Values::Choices(codes) => choice(term.field, row, codes),
        Values::Texts(patterns) => {
            texts(term.field, row, &|text| patterns.iter().any(|pattern| pattern.matches(text)))
        }
        Values::Macs(macs) => {
            let like = |mac: Option<anomalyzer_wire::Mac>| mac.is_some_and(|m| macs.contains(&m.0));
            match term.field {
                FieldId::SrcMac => like(row.src_mac),
                FieldId::DstMac => like(row.dst_mac),
                _ => like(row.src_mac) || like(row.dst_mac),
            }
        }
        Values::Flags(sets) => {
            let has = |flags: u8| sets.iter().any(|set| flags & set == *set);
            row.tuple.proto == TCP && (has(row.orig.flags) || has(row.resp.flags))
        }
    }
}

const TCP: u8 = 6;

/// The numbers of a field; most have one.
fn numbers(field: FieldId, row: &RowRef<'_>) -> [Option<u64>; 2] {
    let one = |n: u64| [Some(n), None];
    let (orig, resp) = (&row.orig, &row.resp);
    match field {
        FieldId::Sport | FieldId::Dport | FieldId::Port => ports(field, row),
        FieldId::Bytes => one(row.bytes()),
        FieldId::BytesOut => one(orig.bytes),
        FieldId::BytesIn => one(resp.bytes),
        FieldId::Packets => one(row.packets()),
        FieldId::PacketsOut => one(orig.packets),
        FieldId::PacketsIn => one(resp.packets),
        FieldId::Payload => one(orig.payload.saturating_add(resp.payload)),
        FieldId::Duration => one(row.duration_ns()),
        FieldId::Rtt => [row.rtt_ns, None],
        FieldId::Status => {
            [row.names.map(|n| n.http_status.into()).filter(|status| *status > 0), None]
        }
        FieldId::Vlan => one(row.vlan.into()),
        FieldId::Ttl => {
            // 0 stands for a side that sent nothing.
            let seen = |ttl: u8| Some(u64::from(ttl)).filter(|ttl| *ttl > 0);
            [seen(orig.ttl), seen(resp.ttl)]
        }
        FieldId::Retrans => one(u64::from(orig.retransmissions) + u64::from(resp.retransmissions)),
        FieldId::Disorder => one(u64::from(orig.out_of_order) + u64::from(resp.out_of_order)),
        FieldId::Missed => one(orig.missed.saturating_add(resp.missed)),
        _ => [None, None],
    }
}

fn ports(field: FieldId, row: &RowRef<'_>) -> [Option<u64>; 2] {
    if !has_ports(row.tuple.proto) {
        return [None, None];
    }
    let (src, dst) = (Some(row.tuple.src_port.into()), Some(row.tuple.dst_port.into()));
    match field {
        FieldId::Sport => [src, None],
        FieldId::Dport => [dst, None],
        _ => [src, dst],
    }
}

fn choice(field: FieldId, row: &RowRef<'_>, codes: &[u8]) -> bool {
    let is = |place: Option<usize>| {
        place.and_then(|p| u8::try_from(p).ok()).is_some_and(|code| codes.contains(&code))
    };
    match field {
        FieldId::Proto => codes.contains(&row.tuple.proto),
        FieldId::App => is(Some(row.app as usize)),
        FieldId::State => is(STATES.iter().position(|state| *state == row.conn_state)),
        FieldId::End => is(ENDS.iter().position(|end| *end == row.end)),
        FieldId::TlsVersion => {
            let version = row.names.map(|n| n.tls_version);
            is(version.and_then(|v| TLS_VERSIONS.iter().position(|(_, known)| *known == v)))
        }
        FieldId::Tunnel => match row.tunnel {
            None => codes.contains(&NO_TUNNEL),
            Some(tunnel) => {
                codes.contains(&ANY_TUNNEL)
                    || is(TUNNELS.iter().position(|kind| *kind == tunnel.kind))
            }
        },
        _ => false,
    }
}

/// True when one of the texts of a field is like what is asked.
fn texts(field: FieldId, row: &RowRef<'_>, like: &dyn Fn(&[u8]) -> bool) -> bool {
    if field == FieldId::Community {
        return like(anomalyzer_engine::flow::community_id(&row.tuple).as_bytes());
    }
    let Some(names) = &row.names else { return false };
    let any = |places: &[Text]| places.iter().any(|place| has(names, *place, like));
    match field {
        FieldId::Name => any(&[Text::Sni, Text::Host, Text::Dns, Text::Resolved]),
        FieldId::Sni => any(&[Text::Sni]),
        FieldId::Host => any(&[Text::Host]),
        FieldId::Dns => any(&[Text::Dns]),
        FieldId::Resolved => any(&[Text::Resolved]),
        FieldId::Target => any(&[Text::Target]),
        FieldId::UserAgent => any(&[Text::UserAgent]),
        FieldId::Certificate => any(&[Text::Certificate]),
        FieldId::Alpn => any(&[Text::Alpn]),
        FieldId::Ja3 => any(&[Text::Ja3]),
        FieldId::Ja3s => any(&[Text::Ja3s]),
        FieldId::Ja4 => any(&[Text::Ja4]),
        FieldId::Ssh => any(&[Text::SshOriginator, Text::SshResponder]),
        _ => false,
    }
}

fn has(names: &NamesRef<'_>, place: Text, like: &dyn Fn(&[u8]) -> bool) -> bool {
    names.text(place).is_some_and(like)
}
