//! Scripted observation streams for the detectors' own tests.

use super::{Detector, Reporter, Spec};
use crate::config::Section;
use crate::finding::Finding;
use crate::flow::{ConnState, FiveTuple, FlowEnd, FlowId, FlowRecord, SideRecord};
use crate::observation::{
    AppFact, AppSeen, ArpSeen, FirstPacket, FlowOutcome, FlowStarted, IcmpError, Observation,
    Outcome, Seen, TrafficDigest,
};
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::{Addr, Arp, Mac, Quoted, Timestamp};

/// An address from its text.
pub(crate) fn ip(text: &str) -> Addr {
    Addr::from(text.parse::<std::net::IpAddr>().unwrap())
}

/// The `n`-th address of a stream of spread-out public addresses.
pub(crate) fn many(n: u32) -> Addr {
    let [a, b, c, d] = n.wrapping_mul(2_654_435_761).to_be_bytes();
    Addr::v4([20 + a % 100, b, c, d])
}

/// A flow's originator, responder and protocol.
pub(crate) fn tuple(proto: u8, src: Addr, src_port: u16, dst: Addr, dst_port: u16) -> FiveTuple {
    FiveTuple { src, dst, src_port, dst_port, proto }
}

/// A TCP flow.
pub(crate) fn tcp(src: Addr, src_port: u16, dst: Addr, dst_port: u16) -> FiveTuple {
    tuple(6, src, src_port, dst, dst_port)
}

/// A UDP flow.
pub(crate) fn udp(src: Addr, src_port: u16, dst: Addr, dst_port: u16) -> FiveTuple {
    tuple(17, src, src_port, dst, dst_port)
}

/// Echo requests from one host to another.
pub(crate) fn echo(src: Addr, dst: Addr) -> FiveTuple {
    let kind = if src.is_v4() { 8 } else { 128 };
    tuple(if src.is_v4() { 1 } else { 58 }, src, kind, dst, 0)
}

/// A hardware address from a number.
pub(crate) fn mac(n: u32) -> Mac {
    let [a, b, c, d] = n.to_be_bytes();
    Mac([2, 0, a, b, c, d])
}

/// Runs a detector over scripted observations as the correlator does: time never runs back, and
/// deadlines come before the observation that passes them.
pub(crate) struct Script {
    detector: Box<dyn Detector>,
    spec: &'static Spec,
    findings: Vec<Finding>,
    wake: Option<Timestamp>,
    now: Timestamp,
    seq: u64,
}

impl Script {
    /// A detector with its default settings.
    pub(crate) fn new(spec: &'static Spec) -> Self {
        Self::with(spec, |_| {})
    }

    /// A detector with changed settings.
    pub(crate) fn with(spec: &'static Spec, change: impl FnOnce(&mut Section)) -> Self {
        let mut section = Section::defaults(spec);
        change(&mut section);
        let detector = (spec.build)(&section, 7);
        let now = Timestamp::from_secs_nanos(1_760_000_000, 0);
        Self { detector, spec, findings: Vec::new(), wake: None, now, seq: 0 }
    }

    /// Lets packet time pass.
    pub(crate) fn pass(&mut self, seconds: f64) -> &mut Self {
        #[allow(clippy::cast_possible_truncation)]
        let to = self.now.plus_nanos((seconds * 1e9) as i64);
        self.run_to(to);
        self
    }

    /// The packet time now.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Shows the detector an observation, when it is of a kind that it sees.
    pub(crate) fn see(&mut self, what: Observation) -> &mut Self {
        self.seq += 1;
        if self.spec.sees.meets(what.kind()) {
            let seen = Seen { seq: self.seq, time: self.now, what };
            let site = |a: Addr| a.is_private();
            let mut out = Reporter::new(&mut self.findings, &mut self.wake, &site);
            self.detector.observe(&seen, &mut out);
        }
        self
    }

