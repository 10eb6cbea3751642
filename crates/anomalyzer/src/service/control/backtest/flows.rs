//! A back-test over stored flow records: the observations of each flow are made again from its
//! record, second by second, and go through correlators as they would live.
//!
//! A record says how a flow began, whether it was answered, refused or talked, and how much it
//! carried. It does not say when within the flow the bytes went: they are spread evenly. Facts of
//! application protocols, ARP, ICMP errors and payload are not in it.

use super::{Ran, SEED, both, of};
use crate::failure::Failure;
use crate::service::Service;
use crate::service::control::{refused, store_refused};
use anomalyzer_engine::detect::{Backtest, DETECTORS};
use anomalyzer_engine::flow::{ConnState, FlowId};
use anomalyzer_engine::observation::{
    FirstPacket, FlowOutcome, FlowStarted, Outcome, SecondTotals, Seen, TrafficDigest,
};
use anomalyzer_engine::{Config, Correlator, EpochBatch, FlowRecord, Marker, Observation, Times};
use anomalyzer_store::{Filter, Range, SourceId};
use anomalyzer_web::control::Answer;
use anomalyzer_wire::Timestamp;
use std::sync::Arc;

/// Most flows that are looked at; the latest count.
const FLOWS_MAX: usize = 200_000;
/// Seconds over which the bytes of one flow are spread at most.
const SPREAD_MAX: i64 = 60;
/// Range without being asked for one: a day, in seconds.
const DAY_S: i64 = 86_400;
/// TCP flags.
const FIN: u8 = 1;
const RST: u8 = 4;
const PSH: u8 = 8;
const ACK: u8 = 16;
const URG: u8 = 32;

/// Looks at the flows of a source within a range, by default its last day.
pub(super) fn over(
    service: &Service,
    configs: &[Arc<Config>; 2],
    source: SourceId,
    range: Option<Range>,
) -> Answer<super::Over> {
    let last = service.store.control().source(source).map_err(store_refused)?.last;
    let range = range.unwrap_or_else(|| {
        let to = last.unwrap_or_else(crate::clock::now).plus_secs(2);
        Range { from: to.plus_secs(-DAY_S), to }
    });
    let (records, left) = records(service, source, range)?;
    if records.is_empty() {
        return Err(refused("no flows are stored within this time"));
    }
    let prepared = Prepared::new(records);
    let run = |config: &Arc<Config>| -> Result<Ran, Failure> {
        let mut config = Config::clone(config);
        for (spec, section) in DETECTORS.iter().zip(&mut config.detect) {
            section.enabled &= spec.backtest == Backtest::Flows;
        }
        Ok(prepared.replay(&Arc::new(config), service))
    };
    let [first, second] = both(configs, run)?;
    let found = [first.found, second.found];
    let what = format!("{} stored flows", prepared.records.len());
    Ok(super::Over { what, range: first.range, notes: notes(configs, left), found })
}

/// What such a test cannot see.
fn notes(configs: &[Arc<Config>; 2], left: u64) -> Vec<String> {
    let rows = DETECTORS.iter().zip(configs[0].detect.iter().zip(&configs[1].detect));
    let packets = |spec: &&&anomalyzer_engine::detect::Spec| spec.backtest == Backtest::Capture;
    let all: Vec<&str> = DETECTORS.iter().filter(packets).map(|spec| spec.id).collect();
    let blind: Vec<&str> = rows
        .filter(|(spec, (a, b))| a != b && spec.backtest == Backtest::Capture)
        .map(|(spec, _)| spec.id)
        .collect();
    let mut notes = Vec::new();
    if !blind.is_empty() {
        notes.push(format!(
            "{} cannot be judged from flow records: it needs packets. Try an uploaded capture, or \
             the running source without a range",
            blind.join(", ")
        ));
    }
    notes.push(format!("left out in both runs, because they need packets: {}", all.join(", ")));
    notes.push(
        "the bytes of a flow are taken as spread evenly over it, and refusals by ICMP are not in \
         flow records"
            .to_owned(),
    );
    notes.push("both runs begin without what was learned before".to_owned());
    if left > 0 {
        notes.push(format!("{left} earlier flows within the range were not looked at"));
    }
    notes
}

/// The latest flows of a range, and how many were left out.
fn records(service: &Service, source: SourceId, range: Range) -> Answer<(Vec<FlowRecord>, u64)> {
    let mut records = std::collections::VecDeque::new();
    let mut left = 0;
    let mut take = |flow: anomalyzer_store::history::StoredFlow| {
        if records.len() >= FLOWS_MAX {
            records.pop_front();
            left += 1;
        }
        records.push_back(flow.record);
        service.stop.check().is_ok()
    };
    let filter = Filter::default();
    service.store.history().scan(source, range, &filter, &mut take).map_err(store_refused)?;
    Ok((records.into(), left))
}

