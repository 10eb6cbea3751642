//! Floods of whole requests: DHCP and HTTP.

use super::{QUIET_NANOS, SETTLE_NANOS, SPEC, Settings};
use crate::alert::Severity;
use crate::count::{Distinct, SlidingCount, Table};
use crate::detect::Reporter;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::flow::FiveTuple;
use crate::text;
use anomalyzer_wire::{Addr, Mac, Timestamp};

/// Pairs of requester and server.
pub(super) const PAIRS: usize = 4_096;
/// Half seconds: 3 s for HTTP, of which 1 s for DHCP.
const BUCKETS: usize = 24;
const BUCKET_NANOS: i64 = 125_000_000;
/// An HTTP flood keeps its rate for this many seconds.
const HTTP_SECONDS: u64 = 3;
/// Window for DHCP clients.
const CLIENTS_NANOS: i64 = 10_000_000_000;
const CLIENTS_SECONDS: f64 = 10.0;
/// Clients counted exactly.
const CLIENTS_EXACT: usize = 1_024;

/// Who asks whom; HTTP has the server's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Pair {
    src: Addr,
    dst: Addr,
    port: u16,
}

#[derive(Clone, Debug)]
struct Rate {
    window: SlidingCount<BUCKETS>,
    clients: Distinct,
    clients_since: Timestamp,
    hits: u64,
    first: Timestamp,
    last: Timestamp,
    flows: Vec<String>,
    told: Option<Told>,
}

/// What was told of a flood.
#[derive(Clone, Copy, Debug)]
struct Told {
    technique: &'static str,
    peak: u64,
    clients: u64,
    floor: u64,
    /// Clients that are too many.
    clients_floor: u64,
    reported: u64,
}

pub(super) struct Requests {
    pairs: Table<Pair, Rate>,
}

impl Rate {
    fn new(now: Timestamp) -> Self {
        Self {
            window: SlidingCount::new(BUCKET_NANOS),
            clients: Distinct::new(CLIENTS_EXACT),
            clients_since: now,
            hits: 0,
            first: now,
            last: now,
            flows: Vec::new(),
            told: None,
        }
    }

    fn add(&mut self, tuple: &FiveTuple, now: Timestamp) -> u64 {
        let sum = self.window.add(now, 1);
        if self.told.is_none() && sum == 1 {
            // The window was empty: what comes now is a story of its own.
            (self.hits, self.first) = (0, now);
            self.flows.clear();
        }
        self.hits += 1;
        self.last = now;
        if self.told.is_some() && self.flows.len() < 20 {
            let id = crate::flow::community_id(tuple);
            if !self.flows.contains(&id) {
                self.flows.push(id);
            }
        }
        sum
    }

    fn tell(&mut self, pair: Pair, now: Told, out: &mut Reporter<'_>) {
        let begins = self.told.is_none();
        let told = self.told.get_or_insert(now);
        told.peak = told.peak.max(now.peak);
        told.clients = told.clients.max(now.clients);
        if begins || self.hits >= told.reported.saturating_mul(2) {
            told.reported = self.hits;
            let told = *told;
            out.report(finding(pair, self, told));
            out.wake_at(self.last.plus_nanos(SETTLE_NANOS));
        }
    }
}

impl Requests {
    pub(super) fn new(seed: u64) -> Self {
        Self { pairs: Table::new(PAIRS, seed, |r: &Rate| r.told.is_some()) }
    }

    pub(super) fn len(&self) -> usize {
        self.pairs.len()
    }

    pub(super) fn evictions(&self) -> u64 {
        self.pairs.evictions()
    }

    /// A DHCP client looks for a server.
    pub(super) fn discover(
        &mut self,
        tuple: &FiveTuple,
        client: Mac,
        settings: &Settings,
        now: Timestamp,
        out: &mut Reporter<'_>,
    ) {
        let pair = Pair { src: tuple.src, dst: tuple.dst, port: tuple.dst_port };
        let (Some(rate), _) = self.pairs.entry(pair, || Rate::new(now)) else { return };
        rate.add(tuple, now);
        if now.since(rate.clients_since) > CLIENTS_NANOS && rate.told.is_none() {
            rate.clients = Distinct::new(CLIENTS_EXACT);
            rate.clients_since = now;
        }
        let [a, b, c, d, e, f] = client.0;
        rate.clients.insert(u128::from(u64::from_be_bytes([0, 0, a, b, c, d, e, f])));
        let clients = rate.clients.tally().value;
        let peak = rate.window.peak(8, 0);
        if rate.told.is_some() || peak >= settings.dhcp || clients >= settings.dhcp_clients {
            let (floor, clients_floor) = (settings.dhcp, settings.dhcp_clients);
            let technique = "dhcp";
            let told = Told { technique, peak, clients, floor, clients_floor, reported: 0 };
            rate.tell(pair, told, out);
        }
    }

