//! Hand-made records for the writers' tests, and the corpus of hostile names.

use crate::source::{Report, Source};
use anomalyzer_engine::alert::{Contribution, Feedback, Hidden, Link, Role, Stage, Step, Verdict};
use anomalyzer_engine::flow::features::{COUNT, FlowFeatures};
use anomalyzer_engine::flow::{ConnState, FlowEnd, FlowId, FlowNames, SideRecord};
use anomalyzer_engine::observation::SecondTotals;
use anomalyzer_engine::series::Series;
use anomalyzer_engine::summary::{HostShare, KeywordShare, PerSecond, PortShare, Share};
use anomalyzer_engine::{
    Alert, Evidence, FiveTuple, FlowRecord, HostRisk, Incident, Severity, Subject, Summary, Tally,
};
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::{Addr, HostileStr, LinkType, Mac, Timestamp, Tunnel, TunnelKind};

/// 2025-10-11T12:00:00Z.
pub(crate) const NOON: i64 = 1_760_184_000;

/// Names as attackers write them.
pub(crate) fn hostile_names() -> Vec<HostileStr> {
    let mut names: Vec<Vec<u8>> = [
        "a\r\nb",
        "a\nb",
        "a\rb",
        "\u{1b}[2J",
        "\u{1b}]52;c;ZXZpbA==\u{7}",
        "\u{1b}]0;title\u{7}",
        "a\0b",
        "\u{202e}gpj.exe",
        "\u{2066}x\u{2069}",
        "\u{200b}zero",
        "\u{feff}bom",
        "a\u{2028}b",
        "a\u{2029}b",
        "\u{85}next",
        "\u{9b}31m",
        "\u{7f}del",
        "<img src=x onerror=alert(1)>",
        "</title><script>alert(1)</script>",
        "\"><svg onload=alert(1)>",
        "' onmouseover='x",
        "&lt;b&gt;",
        "]]>",
        "-->",
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "{{7*7}}",
        "${jndi:ldap://x/a}",
        "%n%n%s",
        "\\x41\\",
        "a\"b,c\"",
        "a,b;c",
        "../../etc/passwd",
        "http://[::1]/",
        "\u{ffff}",
        "\u{e0001}tag",
        "",
    ]
    .iter()
    .map(|s| s.as_bytes().to_vec())
    .collect();
    names.push(b"\xed\xa0\x80".to_vec());
    names.push(b"\xff\xfe\\x41".to_vec());
    names.push(vec![b'A'; 65_536]);
    names.push((0..=255).collect());
    names.into_iter().map(HostileStr::from).collect()
}

pub(crate) fn addr(text: &str) -> Addr {
    Addr::from(text.parse::<std::net::IpAddr>().unwrap())
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_secs_nanos(NOON + second, 123_456_789)
}

/// A port scan with every field set.
pub(crate) fn port_scan() -> Alert {
    Alert {
        id: "a1b2c3d4e5f60718".into(),
        detector: "port-scan",
        technique: "syn".into(),
        severity: Severity::High,
        confidence: 0.99,
        title: "Port scan of 192.168.1.25 by 192.168.1.10".into(),
        explanation: "192.168.1.10 sent SYN to 1,000 ports of 192.168.1.25 within 60 s; more than \
                      15 within 60 s is a scan. 997 were refused, 3 answered."
            .into(),
        advice: "Find out who runs 192.168.1.10 and whether the scan was agreed.".into(),
        subject: Subject {
            src: Some(addr("192.168.1.10")),
            dst: Some(addr("192.168.1.25")),
            ..Subject::default()
        },
        src: vec![addr("192.168.1.10")],
        src_count: Tally::exact(1),
        src_mac: vec![Mac([0, 0x25, 0xb3, 0xbf, 0x91, 0xee])],
        dst: vec![addr("192.168.1.25")],
        dst_count: Tally::exact(1),
        dst_mac: Vec::new(),
        dst_ports: vec![22, 80],
        dst_port_count: Tally { value: 1000, estimated: true },
        first: at(35),
        last: at(95),
        count: 1000,
        evidence: vec![
            Evidence::exceeded("distinct_ports", 1000.0, 15.0, 60.0),
            Evidence { mean: Some(2.5), z: Some(31.2), ..Evidence::value("refused_ratio", 0.997) },
        ],
        flows: vec!["1:wCb3OG7yAFWelaUydu0D+125CLM=".into()],
        attack: &["T1046"],
        folded: vec![("rare-port", 3)],
        feedback: None,
    }
}

