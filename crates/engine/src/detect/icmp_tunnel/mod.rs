//! `icmp-tunnel`: data carried by ICMP echo messages.
//!
//! Adds up what the worker found in the payloads of echo messages and judges it. How many
//! messages there are is left to `flood`, whom they go to to `host-sweep`.

#[cfg(test)]
mod tests;

use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::Severity;
use crate::config::{PerHost, Section, Values};
use crate::count::Table;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::flow::{FiveTuple, community_id};
use crate::observation::{AppFact, AppSeen, EchoDigest, Kinds, Observation, Seen};
use crate::text;
use anomalyzer_wire::{Addr, Timestamp};

/// Pairs of hosts whose echo messages carry anything new.
const PAIRS: usize = 4_096;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "icmp-tunnel",
    summary: "Echo requests or replies that carry data",
    about: include_str!("about.md"),
    advice: "Find the program on the source that sends the pings. Let the firewall pass echo \
             messages of usual size only, or none from hosts that need none.",
    severity: Severity::Medium,
    techniques: &["ip", "reply", "data"],
    attack: &["T1095", "T1572", "T1048"],
    sees: Kinds::APP,
    settings: SETTINGS,
    backtest: Backtest::Capture,
    max_entries: PAIRS,
    build: |section, seed| Box::new(IcmpTunnel::new(section, seed)),
};

static SETTINGS: &[Setting] = &[
    Setting {
        key: "window",
        unit: Unit::Seconds,
        default: 3_600.0,
        min: 60.0,
        max: 604_800.0,
        about: "Counts of a pair are halved after this time, so that what is older fades.",
    },
    Setting {
        key: "packets",
        unit: Unit::Count,
        default: 10.0,
        min: 1.0,
        max: 1e6,
        about: "Messages with an IP packet inside that make a tunnel. By chance one of 65,536 \
                random messages looks like one; a single TCP connection takes ten packets.",
    },
    Setting {
        key: "replies",
        unit: Unit::Count,
        default: 10.0,
        min: 1.0,
        max: 1e6,
        about: "Replies with other data than their request that make a tunnel. Standards allow \
                none; ten leave room for damaged messages.",
    },
    Setting {
        key: "share",
        unit: Unit::Ratio,
        default: 0.05,
        min: 0.0,
        max: 1.0,
        about: "Share of the replies that must differ: the checksum lets next to no damaged ones \
                through, and a remote shell answers one poll in a few.",
    },
    Setting {
        key: "rate",
        unit: Unit::PerSecond,
        default: 250.0,
        min: 1.0,
        max: 1e9,
        about: "Messages a second above which new data in requests, and replies whose request was \
                not seen, say nothing: a flood (ntopng's limit for ICMP).",
    },
    Setting {
        key: "data",
        unit: Unit::Count,
        default: 100.0,
        min: 1.0,
        max: 1e9,
        about: "Messages with ever new data, returned unchanged, that are worth a look.",
    },
    Setting {
        key: "data_bytes",
        unit: Unit::Bytes,
        default: 10_000.0,
        min: 0.0,
        max: 1e12,
        about: "Bytes that these must carry: a hundred messages somewhat larger than a usual ping.",
    },
];

/// The settings.
struct Limits {
    window: i64,
    packets: u64,
    replies: u64,
    share: f64,
    rate: f64,
    data: u64,
    data_bytes: u64,
}

impl Limits {
    fn new(values: &Values) -> Self {
        Self {
            window: values.nanos("window").max(1),
            packets: values.count("packets").max(1),
            replies: values.count("replies").max(1),
            share: values.number("share"),
            rate: values.number("rate"),
            data: values.count("data").max(1),
            data_bytes: values.count("data_bytes"),
        }
    }
}

/// The echo messages of a pair within the window.
struct Pair {
    flow: FiveTuple,
    first: Timestamp,
    last: Timestamp,
    /// When the counts were last halved, or begun.
    turned: Timestamp,
    requests: u64,
    replies: u64,
    mirrored: u64,
    differing: u64,
    unasked: u64,
    fresh: u64,
    fresh_bytes: [u64; 2],
    inside: u64,
    inner: Option<(Addr, Addr)>,
    bytes_max: u32,
    /// Messages that told something, when the pair was last reported.
    told: u64,
}

/// What a pair's messages amount to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Packets,
    Replies,
    Data,
}

