use super::SPEC;
use crate::alert::Severity;
use crate::detect::testing::{Script, ip, many, record, tcp, udp};
use crate::finding::Finding;
use crate::flow::{ConnState, FiveTuple, FlowNames, FlowRecord};
use crate::observation::Observation;
use anomalyzer_wire::HostileStr;
use anomalyzer_wire::app::AppProto;

const MINUTE: f64 = 60.0;

/// Random numbers that are the same in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    /// 0 to 1.
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        (crate::count::fingerprint(u128::from(self.0)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Spread evenly about `mean`, up to `jitter` of it either way.
    fn jittered(&mut self, mean: f64, jitter: f64) -> f64 {
        mean * (1.0 + jitter * (2.0 * self.unit() - 1.0))
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a size
    fn bytes(&mut self, mean: f64) -> u64 {
        self.exponential(mean) as u64
    }
}

/// A small TLS connection that ends as it begins, changed by `change`.
fn visit(script: &mut Script, tuple: FiveTuple, change: impl FnOnce(&mut FlowRecord)) {
    let mut record = record(tuple, script.now(), ConnState::Sf);
    record.orig.flags = 2;
    record.orig.payload = 600;
    record.resp.payload = 4_000;
    record.app = AppProto::Tls;
    change(&mut record);
    script.see(Observation::FlowEnded(Box::new(record)));
}

fn server() -> FiveTuple {
    tcp(ip("10.0.0.5"), 40_000, ip("203.0.113.9"), 443)
}

fn nth(tuple: FiveTuple, n: u16) -> FiveTuple {
    FiveTuple { src_port: tuple.src_port.wrapping_add(n), ..tuple }
}

fn named(name: &str) -> Box<FlowNames> {
    let sni = Some(HostileStr::from(name.as_bytes()));
    Box::new(FlowNames { sni, ..FlowNames::default() })
}

/// `count` visits to `tuple` with pauses by `pause`, each changed by `change`.
fn visits(
    count: u16,
    mut pause: impl FnMut() -> f64,
    mut change: impl FnMut(u16, &mut FlowRecord),
) -> Vec<Finding> {
    let mut script = Script::new(&SPEC);
    for n in 0..count {
        visit(&mut script, nth(server(), n), |record| change(n, record));
        script.pass(pause());
    }
    script.finish()
}

fn severe(findings: &[Finding]) -> usize {
    findings.iter().filter(|f| f.severity.is_none()).count()
}

#[test]
fn a_clock_is_found_after_twelve_check_ins_and_not_before() {
    assert_eq!(visits(11, || MINUTE, |_, _| ()), []);
    let found = visits(12, || MINUTE, |_, _| ());
    assert_eq!(found.len(), 1, "{found:?}");
    let finding = &found[0];
    assert_eq!((finding.severity, finding.count), (None, 12));
    assert_eq!(finding.src, [ip("10.0.0.5")]);
    assert_eq!(finding.dst, [ip("203.0.113.9")]);
    assert_eq!(finding.title, "10.0.0.5 contacts 203.0.113.9 port 443 every 1 min");
    assert_eq!(finding.flows.len(), 12);
}

#[test]
fn thirty_percent_jitter_is_found_from_24_check_ins_on() {
    let found = |count: u16, jitter: f64| {
        (0..40)
            .filter(|seed| {
                let mut dice = Dice(*seed);
                severe(&visits(count, || dice.jittered(MINUTE, jitter), |_, _| ())) > 0
            })
            .count()
    };
    assert!(found(12, 0.1) >= 35, "{}", found(12, 0.1));
    assert!(found(24, 0.3) >= 38, "{}", found(24, 0.3));
    assert!(found(40, 0.3) >= 39, "{}", found(40, 0.3));
    // What the page says is not found: sleeping times from a wide range.
    assert!(found(40, 0.8) <= 2, "{}", found(40, 0.8));
}

#[test]
fn slow_beacons_are_found_within_the_window_only() {
    assert_eq!(severe(&visits(12, || 7_000.0, |_, _| ())), 1);
    assert_eq!(visits(40, || 3.0 * 3_600.0, |_, _| ()), []);
}

#[test]
fn random_visits_stay_quiet_whatever_their_size() {
    for seed in 0..40 {
        let mut dice = Dice(seed);
        assert_eq!(visits(100, || dice.exponential(MINUTE), |_, _| ()), [], "seed {seed}");
        let (mut dice, mut sizes) = (Dice(seed), Dice(!seed));
        let found =
            visits(100, || dice.exponential(MINUTE), |_, r| r.orig.payload = sizes.bytes(3_000.0));
        assert_eq!(found, [], "seed {seed}");
    }
}

#[test]
fn groups_of_connections_are_one_visit() {
    let mut script = Script::new(&SPEC);
    for n in 0..30_u16 {
        for part in 0..3 {
            visit(&mut script, nth(server(), 3 * n + part), |_| ());
            script.pass(0.2);
        }
        script.pass(59.4);
    }
    let found = script.finish();
    assert_eq!(severe(&found), found.len());
    assert!(!found.is_empty() && found.iter().all(|f| f.count <= 30), "{found:?}");
}

#[test]
fn a_name_with_several_addresses_is_one_beacon() {
    let found = visits(
        40,
        || 30.0,
        |n, record| {
            record.tuple.dst = many(u32::from(n % 3));
            record.names = Some(named("c2.relay.example"));
        },
    );
    assert!(found.iter().all(|f| f.technique == "name"), "{found:?}");
    assert_eq!(crate::detect::testing::subjects(&found).len(), 1);
    assert_eq!(found.last().map(|f| f.dst.len()), Some(3));
}

#[test]
fn an_address_with_ever_new_names_is_one_beacon() {
    let found = visits(40, || 30.0, |n, r| r.names = Some(named(&format!("a{n}.example"))));
    assert!(severe(&found) > 0 && found.iter().all(|f| f.technique == "address"));
}

#[test]
fn failed_and_continued_connections_do_not_count() {
    for state in [ConnState::S0, ConnState::Rej, ConnState::Oth, ConnState::Sh, ConnState::Rstos0] {
        assert_eq!(visits(60, || MINUTE, |_, r| r.conn_state = state), [], "{state:?}");
    }
    assert_eq!(visits(60, || 3_600.0, |_, r| r.continued = true), []);
}

#[test]
fn the_regular_by_design_is_low_or_nothing() {
    let low = |change: fn(&mut FlowRecord)| {
        let found = visits(60, || 300.0, |_, r| change(r));
        assert_eq!(severe(&found), 0, "{found:?}");
        assert!(found.iter().all(|f| f.severity == Some(Severity::Low)));
        found.len()
    };
    // Mail, with and without TLS.
    assert!(low(|r| (r.app, r.tuple.dst_port) = (AppProto::Pop3, 110)) > 0);
    assert!(low(|r| r.tuple.dst_port = 993) > 0);
    // Media: large segments.
    assert!(low(|r| r.resp.payload = 900_000) > 0);
    // Devices and games over UDP.
    let datagram = |r: &mut FlowRecord| {
        (r.tuple.proto, r.app, r.orig.flags) = (17, AppProto::Unknown, 0);
        r.tuple.dst_port = 10_001;
    };
    assert!(low(datagram) > 0);
    // Clocks, names, management, inside the site.
    let ntp =
        |r: &mut FlowRecord| (r.tuple.proto, r.app, r.tuple.dst_port) = (17, AppProto::Ntp, 123);
    assert_eq!(low(ntp), 0);
    assert_eq!(low(|r| (r.app, r.tuple.dst_port) = (AppProto::Dns, 53)), 0);
    assert_eq!(low(|r| r.tuple.dst = ip("10.0.0.9")), 0);
    // Visitors of the site's own server.
    assert_eq!(low(|r| (r.tuple.src, r.tuple.dst) = (many(1), ip("10.0.0.9"))), 0);
}

#[test]
fn a_proxy_is_judged_by_what_it_is_asked_for() {
    let proxied = |target: &'static str| {
        visits(
            40,
            || 60.0,
            |_, r| {
                r.tuple.dst = ip("10.0.0.3");
                r.app = AppProto::Http;
                let mut names = named("c2.relay.example");
                names.http_target = Some(HostileStr::from(target.as_bytes()));
                r.names = Some(names);
            },
        )
    };
    assert!(severe(&proxied("CONNECT c2.relay.example:443")) > 0);
    assert!(severe(&proxied("GET http://c2.relay.example/")) > 0);
    assert_eq!(proxied("GET /status"), []);
}

#[test]
fn inside_the_site_only_on_demand_and_low() {
    let mut script = Script::with(&SPEC, |section| {
        section.set("internal", 1.0);
    });
    for n in 0..40 {
        let flow = tcp(ip("10.0.0.5"), 1_024 + n, ip("10.0.0.6"), 4_433);
        visit(&mut script, flow, |_| ());
        script.pass(10.0);
    }
    let found = script.finish();
    assert!(!found.is_empty() && severe(&found) == 0, "{found:?}");
}

#[test]
fn what_every_tenth_host_does_is_a_service() {
    let mut script = Script::new(&SPEC);
    let client = |n: u16| ip(&format!("10.0.1.{n}"));
    for round in 0..40 {
        for n in 0..30 {
            let other = tcp(client(n), 30_000 + round, many(u32::from(n)), 443);
            if round == 0 {
                visit(&mut script, other, |_| ());
            }
            if n < 6 {
                visit(&mut script, tcp(client(n), round, ip("203.0.113.9"), 443), |_| ());
            }
        }
        script.pass(300.0);
    }
    let found = script.finish();
    assert!(!found.is_empty());
    let late = found.iter().filter(|f| f.count >= 24);
    assert!(late.clone().count() > 0 && late.clone().all(|f| f.severity.is_some()), "{found:?}");
}

#[test]
fn a_short_series_is_not_a_beacon() {
    assert_eq!(visits(50, || 2.0, |_, _| ()), []);
    assert!(severe(&visits(80, || 2.0, |_, _| ())) > 0);
}

#[test]
fn limits_hold_per_host() {
    let mut script = Script::with(&SPEC, |section| {
        let host = crate::config::Prefix::parse("10.0.0.5").unwrap();
        section.set_host(host, &[("connections", 1_000.0)]);
    });
    for n in 0..100 {
        visit(&mut script, nth(server(), n), |_| ());
        script.pass(MINUTE);
    }
    assert_eq!(script.finish(), []);
}

#[test]
fn tables_stay_bounded_and_time_may_stand_still() {
    let mut script = Script::new(&SPEC);
    for n in 0..60_000_u16 {
        let flow = tcp(ip("10.0.0.5"), n, many(u32::from(n) % 30_000), 443);
        visit(&mut script, flow, |_| ());
        if n % 1_000 == 0 {
            script.pass(5.0);
        }
    }
    assert!(script.detector().entries() <= SPEC.max_entries);
    assert!(script.detector().evictions() > 0);
    assert_eq!(script.finish(), []);
}

#[test]
fn check_ins_of_one_pair_are_bounded() {
    let mut script = Script::new(&SPEC);
    for n in 0..5_000 {
        visit(&mut script, nth(server(), n), |_| ());
        script.pass(2.0);
    }
    assert!(script.detector().entries() < 1_100, "{}", script.detector().entries());
    let found = script.finish();
    assert_eq!(found.last().map(|f| f.count), Some(5_000));
}

#[test]
fn a_udp_probe_without_an_answer_is_nothing() {
    let mut script = Script::new(&SPEC);
    for n in 0..100 {
        let flow = udp(ip("10.0.0.5"), n, ip("203.0.113.9"), 9_999);
        visit(&mut script, flow, |r| r.conn_state = ConnState::S0);
        script.pass(MINUTE);
    }
    assert_eq!(script.finish(), []);
}
