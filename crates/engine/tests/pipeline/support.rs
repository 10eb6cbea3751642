//! Runs frames through workers and correlator, as the program does.

use anomalyzer_engine::device::Device;
use anomalyzer_engine::flow::FlowEnd;
use anomalyzer_engine::keyword::{KeywordHit, Matcher};
use anomalyzer_engine::observation::{AppSeen, FlowOutcome, SecondTotals};
use anomalyzer_engine::rollup::Row;
use anomalyzer_engine::score::{SCHEMA, Scorer};
use anomalyzer_engine::threat::Indicators;
use anomalyzer_engine::{
    Alert, Config, Correlator, EpochBatch, FlowRecord, HostRisk, Incident, Marker, Observation,
    Output, Pacer, Summary, View, Worker,
};
use anomalyzer_learn::built_in;
use anomalyzer_scenario::build::ip::Peer;
use anomalyzer_scenario::build::tcp::{self, Segment};
use anomalyzer_scenario::{Frame, build};
use anomalyzer_wire::{LinkType, RawFrame, Timestamp, flow_addresses};
use std::net::IpAddr;
use std::sync::Arc;

/// What came out.
pub(crate) struct Outcome {
    pub(crate) flows: Vec<FlowRecord>,
    pub(crate) alerts: Vec<Alert>,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) hosts: Vec<HostRisk>,
    pub(crate) summary: Summary,
    pub(crate) hits: Vec<KeywordHit>,
    pub(crate) outcomes: Vec<FlowOutcome>,
    pub(crate) facts: Vec<AppSeen>,
    /// Most flows that were open at a time.
    pub(crate) open_max: usize,
    /// Traffic by second.
    pub(crate) rows: Vec<Row>,
    /// The inventory at the end.
    pub(crate) devices: Vec<Device>,
}

/// A frame of any link type.
#[derive(Clone, Debug)]
pub(crate) struct Captured {
    pub(crate) time: Timestamp,
    pub(crate) link: LinkType,
    pub(crate) orig_len: u32,
    pub(crate) data: Vec<u8>,
}

impl From<Frame> for Captured {
    fn from(frame: Frame) -> Self {
        let RawFrame { time, link, orig_len, .. } = frame.raw();
        Self { time, link, orig_len, data: frame.data }
    }
}

impl Captured {
    fn raw(&self) -> RawFrame<'_> {
        let Self { time, link, orig_len, ref data } = *self;
        RawFrame { time, link, orig_len, data }
    }
}

/// Counts flows by what the workers tell of their beginnings and ends.
#[derive(Default)]
struct Open {
    now: usize,
    max: usize,
}

impl Open {
    fn see(&mut self, what: &Observation) {
        match what {
            Observation::FlowStarted(_) => self.now += 1,
            // A record of the active time-out does not end its flow.
            Observation::FlowEnded(record) if record.end != FlowEnd::Active => self.now -= 1,
            _ => {}
        }
        self.max = self.max.max(self.now);
    }
}

struct Collect(Vec<FlowRecord>, Vec<Row>);

impl Output for Collect {
    fn flow(&mut self, record: &FlowRecord) {
        self.0.push(record.clone());
    }

    fn second(&mut self, totals: &SecondTotals, rows: &[Row]) {
        assert!(rows.iter().all(|row| row.second == totals.second));
        self.1.extend_from_slice(rows);
    }
}

/// One run with its own configuration, lists and number of workers.
pub(crate) struct Run {
    pub(crate) config: Config,
    pub(crate) matcher: Matcher,
    pub(crate) indicators: Indicators,
    pub(crate) workers: usize,
    pub(crate) seed: u64,
    /// Finished flows are scored by the model that comes with the program.
    pub(crate) scored: bool,
    /// Other lists from behind the marker of this epoch on.
    pub(crate) swap: Option<(u64, Matcher)>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            config: Config::default(),
            matcher: Matcher::default(),
            indicators: Indicators::default(),
            workers: 1,
            seed: 1,
            scored: false,
            swap: None,
        }
    }
}