    /// A flow's first packet, sent by the originator.
    pub(crate) fn started(&mut self, tuple: FiveTuple, first: FirstPacket) -> &mut Self {
        self.started_by(tuple, first, true, 0)
    }

    /// A flow's first packet.
    pub(crate) fn started_by(
        &mut self,
        tuple: FiveTuple,
        first: FirstPacket,
        by_originator: bool,
        payload_len: u32,
    ) -> &mut Self {
        self.started_with(tuple, first, |flow| {
            flow.by_originator = by_originator;
            flow.payload_len = payload_len;
            flow.ip_len = 40 + payload_len;
        })
    }

    /// A flow's first packet with details of its own.
    pub(crate) fn started_with(
        &mut self,
        tuple: FiveTuple,
        first: FirstPacket,
        change: impl FnOnce(&mut FlowStarted),
    ) -> &mut Self {
        let mut flow = FlowStarted {
            id: FlowId(self.seq),
            tuple,
            first,
            by_originator: true,
            src_mac: Some(mac(1)),
            ip_len: 40,
            payload_len: 0,
            ttl: 64,
            tunnelled: false,
        };
        change(&mut flow);
        self.see(Observation::FlowStarted(flow))
    }

    /// News about a flow that started now.
    pub(crate) fn outcome(
        &mut self,
        tuple: FiveTuple,
        first: FirstPacket,
        outcome: Outcome,
    ) -> &mut Self {
        let started = self.now;
        self.outcome_of(tuple, first, started, outcome)
    }

    /// News about a flow.
    pub(crate) fn outcome_of(
        &mut self,
        tuple: FiveTuple,
        first: FirstPacket,
        started: Timestamp,
        outcome: Outcome,
    ) -> &mut Self {
        let id = FlowId(self.seq);
        self.see(Observation::FlowOutcome(FlowOutcome {
            id,
            tuple,
            first,
            started,
            macs: [None; 2],
            outcome,
        }))
    }

    /// A TCP flow that ended; `payload` by originator and by responder.
    pub(crate) fn ended(
        &mut self,
        tuple: FiveTuple,
        conn_state: ConnState,
        payload: [u64; 2],
    ) -> &mut Self {
        let mut record = record(tuple, self.now, conn_state);
        record.orig.payload = payload[0];
        record.resp.payload = payload[1];
        record.resp.packets = u64::from(conn_state != ConnState::S0);
        self.see(Observation::FlowEnded(Box::new(record)))
    }

    /// A web-like TCP flow from SYN to the exchange of payload.
    pub(crate) fn talks(&mut self, tuple: FiveTuple) -> &mut Self {
        self.started(tuple, FirstPacket::Syn);
        for outcome in [Outcome::Answered, Outcome::Established, Outcome::Talking] {
            self.outcome(tuple, FirstPacket::Syn, outcome);
        }
        self
    }

    /// A TCP flow that is refused at once.
    pub(crate) fn refused(&mut self, tuple: FiveTuple, first: FirstPacket) -> &mut Self {
        self.started(tuple, first).outcome(tuple, first, Outcome::Refused)
    }

    /// One second of a one-way flow.
    pub(crate) fn one_way(&mut self, tuple: FiveTuple, packets: u32, bytes: u64) -> &mut Self {
        self.traffic(TrafficDigest { packets: [packets, 0], bytes: [bytes, 0], ..digest(tuple) })
    }

    /// One second of a flow.
    pub(crate) fn traffic(&mut self, digest: TrafficDigest) -> &mut Self {
        self.see(Observation::Traffic(digest))
    }

    /// An ARP message (1 request, 2 reply).
    pub(crate) fn arp(
        &mut self,
        operation: u16,
        sender_mac: Mac,
        sender: Addr,
        target: Addr,
    ) -> &mut Self {
        let arp = Arp {
            operation,
            sender_mac,
            sender_ip: sender,
            target_mac: Mac::default(),
            target_ip: target,
            tunnel: None,
        };
        self.see(Observation::Arp(ArpSeen { arp, frame_src: Some(sender_mac), vlan: 0 }))
    }