/// What happens to a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Started,
    Outcome(News),
    /// The share of one second: which of how many.
    Traffic(i64, i64),
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    Answered,
    Established,
    Refused,
    Talking,
}

/// Flows with what happens to them, in order of time.
struct Prepared {
    records: Vec<FlowRecord>,
    events: Vec<(Timestamp, usize, Event)>,
}

impl Prepared {
    fn new(mut records: Vec<FlowRecord>) -> Self {
        records.sort_by_key(|record| (record.first, record.last));
        for (record, id) in records.iter_mut().zip(0..) {
            record.id = FlowId(id);
        }
        let mut events = Vec::with_capacity(records.len() * 4);
        for (at, record) in records.iter().enumerate() {
            happened(record, |time, event| events.push((time, at, event)));
        }
        events.sort_unstable();
        Self { records, events }
    }

    /// Sends everything through a correlator, an epoch for each second.
    fn replay(&self, config: &Arc<Config>, service: &Service) -> Ran {
        let mut correlator = Correlator::new(config, SEED);
        correlator.set_indicators(&service.loaded().indicators);
        let (mut epoch, mut seq) = (0, 0);
        let mut seconds = self.events.chunk_by(|a, b| a.0.secs() == b.0.secs()).peekable();
        while let Some(events) = seconds.next() {
            let Some((first, ..)) = events.first() else { continue };
            let next = seconds.peek().and_then(|next| next.first()).map(|(time, ..)| *time);
            let batch = self.second(events, &mut seq);
            let time = next.unwrap_or_else(|| Timestamp::from_secs_nanos(first.secs() + 1, 0));
            let end = next.is_none();
            let marker = Marker { epoch, seq, time, second: first.secs(), end };
            correlator.epoch(&marker, vec![batch], &mut super::Nowhere);
            epoch += 1;
        }
        of(&correlator)
    }

    /// What was seen within a second.
    fn second(&self, events: &[(Timestamp, usize, Event)], seq: &mut u64) -> EpochBatch {
        let mut batch = EpochBatch::default();
        let mut totals = SecondTotals::default();
        for (time, at, event) in events {
            let Some(record) = self.records.get(*at) else { continue };
            let what = match event {
                Event::Started => {
                    totals.flows += 1;
                    Observation::FlowStarted(started(record))
                }
                Event::Outcome(news) => Observation::FlowOutcome(outcome(record, *news)),
                Event::Ended => Observation::FlowEnded(Box::new(record.clone())),
                Event::Traffic(nth, of) => {
                    let digest = digest(record, *nth, *of);
                    add(&mut totals, &digest);
                    batch.digests.push(digest);
                    continue;
                }
            };
            batch.seen.push(Seen { seq: *seq, time: *time, what });
            *seq += 1;
        }
        batch.digests.sort_by_key(|digest| digest.id);
        if let (Some((first, ..)), Some((last, ..))) = (events.first(), events.last()) {
            totals.second = first.secs();
            batch.times = Some(Times { seq: *seq, first: *first, last: *last });
        }
        batch.second = (totals.packets > 0).then_some(totals);
        batch
    }
}

/// Tells what happened to a flow, and when.
fn happened(record: &FlowRecord, mut tell: impl FnMut(Timestamp, Event)) {
    let (first, last) = (record.first, record.last.max(record.first));
    if !record.continued {
        tell(first, Event::Started);
        let rtt = record.rtt_ns.and_then(|ns| i64::try_from(ns).ok()).unwrap_or(0);
        let answered = first.plus_nanos(rtt).min(last);
        for news in news(record) {
            tell(if news == News::Refused { last } else { answered }, Event::Outcome(news));
        }
    }
    let seconds = last.secs().saturating_sub(first.secs()).saturating_add(1);
    let parts = seconds.clamp(1, SPREAD_MAX);
    for nth in 0..parts {
        let second = first.secs().saturating_add(nth.saturating_mul(seconds) / parts);
        tell(Timestamp::from_secs_nanos(second, 0).max(first), Event::Traffic(nth, parts));
    }
    tell(last, Event::Ended);
}

fn news(record: &FlowRecord) -> Vec<News> {
    use ConnState::{Rej, Rsto, Rstr, S1, S2, S3, Sf};
    let talked = record.orig.payload > 0 && record.resp.payload > 0;
    let mut news = match record.conn_state {
        Rej => vec![News::Refused],
        S1 | S2 | S3 | Sf | Rsto | Rstr if record.tuple.proto == 6 => {
            vec![News::Answered, News::Established]
        }
        _ if record.tuple.proto != 6 && record.resp.packets > 0 => vec![News::Answered],
        _ => Vec::new(),
    };
    if talked && !news.is_empty() {
        news.push(News::Talking);
    }
    news
}