impl Run {
    pub(crate) fn frames(self, frames: impl IntoIterator<Item = impl Into<Captured>>) -> Outcome {
        let (config, matcher) = (Arc::new(self.config), Arc::new(self.matcher));
        let mut workers: Vec<Worker> = (0..self.workers)
            .map(|_| Worker::new(&config, &matcher, self.workers, self.seed))
            .collect();
        if self.scored {
            let model = built_in::model(SCHEMA).unwrap();
            for worker in &mut workers {
                worker.replace_scorer(Some(Scorer::new(&model).unwrap()));
            }
        }
        let mut correlator = Correlator::new(&config, self.seed).live();
        correlator.set_indicators(&Arc::new(self.indicators));
        let (mut pacer, mut out) = (Pacer::default(), Collect(Vec::new(), Vec::new()));
        let (mut hits, mut outcomes, mut facts) = (Vec::new(), Vec::new(), Vec::new());
        let mut open = Open::default();
        let swap = self.swap.map(|(epoch, matcher)| (epoch, Arc::new(matcher)));
        let mut cut = |workers: &mut Vec<Worker>, marker: Marker| {
            let batches: Vec<EpochBatch> = workers.iter_mut().map(|w| w.marker(&marker)).collect();
            for batch in &batches {
                batch.seen.iter().for_each(|seen| open.see(&seen.what));
                open.now -= batch.expired.len();
                let late = batch.expired.iter().flat_map(|e| &e.seen);
                for seen in batch.seen.iter().chain(late) {
                    match &seen.what {
                        Observation::Keyword(hit) => hits.push((**hit).clone()),
                        Observation::FlowOutcome(outcome) => outcomes.push(*outcome),
                        Observation::App(fact) => facts.push((**fact).clone()),
                        _ => {}
                    }
                }
            }
            correlator.epoch(&marker, batches, &mut out);
            if let Some((_, matcher)) = swap.as_ref().filter(|(epoch, _)| *epoch == marker.epoch) {
                for worker in workers.iter_mut() {
                    worker.replace_keywords(matcher);
                }
            }
        };
        for frame in frames {
            let frame: Captured = frame.into();
            let raw = frame.raw();
            let paced = pacer.frame(raw.time);
            if let Some(marker) = paced.marker {
                cut(&mut workers, marker);
            }
            let shard = flow_addresses(&raw)
                .map_or(0, |(a, b)| (a.to_bits() ^ b.to_bits()) % self.workers as u128);
            workers[usize::try_from(shard).unwrap()].frame(paced.seq, paced.now, &raw);
        }
        cut(&mut workers, pacer.finish());
        let (view, summary) = (correlator.view(), correlator.summary());
        let View { alerts, incidents, hosts, .. } = view;
        let incidents = incidents.list;
        let hosts = hosts.list;
        let (flows, rows) = (out.0, out.1);
        let open_max = open.max;
        let devices = correlator.devices().unwrap().changed_since(0).cloned().collect();
        Outcome {
            flows,
            alerts,
            incidents,
            hosts,
            summary,
            hits,
            outcomes,
            facts,
            open_max,
            rows,
            devices,
        }
    }
}

/// Runs frames with default settings.
pub(crate) fn run(frames: impl IntoIterator<Item = Frame>) -> Outcome {
    Run::default().frames(frames)
}

/// A host with a port.
pub(crate) fn peer(ip: &str, port: u16) -> Peer {
    let ip: IpAddr = ip.parse().unwrap();
    let last = match ip {
        IpAddr::V4(v4) => v4.octets()[3],
        IpAddr::V6(v6) => v6.octets()[15],
    };
    Peer { mac: [2, 0, 0, 0, 0, last], ip, port, ttl: 64 }
}

/// A frame at so many milliseconds after 2026-03-03T09:00:00Z.
pub(crate) fn at(ms: i64, data: Vec<u8>) -> Frame {
    let time = Timestamp::from_secs_nanos(1_772_528_400, 0).plus_nanos(ms * 1_000_000);
    Frame { time, data, label: 0 }
}

/// A TCP frame: flags as letters, then sequence number, acknowledgement and payload.
pub(crate) fn tcp(
    from: &Peer,
    to: &Peer,
    flags: &str,
    seq: u32,
    ack: u32,
    payload: &[u8],
) -> Vec<u8> {
    let flags = flags.chars().fold(0, |bits, c| {
        bits | match c {
            'S' => tcp::SYN,
            'A' => tcp::ACK,
            'F' => tcp::FIN,
            'R' => tcp::RST,
            'P' => tcp::PSH,
            'U' => tcp::URG,
            _ => panic!("no flag {c}"),
        }
    });
    let segment = Segment { seq, ack, flags, window: 64_000, options: &[] };
    build::tcp::segment(from, to, 1, &segment, payload)
}

/// A connection from handshake to close: the client says `request`, the server `response`.
pub(crate) fn conversation(
    start_ms: i64,
    client: &Peer,
    server: &Peer,
    request: &[u8],
    response: &[u8],
) -> Vec<Frame> {
    let (q, r) = (u32::try_from(request.len()).unwrap(), u32::try_from(response.len()).unwrap());
    let frames = [
        tcp(client, server, "S", 100, 0, b""),
        tcp(server, client, "SA", 900, 101, b""),
        tcp(client, server, "A", 101, 901, b""),
        tcp(client, server, "PA", 101, 901, request),
        tcp(server, client, "PA", 901, 101 + q, response),
        tcp(client, server, "FA", 101 + q, 901 + r, b""),
        tcp(server, client, "FA", 901 + r, 102 + q, b""),
        tcp(client, server, "A", 102 + q, 902 + r, b""),
    ];
    frames.into_iter().zip(0..).map(|(data, i)| at(start_ms + i * 10, data)).collect()
}