impl Pair {
    fn new(flow: FiveTuple, time: Timestamp) -> Self {
        Self {
            flow,
            first: time,
            last: time,
            turned: time,
            requests: 0,
            replies: 0,
            mirrored: 0,
            differing: 0,
            unasked: 0,
            fresh: 0,
            fresh_bytes: [0; 2],
            inside: 0,
            inner: None,
            bytes_max: 0,
            told: 0,
        }
    }

    fn add(&mut self, digest: &EchoDigest, limits: &Limits) {
        while digest.last.since(self.turned) > limits.window && self.halve() {
            self.turned = self.turned.plus_nanos(limits.window);
        }
        self.turned = self.turned.max(digest.last.plus_nanos(-limits.window));
        self.last = self.last.max(digest.last);
        self.bytes_max = self.bytes_max.max(digest.bytes_max);
        self.requests += u64::from(digest.requests);
        self.replies += u64::from(digest.replies);
        self.mirrored += u64::from(digest.mirrored);
        self.differing += u64::from(digest.differing);
        self.inside += u64::from(digest.packets_inside);
        self.inner = digest.inner.or(self.inner);
        let seconds = (digest.last.since(digest.first) as f64 / 1e9).max(1.0);
        let messages = f64::from(digest.requests) + f64::from(digest.replies);
        let [sent, received] = digest.fresh_bytes;
        if messages / seconds <= limits.rate || digest.differing > 0 || digest.packets_inside > 0 {
            self.unasked += u64::from(digest.unasked);
            self.fresh += digest.fresh.iter().map(|n| u64::from(*n)).sum::<u64>();
            self.fresh_bytes[0] = self.fresh_bytes[0].saturating_add(sent);
            self.fresh_bytes[1] = self.fresh_bytes[1].saturating_add(received);
        }
    }

    /// Halves all counts; false when there was nothing left.
    fn halve(&mut self) -> bool {
        let counts = [
            &mut self.requests,
            &mut self.replies,
            &mut self.mirrored,
            &mut self.differing,
            &mut self.unasked,
            &mut self.fresh,
            &mut self.inside,
            &mut self.told,
        ];
        let mut left = 0;
        for count in counts {
            *count /= 2;
            left |= *count;
        }
        left > 0
    }

    /// Replies that carried data of their own.
    fn other(&self) -> u64 {
        self.differing + self.unasked
    }

    fn share(&self) -> f64 {
        self.other() as f64 / self.replies.max(1) as f64
    }

    fn sign(&self, limits: &Limits) -> Option<Sign> {
        let bytes = self.fresh_bytes[0].saturating_add(self.fresh_bytes[1]);
        if self.inside >= limits.packets {
            Some(Sign::Packets)
        } else if self.other() >= limits.replies && self.share() >= limits.share {
            Some(Sign::Replies)
        } else if self.fresh >= limits.data && bytes >= limits.data_bytes {
            Some(Sign::Data)
        } else {
            None
        }
    }
}

struct IcmpTunnel {
    limits: PerHost<Limits>,
    pairs: Table<(Addr, Addr), Pair>,
}

impl IcmpTunnel {
    fn new(section: &Section, seed: u64) -> Self {
        let pairs = Table::new(PAIRS, seed, |pair: &Pair| pair.told > 0 || pair.fresh > 1);
        Self { limits: section.resolve(Limits::new), pairs }
    }

    fn echo(&mut self, seen: &AppSeen, digest: &EchoDigest, out: &mut Reporter<'_>) {
        let limits = self.limits.of(seen.tuple.src);
        let key = (seen.tuple.src, seen.tuple.dst);
        let (pair, _) = self.pairs.entry(key, || Pair::new(seen.tuple, digest.first));
        let Some(pair) = pair else { return };
        pair.add(digest, limits);
        let Some(sign) = pair.sign(limits) else { return };
        let now = pair.fresh.max(pair.other());
        if pair.told == 0 || now >= pair.told.saturating_mul(2) {
            pair.told = now.max(1);
            out.report(finding(pair, sign, limits));
        }
    }
}