/// A port scan that somebody called a false alarm.
pub(crate) fn judged() -> Alert {
    let feedback = Feedback {
        verdict: Verdict::FalseAlarm,
        reason: "our scanner".into(),
        given: Some(at(100)),
    };
    Alert { feedback: Some(feedback), ..port_scan() }
}

/// A statistics-level alert.
pub(crate) fn statistic(detector: &'static str, title: &str, severity: Severity) -> Alert {
    Alert {
        id: format!("id-{detector}"),
        detector,
        technique: String::new(),
        severity,
        confidence: 0.5,
        title: title.into(),
        explanation: "Above the usual.".into(),
        advice: "Look at it.".into(),
        subject: Subject { src: Some(addr("2001:db8::5")), ..Subject::default() },
        src: vec![addr("2001:db8::5")],
        src_count: Tally::exact(1),
        src_mac: Vec::new(),
        dst: Vec::new(),
        dst_count: Tally::default(),
        dst_mac: Vec::new(),
        dst_ports: Vec::new(),
        dst_port_count: Tally::default(),
        first: at(40),
        last: at(41),
        count: 2,
        evidence: vec![Evidence::exceeded("bytes", 5_000_000.0, 1_000_000.5, 1.0)],
        flows: Vec::new(),
        attack: &[],
        folded: Vec::new(),
        feedback: None,
    }
}

/// A TCP flow with every field set.
pub(crate) fn flow() -> FlowRecord {
    let name = |s: &str| Some(HostileStr::from(s.as_bytes()));
    FlowRecord {
        id: FlowId(12_345),
        tuple: FiveTuple {
            src: addr("128.232.110.120"),
            dst: addr("66.35.250.204"),
            src_port: 34_855,
            dst_port: 80,
            proto: 6,
        },
        first: at(0),
        last: at(0).plus_nanos(1_500_000_000),
        end: FlowEnd::Closed,
        continued: false,
        orig: SideRecord {
            packets: 12,
            bytes: 2_024,
            ip_bytes: 1_856,
            payload: 1_200,
            retransmissions: 1,
            out_of_order: 2,
            missed: 3,
            ttl: 64,
            flags: 0x1b,
        },
        resp: SideRecord {
            packets: 10,
            bytes: 9_000,
            ip_bytes: 8_860,
            payload: 8_300,
            ttl: 50,
            flags: 0x1b,
            ..SideRecord::default()
        },
        conn_state: ConnState::Sf,
        history: "ShADadFf".into(),
        rtt_ns: Some(12_345_678),
        app: AppProto::default(),
        vlan: 7,
        tunnel: Some(Tunnel {
            kind: TunnelKind::Vxlan,
            outer_src: addr("10.0.0.1"),
            outer_dst: addr("10.0.0.2"),
            id: 99,
            depth: 1,
        }),
        src_mac: Some(Mac([2, 0, 0, 0, 0, 1])),
        dst_mac: Some(Mac([2, 0, 0, 0, 0, 2])),
        names: Some(Box::new(FlowNames {
            sni: name("www.example.org"),
            alpn: name("h2"),
            ja3: Some("0123456789abcdef0123456789abcdef".into()),
            ja4: Some("t13d1516h2_8daaf6152771_b186095e22b6".into()),
            ja3s: Some("fedcba9876543210fedcba9876543210".into()),
            tls_version: 0x0304,
            certificate: name("example.org"),
            http_host: name("example.org"),
            http_target: name("GET /index.html"),
            user_agent: name("curl/8.0"),
            http_status: 200,
            dns_query: name("example.org"),
            ssh: [name("OpenSSH_9.6"), None],
            resolved: name("example.org"),
        })),
        features: FlowFeatures::of([0.25; COUNT]),
        score: None,
    }
}

/// A plain flow: what most lines are.
pub(crate) fn plain_flow() -> FlowRecord {
    FlowRecord { rtt_ns: None, vlan: 0, tunnel: None, names: None, ..flow() }
}

/// Two minutes of traffic with a peak.
pub(crate) fn series() -> Series {
    let mut series = Series::default();
    for s in 0..120_i64 {
        let packets =
            if (35..45).contains(&s) { 4_000 } else { 500 + (s.unsigned_abs() * 37) % 200 };
        series.push(&SecondTotals {
            second: NOON + s,
            packets,
            bytes: packets * 540,
            tcp: packets * 8 / 10,
            udp: packets / 10,
            icmp: packets / 20,
            arp: 0,
            other: packets - packets * 8 / 10 - packets / 10 - packets / 20,
            flows: packets / 50,
            ..SecondTotals::default()
        });
    }
    series
}

