//! Groups: rows added up in a hash table by what they have in common.
//!
//! Each thread has a table of its own; they are joined at the end. A table that grows too large
//! gives up the half of its groups with the fewest bytes: the answer is about the largest ones.
//!
//! Where there are many groups (addresses, ports, names), their peers are counted in a second look at the
//! flows, of the groups that are told alone: a set of peers for each of a hundred thousand groups
//! is many times slower to fill than the sums, because nothing of it is in a cache.

use super::peers::Peers;
use super::row::{Depth, NamesRef, RowRef};
use super::scan::{Scan, Seen, Visitor, threads};
use super::{Group, GroupBy};
use crate::error::Result;
use crate::{Filter, Range};
use ahash::RandomState;
use anomalyzer_engine::text::ip_protocol;
use anomalyzer_wire::Addr;
use anomalyzer_wire::app::AppProto;
use hashbrown::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::ControlFlow;

/// Groups of one thread.
const GROUPS_MAX: usize = 262_144;
/// Bytes that one thread's counts of peers may take.
const PEER_BYTES_MAX: usize = 128 << 20;

/// Adds up flows by group: most bytes first, at most `top`.
pub(crate) fn read(
    scan: &Scan<'_>,
    filter: &Filter,
    by: GroupBy,
    top: usize,
) -> Result<Vec<Group>> {
    match by {
        GroupBy::Src => run(scan, filter, top, AddrOf { dst: false }),
        GroupBy::Dst => run(scan, filter, top, AddrOf { dst: true }),
        GroupBy::Pair => run(scan, filter, top, Pair),
        GroupBy::DstPort => run(scan, filter, top, Port),
        GroupBy::App => run(scan, filter, top, App),
        GroupBy::Proto => run(scan, filter, top, Proto),
        GroupBy::ConnState => run(scan, filter, top, State),
        GroupBy::Name => run(scan, filter, top, Name),
    }
}

/// When a group's peers are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Count {
    /// Along with the sums: there are few groups.
    AtOnce,
    /// In a second look, of the groups that are told.
    Later,
    /// There is always one.
    One,
}

/// What rows are grouped by.
trait By: Copy + Send + Sync {
    /// What a group is known by.
    type Key: Hash + Eq + Clone + Send + Sync;
    /// How deep a row is read for it.
    const DEPTH: Depth = Depth::Sums;
    /// When peers are counted.
    const COUNT: Count = Count::Later;

    /// The key of a row; `None` leaves it out.
    fn key(self, row: &RowRef<'_>) -> Option<Self::Key>;
    /// The key as text.
    fn text(self, key: &Self::Key) -> String;
    /// Whom the group's flows were with.
    fn peer(self, row: &RowRef<'_>) -> Addr {
        row.tuple.dst
    }
}

fn run<B: By>(scan: &Scan<'_>, filter: &Filter, top: usize, by: B) -> Result<Vec<Group>> {
    let hasher = RandomState::new();
    let depth = filter.depth().max(B::DEPTH);
    let asked = Asked { filter, by, depth, range: scan.range };
    let table = || Table {
        groups: HashMap::with_hasher(hasher.clone()),
        hasher: hasher.clone(),
        peer_bytes: 0,
        asked,
    };
    let tables = scan.run((0..threads()).map(|_| table()).collect())?;
    let mut tables = tables.into_iter();
    let Some(mut all) = tables.next() else { return Ok(Vec::new()) };
    for other in tables {
        all.join(other);
    }
    let mut largest = all.largest(top);
    if B::COUNT == Count::Later {
        count_peers(scan, asked, &hasher, &mut largest)?;
    }
    Ok(largest.into_iter().map(|(key, sums)| sums.group(by, &key)).collect())
}

/// Counts the peers of some groups in a look of its own.
fn count_peers<B: By>(
    scan: &Scan<'_>,
    asked: Asked<'_, B>,
    hasher: &RandomState,
    groups: &mut [(B::Key, Sums)],
) -> Result<()> {
    let mut places = HashMap::with_hasher(hasher.clone());
    for (place, (key, _)) in groups.iter().enumerate() {
        places.insert(key.clone(), place);
    }
    let counter = || {
        let peers = (0..places.len()).map(|_| Peers::default()).collect();
        Counter { places: &places, peers, hasher, asked }
    };
    let counters = scan.run((0..threads()).map(|_| counter()).collect())?;
    let counted: Vec<Vec<Peers>> = counters.into_iter().map(|counter| counter.peers).collect();
    for peers in counted {
        for ((_, sums), peers) in groups.iter_mut().zip(peers) {
            sums.peers.get_or_insert_default().merge(peers);
        }
    }
    Ok(())
}

/// Which rows are looked at, and how they are grouped.
#[derive(Clone, Copy)]
struct Asked<'a, B> {
    filter: &'a Filter,
    by: B,
    depth: Depth,
    range: Range,
}

