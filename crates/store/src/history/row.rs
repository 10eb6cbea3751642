//! A flow record as bytes.
//!
//! A row begins with what filters and groups ask for most, at fixed places; counters follow, then
//! all the rest. So a scan reads only as deep as it must ([`Depth`]). Times are exact to the
//! nanosecond. Feature statistics are not kept.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | bits: see the constants below |
//! | 1 | IP protocol |
//! | 1 | application: place in the partition's list of names |
//! | 1 | connection state, and in the upper half why the flow ended |
//! | 2, 2 | ports of originator and responder |
//! | 8 | end of the flow, nanoseconds since 1970 |
//! | 4, 4 or 16, 16 | addresses |
//! | numbers | packets, packets, bytes, bytes, duration; then the rest in the order of [`encode`] |

mod codes;
mod names;

pub(crate) use codes::{Apps, ENDS, STATES, TUNNELS};
pub(crate) use names::{NamesRef, Text};

use crate::packed::{Bytes, put_number, put_signed, put_text};
use anomalyzer_engine::FlowRecord;
use anomalyzer_engine::flow::features::FlowFeatures;
use anomalyzer_engine::flow::{ConnState, FiveTuple, FlowEnd, FlowId, SideRecord};
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::{Addr, Mac, Timestamp, Tunnel};
use codes::code;

/// Addresses of 16 bytes each.
const WIDE: u8 = 1;
const CONTINUED: u8 = 1 << 1;
const RTT: u8 = 1 << 2;
const TUNNEL: u8 = 1 << 3;
const SRC_MAC: u8 = 1 << 4;
const DST_MAC: u8 = 1 << 5;
const NAMES: u8 = 1 << 6;
/// Retransmitted, disordered or missing TCP segments.
const LOSS: u8 = 1 << 7;

/// Where the application's code stands, so that a partition with another list can replace it.
pub(crate) const APP_AT: usize = 2;
/// Most bytes that are kept of one name. The engine cuts at half of that.
const NAME_MAX: usize = 4_096;

/// How much of a row is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Depth {
    /// Addresses, ports, protocols, state, end.
    #[default]
    Head,
    /// And packets, bytes, duration.
    Sums,
    /// Everything.
    Whole,
}

/// A flow record, borrowed from its bytes or from the record itself. What lies deeper than was
/// read has no meaning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowRef<'a> {
    pub(crate) id: u64,
    pub(crate) tuple: FiveTuple,
    /// Nanoseconds since 1970.
    pub(crate) first: i64,
    /// Nanoseconds since 1970.
    pub(crate) last: i64,
    pub(crate) end: FlowEnd,
    pub(crate) continued: bool,
    pub(crate) orig: SideRecord,
    pub(crate) resp: SideRecord,
    pub(crate) conn_state: ConnState,
    pub(crate) history: &'a [u8],
    pub(crate) rtt_ns: Option<u64>,
    pub(crate) app: AppProto,
    pub(crate) vlan: u16,
    pub(crate) tunnel: Option<Tunnel>,
    pub(crate) src_mac: Option<Mac>,
    pub(crate) dst_mac: Option<Mac>,
    pub(crate) names: Option<NamesRef<'a>>,
}

impl Default for RowRef<'_> {
    fn default() -> Self {
        let none = Addr::UNSPECIFIED_V4;
        Self {
            id: 0,
            tuple: FiveTuple { src: none, dst: none, src_port: 0, dst_port: 0, proto: 0 },
            first: 0,
            last: 0,
            end: FlowEnd::Closed,
            continued: false,
            orig: SideRecord::default(),
            resp: SideRecord::default(),
            conn_state: ConnState::Oth,
            history: &[],
            rtt_ns: None,
            app: AppProto::Unknown,
            vlan: 0,
            tunnel: None,
            src_mac: None,
            dst_mac: None,
            names: None,
        }
    }
}

impl<'a> RowRef<'a> {
    /// The record itself.
    pub(crate) fn of(flow: &'a FlowRecord) -> Self {
        Self {
            id: flow.id.0,
            tuple: flow.tuple,
            first: flow.first.nanos(),
            last: flow.last.nanos(),
            end: flow.end,
            continued: flow.continued,
            orig: flow.orig,
            resp: flow.resp,
            conn_state: flow.conn_state,
            history: flow.history.as_bytes(),
            rtt_ns: flow.rtt_ns,
            app: flow.app,
            vlan: flow.vlan,
            tunnel: flow.tunnel,
            src_mac: flow.src_mac,
            dst_mac: flow.dst_mac,
            names: flow.names.as_deref().map(NamesRef::of),
        }
    }