/// The facts of [`series`].
pub(crate) fn summary() -> Summary {
    let share =
        |name: &str, packets, bytes, flows| Share { name: name.into(), packets, bytes, flows };
    let host = |a: &str, packets, bytes, flows| HostShare { addr: addr(a), packets, bytes, flows };
    let port =
        |proto, port, bytes| PortShare { proto, port, packets: bytes / 500, bytes, flows: 40 };
    let keyword = |pattern: &str, hits| KeywordShare {
        list: "web-attacks".into(),
        pattern: pattern.into(),
        hits,
    };
    Summary {
        keywords: vec![keyword("traversal", 1_200), keyword("log4shell", 3)],
        packets: 105_123,
        bytes: 56_766_420,
        first: Some(at(0)),
        last: Some(at(119)),
        link_types: vec![(LinkType::ETHERNET, 105_000), (LinkType(9_999), 123)],
        protocols: vec![
            share("tcp", 84_000, 50_000_000, 2_000),
            share("udp", 10_000, 6_000_000, 90),
            share("icmp", 1_123, 766_000, 10),
            share("arp", 10_000, 420, 0),
        ],
        applications: vec![share("http", 40_000, 30_000_000, 800), share("dns", 900, 90_000, 450)],
        top_sources: vec![
            host("192.168.1.10", 50_000, 30_000_000, 1_000),
            host("2001:db8:1234:5678:9abc:def0:1234:5678", 9_000, 3_000_000, 12),
            host("192.168.1.25", 800, 90_000, 3),
        ],
        top_destinations: vec![host("192.168.1.25", 50_000, 30_000_000, 1_000)],
        top_ports: vec![port(6, 80, 30_000_000), port(17, 53, 90_000), port(6, 49_152, 4_000)],
        sources: Tally::exact(42),
        destinations: Tally { value: 70_123, estimated: true },
        ports: Tally::exact(1_003),
        flows: 2_100,
        per_second: PerSecond {
            active: 120,
            span: 120,
            packets_mean: 876.025,
            packets_sd: 941.7,
            packets_max: 4_000,
            bytes_mean: 473_053.5,
            bytes_sd: 508_518.0,
            bytes_max: 2_160_000,
            busiest: NOON + 35,
        },
        counters: vec![
            ("alerts_dropped", 0),
            ("fragments", 12),
            ("keyword_bytes_encrypted", 40_000_000),
            ("records_skipped", 3),
            ("snapped", 17),
        ],
        suppressed: vec![Hidden {
            rule: "0a1b2c3d".into(),
            scope: "detector port-scan, src 192.168.1.7/32".into(),
            reason: "our scanner".into(),
            alerts: 2,
        }],
        flow_digest: 0x0123_4567_89ab_cdef,
    }
}

/// What was read: one whole file and one that is damaged.
pub(crate) fn sources() -> Vec<Source> {
    vec![
        Source {
            name: HostileStr::from(b"office.pcapng".as_slice()),
            format: "pcapng".into(),
            damage: None,
        },
        Source {
            name: HostileStr::from(b"second.pcap.gz".as_slice()),
            format: "pcap, gzip".into(),
            damage: Some("ends within packet 5,124 (at byte 81,920)".into()),
        },
    ]
}

/// Alerts of several kinds.
pub(crate) fn alerts() -> Vec<Alert> {
    vec![
        port_scan(),
        statistic("traffic-spike", "4,000 packets in one second", Severity::Low),
        statistic("noisy-host", "192.168.1.10 sends 53 % of all bytes", Severity::Info),
        statistic("rare-port", "Port 4444/tcp was used once", Severity::Info),
    ]
}

/// A scan, three log-ins that follow, and what the victim does afterwards.
pub(crate) fn incident() -> Incident {
    let (attacker, victim) = (addr("192.168.1.10"), addr("192.168.1.25"));
    let step = |second, detector, stage, title: &str, link| Step {
        alert: format!("{detector}-{second}"),
        first: at(second),
        last: at(second + 5),
        detector,
        technique: String::new(),
        stage: Some(stage),
        severity: Severity::Medium,
        title: title.into(),
        link,
    };
    let same = Link::SameSource(attacker);
    let by = Link::HandOver { host: victim, by: attacker, alert: "brute-force-50".into() };
    let ssh = "Password guessing on 192.168.1.25 (ssh) by 192.168.1.10";
    Incident {
        id: "0f1e2d3c4b5a6978".into(),
        severity: Severity::Critical,
        title: "192.168.1.10, then 192.168.1.25: reconnaissance, access, exfiltration in 5 alerts"
            .into(),
        explanation: "5 alerts within 1 min hang together. 192.168.1.25 was attacked by \
                      192.168.1.10 before and may have been taken over."
            .into(),
        advice: "Look at every host of the story.",
        attackers: vec![attacker, victim],
        attacker_count: 2,
        victims: vec![victim],
        victim_count: 1,
        first: at(35),
        last: at(95),
        stages: vec![Stage::Reconnaissance, Stage::Access, Stage::Exfiltration],
        story: vec![
            step(35, "port-scan", Stage::Reconnaissance, "Port scan of 192.168.1.25", Link::Begins),
            step(50, "brute-force", Stage::Access, ssh, same.clone()),
            step(60, "brute-force", Stage::Access, ssh, same.clone()),
            step(70, "brute-force", Stage::Access, ssh, same),
            step(80, "exfiltration", Stage::Exfiltration, "192.168.1.25 sent 150 MB out", by),
        ],
        alerts: 5,
        steps_left_out: 0,
        context: vec![("noisy-host", 2)],
    }
}