impl<B: By> Asked<'_, B> {
    /// Hands each row of a block that passes to `work`.
    #[inline]
    fn each(&self, seen: &Seen<'_>, mut work: impl FnMut(&RowRef<'_>)) {
        let (from, to) = (self.range.from.nanos(), self.range.to.nanos());
        let mut row = RowRef::default();
        let mut read = 0;
        for bytes in seen.block {
            if row.read(bytes, seen.apps, self.depth).is_none() {
                continue;
            }
            read += 1;
            if row.last >= from && row.last < to && self.filter.matches(&row) {
                work(&row);
            }
        }
        seen.broken.set(read != seen.block.rows);
    }
}

/// One thread's count of the peers of some groups.
struct Counter<'a, B: By> {
    places: &'a HashMap<B::Key, usize, RandomState>,
    peers: Vec<Peers>,
    hasher: &'a RandomState,
    asked: Asked<'a, B>,
}

impl<B: By> Visitor for Counter<'_, B> {
    fn visit(&mut self, seen: Seen<'_>) -> ControlFlow<()> {
        let Self { places, peers, hasher, asked } = self;
        asked.each(&seen, |row| {
            let place = asked.by.key(row).and_then(|key| places.get(&key).copied());
            if let Some(peers) = place.and_then(|place| peers.get_mut(place)) {
                peers.insert(hasher.hash_one(asked.by.peer(row).to_bits()));
            }
        });
        ControlFlow::Continue(())
    }
}

/// Sums of a group.
#[derive(Debug, Default)]
struct Sums {
    flows: u64,
    packets: u64,
    bytes: u64,
    bytes_orig: u64,
    /// Apart, so that the sums of many groups lie close together.
    peers: Option<Box<Peers>>,
}

impl Sums {
    fn group<B: By>(self, by: B, key: &B::Key) -> Group {
        Group {
            key: by.text(key),
            flows: self.flows,
            packets: self.packets,
            bytes: self.bytes,
            bytes_orig: self.bytes_orig,
            peers: self.peers.map_or(u64::from(B::COUNT == Count::One), |peers| peers.count()),
        }
    }
}

/// One thread's groups.
struct Table<'a, B: By> {
    groups: HashMap<B::Key, Sums, RandomState>,
    hasher: RandomState,
    peer_bytes: usize,
    asked: Asked<'a, B>,
}

impl<B: By> Table<'_, B> {
    #[inline]
    fn add(&mut self, row: &RowRef<'_>) {
        let Some(key) = self.asked.by.key(row) else { return };
        let sums = self.groups.entry(key).or_default();
        sums.flows += 1;
        sums.packets = sums.packets.saturating_add(row.packets());
        sums.bytes = sums.bytes.saturating_add(row.bytes());
        sums.bytes_orig = sums.bytes_orig.saturating_add(row.orig.bytes);
        if B::COUNT == Count::AtOnce {
            let print = self.hasher.hash_one(self.asked.by.peer(row).to_bits());
            self.peer_bytes += sums.peers.get_or_insert_default().insert(print);
        }
    }

    fn prune(&mut self) {
        if self.groups.len() <= GROUPS_MAX && self.peer_bytes <= PEER_BYTES_MAX {
            return;
        }
        let mut bytes: Vec<u64> = self.groups.values().map(|s| s.bytes).collect();
        let middle = bytes.len() / 2;
        let (_, median, _) = bytes.select_nth_unstable(middle);
        let median = *median;
        // Of equal ones as many go as must.
        let mut spare = self.groups.len() / 2;
        self.groups.retain(|_, sums| {
            let goes = sums.bytes <= median && spare > 0;
            spare -= usize::from(goes);
            !goes
        });
        self.peer_bytes = self.groups.values().flat_map(|s| &s.peers).map(|p| p.heap_bytes()).sum();
    }

    fn join(&mut self, other: Self) {
        for (key, sums) in other.groups {
            let into = self.groups.entry(key).or_default();
            into.flows += sums.flows;
            into.packets = into.packets.saturating_add(sums.packets);
            into.bytes = into.bytes.saturating_add(sums.bytes);
            into.bytes_orig = into.bytes_orig.saturating_add(sums.bytes_orig);
            if let Some(peers) = sums.peers {
                into.peers.get_or_insert_default().merge(*peers);
            }
        }
    }

    /// The groups with most bytes, then flows, then by name.
    fn largest(self, top: usize) -> Vec<(B::Key, Sums)> {
        let by = self.asked.by;
        let mut sums: Vec<(B::Key, Sums)> = self.groups.into_iter().collect();
        let order = |s: &Sums| std::cmp::Reverse((s.bytes, s.flows));
        if top > 0 && top < sums.len() {
            // Those that tie with the last are kept for the order by name.
            let (_, worst, _) = sums.select_nth_unstable_by_key(top - 1, |(_, s)| order(s));
            let worst = order(&worst.1);
            sums.retain(|(_, s)| order(s) <= worst);
        }
        sums.sort_by_cached_key(|(key, s)| (order(s), by.text(key)));
        sums.truncate(top);
        sums
    }
}