    /// An ICMP error about a flow.
    pub(crate) fn icmp_error(
        &mut self,
        from: Addr,
        about: FiveTuple,
        kind: u8,
        code: u8,
    ) -> &mut Self {
        let quoted = Quoted {
            src: about.src,
            dst: about.dst,
            proto: about.proto,
            src_port: about.src_port,
            dst_port: about.dst_port,
        };
        let v6 = !about.src.is_v4();
        self.see(Observation::IcmpError(IcmpError { from, to: about.src, kind, code, v6, quoted }))
    }

    /// A fact of an application protocol, sent by the originator.
    pub(crate) fn app(&mut self, tuple: FiveTuple, fact: AppFact) -> &mut Self {
        let id = FlowId(self.seq);
        self.says(id, tuple, (AppProto::Unknown, true), fact)
    }

    /// A fact of a flow of this protocol, sent by the originator or not.
    pub(crate) fn says(
        &mut self,
        id: FlowId,
        tuple: FiveTuple,
        (app, by_originator): (AppProto, bool),
        fact: AppFact,
    ) -> &mut Self {
        let src_mac = Some(mac(1));
        let seen = AppSeen { id, tuple, by_originator, src_mac, app, fact };
        self.see(Observation::App(Box::new(seen)))
    }

    /// Ends the input; the findings so far and the last words.
    pub(crate) fn finish(&mut self) -> Vec<Finding> {
        let site = |a: Addr| a.is_private();
        let mut out = Reporter::new(&mut self.findings, &mut self.wake, &site);
        self.detector.finish(self.now, &mut out);
        std::mem::take(&mut self.findings)
    }

    /// Findings so far.
    pub(crate) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The detector.
    pub(crate) fn detector(&mut self) -> &mut dyn Detector {
        &mut *self.detector
    }

    fn run_to(&mut self, to: Timestamp) {
        while let Some(wake) = self.wake.filter(|w| *w <= to) {
            self.wake = None;
            self.now = self.now.max(wake);
            let site = |a: Addr| a.is_private();
            let mut out = Reporter::new(&mut self.findings, &mut self.wake, &site);
            self.detector.deadline(self.now, &mut out);
            assert!(self.wake.is_none_or(|w| w > wake), "a deadline must move on");
        }
        self.now = to;
    }
}

/// A second without packets, to be filled in.
pub(crate) fn digest(tuple: FiveTuple) -> TrafficDigest {
    TrafficDigest {
        id: FlowId(0),
        tuple,
        app: AppProto::default(),
        two_way: false,
        packets: [0, 0],
        bytes: [0, 0],
        syns: 0,
        syn_acks: 0,
        rsts: [0, 0],
        fragments: 0,
    }
}

/// A flow record without traffic, to be filled in.
pub(crate) fn record(tuple: FiveTuple, now: Timestamp, conn_state: ConnState) -> FlowRecord {
    FlowRecord {
        id: FlowId(0),
        tuple,
        first: now,
        last: now,
        end: FlowEnd::Closed,
        continued: false,
        orig: SideRecord { packets: 1, ..SideRecord::default() },
        resp: SideRecord::default(),
        conn_state,
        history: String::new(),
        rtt_ns: None,
        app: AppProto::default(),
        vlan: 0,
        tunnel: None,
        src_mac: None,
        dst_mac: None,
        names: None,
        features: crate::flow::features::FlowFeatures::default(),
        score: None,
    }
}

/// The subjects of findings without repeats: how many alerts they make.
pub(crate) fn subjects(findings: &[Finding]) -> Vec<crate::finding::Subject> {
    let mut subjects: Vec<_> = findings.iter().map(|f| f.subject.clone()).collect();
    subjects.sort();
    subjects.dedup();
    subjects
}