    /// Bytes both ways.
    #[inline]
    pub(crate) fn bytes(&self) -> u64 {
        self.orig.bytes.saturating_add(self.resp.bytes)
    }

    /// Packets both ways.
    #[inline]
    pub(crate) fn packets(&self) -> u64 {
        self.orig.packets.saturating_add(self.resp.packets)
    }

    /// Nanoseconds from first to last packet, never negative.
    #[inline]
    pub(crate) fn duration_ns(&self) -> u64 {
        self.last.saturating_sub(self.first).max(0).cast_unsigned()
    }

    /// The record, with features left empty.
    pub(crate) fn to_record(self) -> FlowRecord {
        FlowRecord {
            id: FlowId(self.id),
            tuple: self.tuple,
            first: Timestamp::from_nanos(self.first),
            last: Timestamp::from_nanos(self.last),
            end: self.end,
            continued: self.continued,
            orig: self.orig,
            resp: self.resp,
            conn_state: self.conn_state,
            history: String::from_utf8_lossy(self.history).into_owned(),
            rtt_ns: self.rtt_ns,
            app: self.app,
            vlan: self.vlan,
            tunnel: self.tunnel,
            src_mac: self.src_mac,
            dst_mac: self.dst_mac,
            names: self.names.map(|names| Box::new(names.to_owned())),
            features: FlowFeatures::default(),
            score: None,
        }
    }

    /// Reads a row as deep as is asked; `None` when it is damaged.
    #[inline]
    pub(crate) fn read(&mut self, row: &'a [u8], apps: &Apps, depth: Depth) -> Option<()> {
        let mut bytes = Bytes(row);
        let bits = self.read_head(&mut bytes, apps)?;
        if depth >= Depth::Sums {
            self.read_sums(&mut bytes)?;
        }
        if depth == Depth::Whole {
            self.read_rest(&mut bytes, bits)?;
        }
        Some(())
    }

    #[inline]
    fn read_head(&mut self, bytes: &mut Bytes<'a>, apps: &Apps) -> Option<u8> {
        let [bits, proto, app, state, s0, s1, d0, d1] = bytes.array::<8>()?;
        self.last = i64::from_le_bytes(bytes.array()?);
        let (src, dst) = if bits & WIDE == 0 {
            (Addr::v4(bytes.array()?), Addr::v4(bytes.array()?))
        } else {
            (Addr::v6(bytes.array()?), Addr::v6(bytes.array()?))
        };
        let (src_port, dst_port) = (u16::from_le_bytes([s0, s1]), u16::from_le_bytes([d0, d1]));
        self.tuple = FiveTuple { src, dst, src_port, dst_port, proto };
        self.app = apps.proto(app);
        self.conn_state = *STATES.get(usize::from(state & 15))?;
        self.end = *ENDS.get(usize::from(state >> 4))?;
        self.continued = bits & CONTINUED != 0;
        Some(bits)
    }

    #[inline]
    fn read_sums(&mut self, bytes: &mut Bytes<'a>) -> Option<()> {
        self.orig.packets = bytes.number()?;
        self.resp.packets = bytes.number()?;
        self.orig.bytes = bytes.number()?;
        self.resp.bytes = bytes.number()?;
        self.first = self.last.wrapping_sub(bytes.signed()?);
        Some(())
    }

    fn read_rest(&mut self, bytes: &mut Bytes<'a>, bits: u8) -> Option<()> {
        for side in [&mut self.orig, &mut self.resp] {
            side.ip_bytes = side.bytes.wrapping_sub(bytes.signed()?.cast_unsigned());
            side.payload = bytes.number()?;
            [side.ttl, side.flags] = bytes.array()?;
            (side.retransmissions, side.out_of_order, side.missed) = (0, 0, 0);
            if bits & LOSS != 0 {
                side.retransmissions = u32::try_from(bytes.number()?).ok()?;
                side.out_of_order = u32::try_from(bytes.number()?).ok()?;
                side.missed = bytes.number()?;
            }
        }
        self.id = bytes.number()?;
        self.vlan = u16::try_from(bytes.number()?).ok()?;
        self.history = bytes.text()?;
        let has = |bit| bits & bit != 0;
        self.rtt_ns = if has(RTT) { Some(bytes.number()?) } else { None };
        self.src_mac = if has(SRC_MAC) { Some(Mac(bytes.array()?)) } else { None };
        self.dst_mac = if has(DST_MAC) { Some(Mac(bytes.array()?)) } else { None };
        self.tunnel = if has(TUNNEL) { Some(read_tunnel(bytes)?) } else { None };
        self.names = if has(NAMES) { Some(NamesRef::read(bytes)?) } else { None };
        Some(())
    }
}