/// One host that acted, one that suffered.
pub(crate) fn hosts() -> Vec<HostRisk> {
    let host = |a: &str, score, role, points| HostRisk {
        addr: addr(a),
        score,
        as_source: if role == Role::Source { score } else { 0.0 },
        as_target: if role == Role::Target { score } else { 0.0 },
        alerts: 2,
        first: at(35),
        last: at(95),
        why: ["port-scan", "brute-force"]
            .into_iter()
            .map(|detector| Contribution {
                alert: "a1b2c3d4e5f60718".into(),
                detector,
                severity: Severity::High,
                role,
                points,
                title: "Port scan of 192.168.1.25 by 192.168.1.10".into(),
            })
            .collect(),
    };
    vec![
        host("192.168.1.10", 90.6, Role::Source, 69.3),
        host("192.168.1.25", 57.3, Role::Target, 34.7),
    ]
}

/// A whole report, kept together.
pub(crate) struct Whole {
    pub(crate) sources: Vec<Source>,
    pub(crate) summary: Summary,
    pub(crate) series: Series,
    pub(crate) alerts: Vec<Alert>,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) hosts: Vec<HostRisk>,
}

impl Whole {
    pub(crate) fn usual() -> Self {
        Self {
            sources: sources(),
            summary: summary(),
            series: series(),
            alerts: alerts(),
            incidents: vec![incident()],
            hosts: hosts(),
        }
    }

    /// A report in which every text is `name`.
    pub(crate) fn hostile(name: &HostileStr) -> Self {
        let text = String::from_utf8_lossy(name.as_bytes()).into_owned();
        let mut whole = Self::usual();
        for source in &mut whole.sources {
            source.name = name.clone();
            source.format.clone_from(&text);
            source.damage = Some(text.clone());
        }
        for alert in &mut whole.alerts {
            alert.id.clone_from(&text);
            alert.title.clone_from(&text);
            alert.technique.clone_from(&text);
            alert.explanation.clone_from(&text);
            alert.advice.clone_from(&text);
            alert.flows = vec![text.clone()];
            alert.feedback = judged().feedback;
            if let Some(said) = &mut alert.feedback {
                said.reason.clone_from(&text);
            }
        }
        for hidden in &mut whole.summary.suppressed {
            hidden.scope.clone_from(&text);
            hidden.reason.clone_from(&text);
        }
        for incident in &mut whole.incidents {
            incident.id.clone_from(&text);
            incident.title.clone_from(&text);
            incident.explanation.clone_from(&text);
            for step in &mut incident.story {
                step.alert.clone_from(&text);
                step.technique.clone_from(&text);
                step.title.clone_from(&text);
            }
        }
        for part in whole.hosts.iter_mut().flat_map(|host| &mut host.why) {
            part.alert.clone_from(&text);
            part.title.clone_from(&text);
        }
        whole.summary.protocols.iter_mut().for_each(|share| share.name.clone_from(&text));
        whole.summary.applications.iter_mut().for_each(|share| share.name.clone_from(&text));
        whole
    }

    pub(crate) fn report(&self) -> Report<'_> {
        Report {
            sources: &self.sources,
            summary: &self.summary,
            series: &self.series,
            alerts: &self.alerts,
            incidents: &self.incidents,
            hosts: &self.hosts,
        }
    }
}

/// A flow in which every name is `name`.
pub(crate) fn hostile_flow(name: &HostileStr) -> FlowRecord {
    let some = || Some(name.clone());
    let mut flow = flow();
    flow.names = Some(Box::new(FlowNames {
        sni: some(),
        alpn: some(),
        certificate: some(),
        http_host: some(),
        http_target: some(),
        user_agent: some(),
        dns_query: some(),
        ssh: [some(), some()],
        resolved: some(),
        ..FlowNames::default()
    }));
    flow
}