/// Zeek's history begins with a small letter when the responder was seen first.
fn by_originator(record: &FlowRecord) -> bool {
    !record.history.starts_with(|c: char| c.is_ascii_lowercase())
}

fn first_packet(record: &FlowRecord) -> FirstPacket {
    let tuple = &record.tuple;
    let flags = record.orig.flags;
    #[allow(clippy::cast_possible_truncation)] // type and code stand in for ports
    let icmp = FirstPacket::Icmp { kind: tuple.src_port as u8, code: tuple.dst_port as u8 };
    match tuple.proto {
        6 => match record.history.chars().next() {
            Some('S') => FirstPacket::Syn,
            Some('h') => FirstPacket::SynAck,
            _ if flags == 0 => FirstPacket::Null,
            _ if flags == FIN => FirstPacket::Fin,
            _ if flags == FIN | PSH | URG => FirstPacket::Xmas,
            _ if flags == ACK && record.orig.payload == 0 => FirstPacket::Ack,
            _ if flags & RST != 0 && record.orig.packets == 1 => FirstPacket::Rst,
            _ if flags & ACK != 0 => FirstPacket::Data,
            _ => FirstPacket::OddTcp,
        },
        17 => FirstPacket::Udp,
        1 | 58 => icmp,
        132 => FirstPacket::Sctp,
        _ => FirstPacket::Other,
    }
}

fn started(record: &FlowRecord) -> FlowStarted {
    let by_originator = by_originator(record);
    let (side, src_mac) =
        if by_originator { (&record.orig, record.src_mac) } else { (&record.resp, record.dst_mac) };
    let mean = |sum: u64| u32::try_from(sum / side.packets.max(1)).unwrap_or(u32::MAX);
    FlowStarted {
        id: record.id,
        tuple: record.tuple,
        first: first_packet(record),
        by_originator,
        src_mac,
        ip_len: mean(side.ip_bytes),
        payload_len: mean(side.payload),
        ttl: side.ttl,
        tunnelled: record.tunnel.is_some(),
    }
}

fn outcome(record: &FlowRecord, news: News) -> FlowOutcome {
    FlowOutcome {
        id: record.id,
        tuple: record.tuple,
        first: first_packet(record),
        started: record.first,
        macs: if record.tunnel.is_some() { [None; 2] } else { [record.src_mac, record.dst_mac] },
        outcome: match news {
            News::Answered => Outcome::Answered,
            News::Established => Outcome::Established,
            News::Refused => Outcome::Refused,
            News::Talking => Outcome::Talking,
        },
    }
}

/// The `nth` of `of` equal parts of what a flow carried.
fn digest(record: &FlowRecord, nth: i64, of: i64) -> TrafficDigest {
    let part = |sum: u64| {
        let up_to = |n: i64| {
            u128::from(sum) * u128::from(n.unsigned_abs()) / u128::from(of.unsigned_abs().max(1))
        };
        u64::try_from(up_to(nth + 1) - up_to(nth)).unwrap_or(u64::MAX)
    };
    let count = |sum: u64| u32::try_from(part(sum)).unwrap_or(u32::MAX);
    let began = u32::from(nth == 0 && !record.continued && record.tuple.proto == 6);
    let syn = began * u32::from(record.history.starts_with('S'));
    let syns =
        if record.conn_state == ConnState::S0 { syn * count(record.orig.packets) } else { syn };
    TrafficDigest {
        id: record.id,
        tuple: record.tuple,
        app: record.app,
        two_way: record.orig.packets > 0 && record.resp.packets > 0,
        packets: [count(record.orig.packets), count(record.resp.packets)],
        bytes: [part(record.orig.bytes), part(record.resp.bytes)],
        syns,
        syn_acks: began * u32::from(record.history.contains('h')),
        rsts: [0, u32::from(nth + 1 == of && record.conn_state == ConnState::Rej)],
        fragments: 0,
    }
}

fn add(totals: &mut SecondTotals, digest: &TrafficDigest) {
    let packets = u64::from(digest.packets[0]) + u64::from(digest.packets[1]);
    let bytes = digest.bytes[0].saturating_add(digest.bytes[1]);
    totals.packets += packets;
    totals.bytes = totals.bytes.saturating_add(bytes);
    let (sum, place) = match digest.tuple.proto {
        6 => (&mut totals.tcp, 0),
        17 => (&mut totals.udp, 1),
        1 | 58 => (&mut totals.icmp, 2),
        _ => (&mut totals.other, 4),
    };
    *sum += packets;
    totals.protocol_bytes[place] += bytes;
}