fn read_tunnel(bytes: &mut Bytes<'_>) -> Option<Tunnel> {
    let [kind, depth] = bytes.array()?;
    Some(Tunnel {
        kind: *TUNNELS.get(usize::from(kind))?,
        depth,
        id: u32::try_from(bytes.number()?).ok()?,
        outer_src: Addr::v6(bytes.array()?),
        outer_dst: Addr::v6(bytes.array()?),
    })
}

/// Appends a record as a row.
pub(crate) fn encode(flow: &FlowRecord, out: &mut Vec<u8>) {
    let row = RowRef::of(flow);
    let bits = bits(&row);
    let state = code(&STATES, row.conn_state) | code(&ENDS, row.end) << 4;
    out.extend_from_slice(&[bits, row.tuple.proto, row.app as u8, state]);
    out.extend_from_slice(&row.tuple.src_port.to_le_bytes());
    out.extend_from_slice(&row.tuple.dst_port.to_le_bytes());
    out.extend_from_slice(&row.last.to_le_bytes());
    for addr in [row.tuple.src, row.tuple.dst] {
        match addr.as_v4() {
            Some(v4) if bits & WIDE == 0 => out.extend_from_slice(&v4.to_be_bytes()),
            _ => out.extend_from_slice(&addr.to_bits().to_be_bytes()),
        }
    }
    for number in [row.orig.packets, row.resp.packets, row.orig.bytes, row.resp.bytes] {
        put_number(out, number);
    }
    put_signed(out, row.last.wrapping_sub(row.first));
    encode_rest(&row, bits, out);
}

fn bits(row: &RowRef<'_>) -> u8 {
    let lossy = |side: &SideRecord| side.retransmissions > 0 || side.out_of_order > 0;
    let lost = |side: &SideRecord| lossy(side) || side.missed > 0;
    let both_v4 = row.tuple.src.is_v4() && row.tuple.dst.is_v4();
    [
        (!both_v4, WIDE),
        (row.continued, CONTINUED),
        (row.rtt_ns.is_some(), RTT),
        (row.tunnel.is_some(), TUNNEL),
        (row.src_mac.is_some(), SRC_MAC),
        (row.dst_mac.is_some(), DST_MAC),
        (row.names.is_some(), NAMES),
        (lost(&row.orig) || lost(&row.resp), LOSS),
    ]
    .into_iter()
    .filter(|(set, _)| *set)
    .fold(0, |bits, (_, bit)| bits | bit)
}

fn encode_rest(row: &RowRef<'_>, bits: u8, out: &mut Vec<u8>) {
    for side in [&row.orig, &row.resp] {
        put_signed(out, side.bytes.wrapping_sub(side.ip_bytes).cast_signed());
        put_number(out, side.payload);
        out.extend_from_slice(&[side.ttl, side.flags]);
        if bits & LOSS != 0 {
            put_number(out, side.retransmissions.into());
            put_number(out, side.out_of_order.into());
            put_number(out, side.missed);
        }
    }
    put_number(out, row.id);
    put_number(out, row.vlan.into());
    put_text(out, cut(row.history));
    if let Some(rtt) = row.rtt_ns {
        put_number(out, rtt);
    }
    for mac in [row.src_mac, row.dst_mac].into_iter().flatten() {
        out.extend_from_slice(&mac.0);
    }
    if let Some(tunnel) = &row.tunnel {
        out.extend_from_slice(&[code(&TUNNELS, tunnel.kind), tunnel.depth]);
        put_number(out, tunnel.id.into());
        out.extend_from_slice(&tunnel.outer_src.to_bits().to_be_bytes());
        out.extend_from_slice(&tunnel.outer_dst.to_bits().to_be_bytes());
    }
    if let Some(names) = &row.names {
        names.write(out);
    }
}

/// As much of a text as is kept.
fn cut(text: &[u8]) -> &[u8] {
    text.get(..NAME_MAX).unwrap_or(text)
}