impl Detector for IcmpTunnel {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        if let Observation::App(app) = &seen.what
            && let AppFact::Echo(digest) = &app.fact
        {
            self.echo(app, digest, out);
        }
    }

    fn finish(&mut self, _now: Timestamp, out: &mut Reporter<'_>) {
        for (_, pair) in self.pairs.iter() {
            let limits = self.limits.of(pair.flow.src);
            if let Some(sign) = pair.sign(limits).filter(|_| pair.told > 0) {
                out.report(finding(pair, sign, limits));
            }
        }
    }

    fn entries(&self) -> usize {
        self.pairs.len()
    }

    fn evictions(&self) -> u64 {
        self.pairs.evictions()
    }

    fn reconfigure(&mut self, section: &Section) {
        self.limits = section.resolve(Limits::new);
    }
}

fn finding(pair: &Pair, sign: Sign, limits: &Limits) -> Finding {
    let FiveTuple { src, dst, .. } = pair.flow;
    let (technique, severity, confidence, what) = match sign {
        Sign::Packets => ("ip", Some(Severity::High), 0.95, "IP packets inside"),
        Sign::Replies => ("reply", None, 0.9, "replies with data of their own"),
        Sign::Data => ("data", Some(Severity::Low), 0.4, "ever new data"),
    };
    Finding {
        detector: SPEC.id,
        technique: technique.to_owned(),
        subject: Subject { src: Some(src), dst: Some(dst), ..Subject::default() },
        severity,
        confidence,
        title: format!("Echo messages between {src} and {dst} carry data: {what}"),
        explanation: explanation(pair, sign, limits),
        src: vec![src],
        src_count: Tally::exact(1),
        dst: vec![dst],
        dst_count: Tally::exact(1),
        dst_ports: Vec::new(),
        dst_port_count: Tally::default(),
        first: pair.first,
        last: pair.last,
        count: pair.fresh.max(pair.other()),
        evidence: evidence(pair, limits),
        flows: vec![community_id(&pair.flow)],
    }
}

fn explanation(pair: &Pair, sign: Sign, limits: &Limits) -> String {
    let FiveTuple { src, dst, .. } = pair.flow;
    let [sent, received] = pair.fresh_bytes;
    let mut said = format!(
        "{src} and {dst} exchanged {} and {} within {}, the largest with {} of data. Data \
         that was not sent before and is no pattern: {} from {src}, {} from {dst}. ",
        text::counted(pair.requests, "echo request"),
        text::counted(pair.replies, "reply"),
        text::duration(pair.last.since(pair.first) as f64 / 1e9),
        text::bytes(u64::from(pair.bytes_max)),
        size(sent),
        size(received),
    );
    let within = text::duration(limits.window as f64 / 1e9);
    let verdict = match sign {
        Sign::Packets => {
            let inner =
                pair.inner.map_or_else(String::new, |(a, b)| format!(", the last from {a} to {b}"));
            let packets = text::counted(pair.inside, "message");
            format!(
                "{packets} held an IP packet{inner}: a tunnel. Ping programs put none inside; the \
                 limit is {} within {within}.",
                text::thousands(limits.packets)
            )
        }
        Sign::Replies => format!(
            "{} carried other data than the request (limit {} within {within}). A host returns \
             the data of a request unchanged; here both sides use the messages to talk.",
            text::counted(pair.other(), "reply"),
            text::thousands(limits.replies),
        ),
        Sign::Data => format!(
            "The replies return the requests' data, as they should. Ping programs send the same \
             pattern again and again, and less than {} of other data within {within} is let pass; \
             this may be data carried out, or a test with random data.",
            text::bytes(limits.data_bytes)
        ),
    };
    said.push_str(&verdict);
    said
}

fn size(bytes: u64) -> String {
    if bytes == 0 { "none".to_owned() } else { text::bytes(bytes) }
}

fn evidence(pair: &Pair, limits: &Limits) -> Vec<Evidence> {
    let window = limits.window as f64 / 1e9;
    let limit =
        |name, value: u64, limit: u64| Evidence::exceeded(name, value as f64, limit as f64, window);
    vec![
        limit("packets_inside", pair.inside, limits.packets),
        limit("replies_other", pair.other(), limits.replies),
        Evidence { threshold: Some(limits.share), ..Evidence::value("share", pair.share()) },
        limit("messages_new", pair.fresh, limits.data),
        limit("bytes_new", pair.fresh_bytes.iter().sum(), limits.data_bytes),
        Evidence::value("requests", pair.requests as f64),
        Evidence::value("replies", pair.replies as f64),
        Evidence::value("bytes_max", f64::from(pair.bytes_max)),
    ]
}