impl<B: By> Visitor for Table<'_, B> {
    fn visit(&mut self, seen: Seen<'_>) -> ControlFlow<()> {
        let asked = self.asked;
        asked.each(&seen, |row| self.add(row));
        self.prune();
        ControlFlow::Continue(())
    }
}

#[derive(Clone, Copy)]
struct AddrOf {
    dst: bool,
}

impl By for AddrOf {
    type Key = u128;

    fn key(self, row: &RowRef<'_>) -> Option<u128> {
        Some(if self.dst { row.tuple.dst } else { row.tuple.src }.to_bits())
    }

    fn text(self, key: &u128) -> String {
        addr(*key).to_string()
    }

    fn peer(self, row: &RowRef<'_>) -> Addr {
        if self.dst { row.tuple.src } else { row.tuple.dst }
    }
}

#[derive(Clone, Copy)]
struct Pair;

impl By for Pair {
    type Key = (u128, u128);
    const COUNT: Count = Count::One;

    fn key(self, row: &RowRef<'_>) -> Option<Self::Key> {
        Some((row.tuple.src.to_bits(), row.tuple.dst.to_bits()))
    }

    fn text(self, key: &Self::Key) -> String {
        format!("{} > {}", addr(key.0), addr(key.1))
    }
}

#[derive(Clone, Copy)]
struct Port;

impl By for Port {
    type Key = (u8, u16);

    fn key(self, row: &RowRef<'_>) -> Option<Self::Key> {
        let proto = row.tuple.proto;
        Some((proto, if has_ports(proto) { row.tuple.dst_port } else { 0 }))
    }

    fn text(self, &(proto, port): &Self::Key) -> String {
        let name = ip_protocol(proto);
        if has_ports(proto) { format!("{port}/{name}") } else { name.into_owned() }
    }
}

#[derive(Clone, Copy)]
struct App;

impl By for App {
    type Key = AppProto;
    const COUNT: Count = Count::AtOnce;

    fn key(self, row: &RowRef<'_>) -> Option<AppProto> {
        Some(row.app)
    }

    fn text(self, key: &AppProto) -> String {
        key.name().to_owned()
    }
}

#[derive(Clone, Copy)]
struct Proto;

impl By for Proto {
    type Key = u8;
    const COUNT: Count = Count::AtOnce;

    fn key(self, row: &RowRef<'_>) -> Option<u8> {
        Some(row.tuple.proto)
    }

    fn text(self, key: &u8) -> String {
        ip_protocol(*key).into_owned()
    }
}

#[derive(Clone, Copy)]
struct State;

impl By for State {
    type Key = anomalyzer_engine::flow::ConnState;
    const COUNT: Count = Count::AtOnce;

    fn key(self, row: &RowRef<'_>) -> Option<Self::Key> {
        Some(row.conn_state)
    }

    fn text(self, key: &Self::Key) -> String {
        key.name().to_owned()
    }
}

#[derive(Clone, Copy)]
struct Name;

impl By for Name {
    type Key = Box<[u8]>;
    const DEPTH: Depth = Depth::Whole;

    /// Flows without a name are left out. Names are compared as DNS does: letters of either case
    /// are the same.
    fn key(self, row: &RowRef<'_>) -> Option<Self::Key> {
        let name = row.names.as_ref().and_then(NamesRef::best)?;
        Some(name.to_ascii_lowercase().into())
    }

    fn text(self, key: &Self::Key) -> String {
        anomalyzer_wire::HostileStr::from(&**key).escaped()
    }
}

/// True for protocols whose flows have ports.
pub(crate) const fn has_ports(proto: u8) -> bool {
    // TCP, UDP, DCCP, SCTP, UDP-Lite.
    matches!(proto, 6 | 17 | 33 | 132 | 136)
}

fn addr(bits: u128) -> IpAddr {
    match u32::try_from(bits & 0xffff_ffff) {
        Ok(v4) if bits >> 32 == 0xffff => IpAddr::V4(Ipv4Addr::from_bits(v4)),
        _ => IpAddr::V6(Ipv6Addr::from_bits(bits)),
    }
}