    /// A client sent an HTTP request.
    pub(super) fn http(
        &mut self,
        tuple: &FiveTuple,
        settings: &Settings,
        now: Timestamp,
        out: &mut Reporter<'_>,
    ) {
        let pair = Pair { src: tuple.src, dst: tuple.dst, port: tuple.dst_port };
        let (Some(rate), _) = self.pairs.entry(pair, || Rate::new(now)) else { return };
        let sum = rate.add(tuple, now);
        if rate.told.is_some() || sum >= settings.http.saturating_mul(HTTP_SECONDS) {
            let (peak, floor) = (rate.window.peak(8, 0), settings.http);
            let technique = "http";
            let told = Told { technique, peak, clients: 1, floor, clients_floor: 0, reported: 0 };
            rate.tell(pair, told, out);
        }
    }

    /// Reports what has grown, forgets what is over; tells when to look again.
    pub(super) fn tend(
        &mut self,
        now: Timestamp,
        end: bool,
        out: &mut Reporter<'_>,
    ) -> Option<Timestamp> {
        let mut next: Option<Timestamp> = None;
        for (pair, rate) in self.pairs.iter_mut() {
            let Some(mut told) = rate.told else { continue };
            let settled = now >= rate.last.plus_nanos(SETTLE_NANOS);
            if rate.hits > told.reported && (end || settled) {
                told.reported = rate.hits;
                rate.told = Some(told);
                out.report(finding(*pair, rate, told));
            }
            let over = rate.last.plus_nanos(QUIET_NANOS);
            if now >= over {
                rate.told = None;
                continue;
            }
            let look = if settled { over } else { rate.last.plus_nanos(SETTLE_NANOS) };
            next = Some(next.map_or(look, |n| n.min(look)));
        }
        next
    }
}

fn finding(pair: Pair, rate: &Rate, told: Told) -> Finding {
    let dhcp = told.technique == "dhcp";
    let what = if dhcp { "DHCP" } else { "HTTP" };
    // The number of clients is an estimate, and each of them sent something.
    let clients = told.clients.min(rate.hits);
    let seconds = rate.last.since(rate.first).max(0) as f64 / 1e9;
    let explanation = if dhcp {
        format!(
            "{} asked for an address by DHCP {} times within {} (DISCOVER messages), up to {} times \
             in a second and in the name of about {}. A segment stays below {} messages in a \
             second and {} within {CLIENTS_SECONDS} s; more use up its addresses.",
            if pair.src.is_unspecified() { "Somebody".to_owned() } else { pair.src.to_string() },
            text::thousands(rate.hits),
            text::duration(seconds),
            text::thousands(told.peak),
            text::counted(clients, "device"),
            text::thousands(told.floor),
            text::counted(told.clients_floor, "device"),
        )
    } else {
        format!(
            "{} sent {} HTTP requests to {} port {} within {}, up to {} in a second. A browser \
             does not keep up more than {} in a second.",
            pair.src,
            text::thousands(rate.hits),
            pair.dst,
            pair.port,
            text::duration(seconds),
            text::thousands(told.peak),
            text::thousands(told.floor),
        )
    };
    Finding {
        detector: SPEC.id,
        technique: told.technique.to_owned(),
        subject: Subject {
            src: Some(pair.src),
            dst: Some(pair.dst),
            port: Some(pair.port),
            other: told.technique.to_owned(),
        },
        // Busy programs pass the floor too; five times of it hardly.
        severity: (!dhcp && told.peak < told.floor.saturating_mul(5)).then_some(Severity::Medium),
        confidence: 0.9,
        title: if dhcp && pair.src.is_unspecified() {
            // Who has no address yet has no name either.
            let devices = text::counted(clients, "device");
            format!("DHCP flood: addresses asked for in the name of about {devices}")
        } else {
            format!("{what} flood of {} by {}", pair.dst, pair.src)
        },
        explanation,
        src: vec![pair.src],
        src_count: Tally::exact(1),
        dst: vec![pair.dst],
        dst_count: Tally::exact(1),
        dst_ports: vec![pair.port],
        dst_port_count: Tally::exact(1),
        first: rate.first,
        last: rate.last,
        count: rate.hits,
        evidence: vec![
            Evidence::exceeded("per_second", told.peak as f64, told.floor as f64, 1.0),
            Evidence {
                threshold: dhcp.then_some(told.clients_floor as f64),
                ..Evidence::value("clients", clients as f64)
            },
        ],
        flows: rate.flows.clone(),
    }
}
