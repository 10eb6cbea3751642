//! The facts of everything seen: what the summary is made of.

use super::ranked::{Ranked, Sums};
use crate::config::Config;
use crate::count::Distinct;
use crate::flow::FlowRecord;
use crate::keyword::KeywordHit;
use crate::observation::{ArpSeen, SecondTotals};
use crate::series::Series;
use crate::summary::{HostShare, KeywordShare, PerSecond, PortShare, Share, Summary};
use crate::worker::{Times, Volume, WorkerTotals};
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::{Addr, Mac, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows of the summary's rankings.
const TOP: usize = 100;
/// Hardware addresses remembered.
const MACS_MAX: usize = 16_384;
/// Patterns whose hits are counted: more than three lists of the largest size.
const KEYWORDS_MAX: usize = 65_536;
/// Patterns that the summary names.
const KEYWORDS_SHOWN: usize = 1_000;
/// Distinct addresses counted exactly; more are estimated.
const EXACT_MAX: usize = 65_536;

/// Collects the facts.
pub(super) struct Facts {
    times: Option<Times>,
    series: Series,
    seconds: Spread,
    sources: Ranked<Addr>,
    destinations: Ranked<Addr>,
    ports: Ranked<(u8, u16)>,
    apps: BTreeMap<AppProto, Sums>,
    distinct_sources: Distinct,
    distinct_destinations: Distinct,
    distinct_ports: Distinct,
    macs: BTreeMap<Addr, Mac>,
    keywords: BTreeMap<(Arc<str>, Arc<str>), u64>,
    totals: WorkerTotals,
}

/// Mean and deviation of packets and bytes per active second.
#[derive(Clone, Copy, Debug, Default)]
struct Spread {
    n: u64,
    packets: [f64; 2],
    bytes: [f64; 2],
    packets_max: u64,
    bytes_max: u64,
    busiest: i64,
    first: i64,
    last: i64,
}

impl Facts {
    pub(super) fn new(config: &Config, seed: u64) -> Self {
        let hosts = config.limits.hosts;
        Self {
            times: None,
            series: Series::default(),
            seconds: Spread::default(),
            sources: Ranked::new(hosts, seed),
            destinations: Ranked::new(hosts, seed),
            ports: Ranked::new(hosts, seed),
            apps: BTreeMap::new(),
            distinct_sources: Distinct::new(EXACT_MAX),
            distinct_destinations: Distinct::new(EXACT_MAX),
            distinct_ports: Distinct::new(EXACT_MAX),
            macs: BTreeMap::new(),
            keywords: BTreeMap::new(),
            totals: WorkerTotals::default(),
        }
    }

    pub(super) fn second(&mut self, second: &SecondTotals) {
        self.series.push(second);
        let spread = &mut self.seconds;
        if spread.n == 0 {
            spread.first = second.second;
        }
        spread.last = second.second;
        spread.n += 1;
        for (sums, value) in
            [(&mut spread.packets, second.packets), (&mut spread.bytes, second.bytes)]
        {
            let value = value as f64;
            let [sum, squares] = sums;
            *sum += value;
            *squares += value * value;
        }
        spread.packets_max = spread.packets_max.max(second.packets);
        if second.bytes > spread.bytes_max {
            (spread.bytes_max, spread.busiest) = (second.bytes, second.second);
        }
    }

    /// Takes the times of an epoch's frames.
    pub(super) fn times(&mut self, more: Times) {
        match &mut self.times {
            Some(times) => times.merge(more),
            None => self.times = Some(more),
        }
    }

    /// The latest packet time.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.times.map(|t| t.last)
    }

    /// Counts a hit for its pattern, by name: a list that is read again goes on counting.
    pub(super) fn keyword(&mut self, hit: &KeywordHit) {
        let count = 1 + u64::from(hit.repeats);
        let key = (Arc::clone(&hit.list), Arc::clone(&hit.pattern));
        if let Some(hits) = self.keywords.get_mut(&key) {
            *hits = hits.saturating_add(count);
        } else if self.keywords.len() < KEYWORDS_MAX {
            self.keywords.insert(key, count);
        }
    }

    pub(super) fn arp(&mut self, seen: &ArpSeen) {
        self.learn_mac(seen.arp.sender_ip, seen.arp.sender_mac);
    }

    /// The first claim counts: a later, different one is a matter for `arp-spoof`.
    fn learn_mac(&mut self, addr: Addr, mac: Mac) {
        if addr.is_unicast() && !mac.is_zero() && !mac.is_multicast() && self.macs.len() < MACS_MAX
        {
            self.macs.entry(addr).or_insert(mac);
        }
    }

    pub(super) fn flow(&mut self, record: &FlowRecord) {
        let t = &record.tuple;
        for (from, to, side) in [(t.src, t.dst, &record.orig), (t.dst, t.src, &record.resp)] {
            if side.packets > 0 {
                let sums = Sums { packets: side.packets, bytes: side.bytes, flows: 1 };
                self.sources.add(from, sums);
                self.destinations.add(to, sums);
                self.distinct_sources.insert(from.to_bits());
                self.distinct_destinations.insert(to.to_bits());
            }
        }
        let both = Sums {
            packets: record.orig.packets + record.resp.packets,
            bytes: record.orig.bytes + record.resp.bytes,
            flows: 1,
        };
        // Fragments and packets that are cut short have no ports: both are 0.
        if matches!(t.proto, 6 | 17 | 132) && (t.src_port, t.dst_port) != (0, 0) {
            self.ports.add((t.proto, t.dst_port), both);
            self.distinct_ports.insert(u128::from(t.proto) << 16 | u128::from(t.dst_port));
        }
        let app = self.apps.entry(record.app).or_default();
        app.packets += both.packets;
        app.bytes += both.bytes;
        app.flows += 1;
    }

    pub(super) fn totals(&mut self, totals: &WorkerTotals) {
        self.totals.merge(totals);
    }

    pub(super) fn mac(&self, addr: Addr) -> Option<Mac> {
        self.macs.get(&addr).copied()
    }

    pub(super) fn series(&self) -> &Series {
        &self.series
    }

    pub(super) fn summary(&self) -> Summary {
        let links = self.totals.links.iter();
        let mut link_types: Vec<_> = links.map(|(link, v)| (*link, v.packets)).collect();
        link_types.sort_by_key(|(link, packets)| (std::cmp::Reverse(*packets), *link));
        let points = self.series.points();
        Summary {
            packets: points.iter().map(|p| p.packets).sum(),
            bytes: points.iter().map(|p| p.bytes).sum(),
            first: self.times.map(|t| t.first),
            last: self.times.map(|t| t.last),
            link_types,
            protocols: self.protocols(),
            applications: self.applications(),
            top_sources: hosts(&self.sources),
            top_destinations: hosts(&self.destinations),
            top_ports: self.ports.top(TOP).into_iter().map(port_share).collect(),
            sources: self.distinct_sources.tally(),
            destinations: self.distinct_destinations.tally(),
            ports: self.distinct_ports.tally(),
            flows: self.totals.flows,
            per_second: self.per_second(),
            keywords: self.keywords(),
            counters: self.counters(),
            suppressed: Vec::new(),
            flow_digest: self.totals.flow_digest,
        }
    }

    fn keywords(&self) -> Vec<KeywordShare> {
        let share = |((list, pattern), hits): (&(Arc<str>, Arc<str>), &u64)| KeywordShare {
            list: Arc::clone(list),
            pattern: Arc::clone(pattern),
            hits: *hits,
        };
        let mut shares: Vec<KeywordShare> = self.keywords.iter().map(share).collect();
        // The names decide between equals, in the order that the map has.
        shares.sort_by_key(|share| std::cmp::Reverse(share.hits));
        shares.truncate(KEYWORDS_SHOWN);
        shares
    }

    fn protocols(&self) -> Vec<Share> {
        let mut shares = Vec::new();
        let mut add = |name: String, volume: Volume| {
            if volume.packets > 0 {
                let Volume { packets, bytes } = volume;
                shares.push(Share { name, packets, bytes, flows: 0 });
            }
        };
        for (number, volume) in (0_u8..=u8::MAX).zip(&self.totals.ip) {
            add(crate::text::ip_protocol(number).into_owned(), *volume);
        }
        add("arp".into(), self.totals.arp);
        add("unknown link type".into(), self.totals.unknown_link);
        for (number, volume) in &self.totals.ether {
            add(crate::text::ether_type(*number), *volume);
        }
        add("further EtherTypes".into(), self.totals.further_ether);
        shares.sort_by(|a: &Share, b| b.bytes.cmp(&a.bytes).then(a.name.cmp(&b.name)));
        shares
    }

    fn applications(&self) -> Vec<Share> {
        let mut shares: Vec<Share> = self
            .apps
            .iter()
            .map(|(app, sums)| Share {
                name: app.name().into(),
                packets: sums.packets,
                bytes: sums.bytes,
                flows: sums.flows,
            })
            .collect();
        shares.sort_by(|a, b| b.bytes.cmp(&a.bytes).then(a.name.cmp(&b.name)));
        shares
    }

    fn per_second(&self) -> PerSecond {
        let s = &self.seconds;
        if s.n == 0 {
            return PerSecond::default();
        }
        let span = s.last.saturating_sub(s.first).saturating_add(1).unsigned_abs();
        let (packets_mean, packets_sd) = mean_sd(s.n, s.packets);
        let (bytes_mean, bytes_sd) = mean_sd(s.n, s.bytes);
        PerSecond {
            active: s.n,
            span,
            packets_mean,
            packets_sd,
            packets_max: s.packets_max,
            bytes_mean,
            bytes_sd,
            bytes_max: s.bytes_max,
            busiest: s.busiest,
        }
    }

    fn counters(&self) -> Vec<(&'static str, u64)> {
        let c = &self.totals.counters;
        let mut rows = vec![
            ("defragmented", c.defragmented),
            ("flows_evicted_one_way", c.evicted_one_way),
            ("flows_evicted_two_way", c.evicted_two_way),
            ("fragments", c.fragments),
            ("gaps_given_up", c.gaps_given_up),
            ("hosts_forgotten", self.sources.forgotten() + self.destinations.forgotten()),
            ("keyword_bytes_beyond_depth", c.beyond_depth_bytes),
            ("keyword_bytes_without_pattern", c.unwanted_bytes),
            ("keyword_bytes_encrypted", c.encrypted_bytes),
            ("keyword_bytes_searched", c.searched_bytes),
            ("malformed", c.malformed),
            ("messages_given_up", c.messages_given_up),
            ("snapped", c.snapped),
            ("stream_bytes_missed", c.missed_bytes),
            ("tunnelled", c.tunnelled),
        ];
        rows.sort_unstable();
        rows
    }
}

fn mean_sd(n: u64, [sum, squares]: [f64; 2]) -> (f64, f64) {
    let n = n as f64;
    let mean = sum / n.max(1.0);
    let variance = if n < 2.0 { 0.0 } else { (squares - sum * mean) / (n - 1.0) };
    (mean, variance.max(0.0).sqrt())
}

fn hosts(ranked: &Ranked<Addr>) -> Vec<HostShare> {
    let share = |(addr, Sums { packets, bytes, flows })| HostShare { addr, packets, bytes, flows };
    ranked.top(TOP).into_iter().map(share).collect()
}

fn port_share(((proto, port), sums): ((u8, u16), Sums)) -> PortShare {
    let Sums { packets, bytes, flows } = sums;
    PortShare { proto, port, packets, bytes, flows }
}
