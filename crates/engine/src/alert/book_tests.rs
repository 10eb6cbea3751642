//! What the book must do with findings, whatever their order.

use super::*;
use crate::detect::{Backtest, Detector, Reporter, Spec};
use crate::finding::{Evidence, Tally};
use crate::observation::{Kinds, Seen};
use anomalyzer_wire::Timestamp;

struct Silent;

impl Detector for Silent {
    fn observe(&mut self, _seen: &Seen, _out: &mut Reporter<'_>) {}
    fn entries(&self) -> usize {
        0
    }
    fn reconfigure(&mut self, _section: &Section) {}
}

const fn spec(id: &'static str, severity: Severity) -> Spec {
    Spec {
        id,
        summary: "",
        about: "",
        advice: "Look at it.",
        severity,
        techniques: &[],
        attack: &["T1046"],
        sees: Kinds(0),
        settings: &[],
        backtest: Backtest::Flows,
        max_entries: 0,
        build: |_, _| Box::new(Silent),
    }
}

static DDOS: Spec = spec("ddos", Severity::High);
static FLOOD: Spec = spec("flood", Severity::High);
static SCAN: Spec = spec("port-scan", Severity::Medium);
static SPIKE: Spec = spec("traffic-spike", Severity::Low);
static NOISY: Spec = spec("noisy-host", Severity::Info);

fn addr(last: u8) -> Addr {
    Addr::v4([10, 0, 0, last])
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_secs_nanos(1_000 + second, 0)
}

fn finding(detector: &'static str, src: Option<u8>, first: i64, last: i64, count: u64) -> Finding {
    Finding {
        detector,
        technique: "syn".into(),
        subject: Subject { src: src.map(addr), ..Subject::default() },
        severity: None,
        confidence: 0.9,
        title: format!("{count} things"),
        explanation: "seen".into(),
        src: src.map(addr).into_iter().collect(),
        src_count: Tally::exact(1),
        dst: vec![addr(200)],
        dst_count: Tally::exact(1),
        dst_ports: vec![80, 22],
        dst_port_count: Tally::exact(2),
        first: at(first),
        last: at(last),
        count,
        evidence: vec![Evidence::value("things", 1.0)],
        flows: vec!["1:a".into()],
    }
}

fn enter(book: &mut AlertBook, finding: Finding) {
    let spec = match finding.detector {
        "traffic-spike" => &SPIKE,
        "noisy-host" => &NOISY,
        "ddos" => &DDOS,
        "flood" => &FLOOD,
        _ => &SCAN,
    };
    book.enter(finding, spec, &Section::defaults(spec));
}

fn read(findings: impl IntoIterator<Item = Finding>) -> Vec<Alert> {
    let mut book = AlertBook::new(100, 1);
    for finding in findings {
        enter(&mut book, finding);
    }
    book.alerts(&|_| None)
}

#[test]
fn growing_numbers_stay_one_alert_with_one_id() {
    let early = read([finding("port-scan", Some(1), 0, 5, 15)]);
    let grown = read([
        finding("port-scan", Some(1), 0, 5, 15),
        finding("port-scan", Some(1), 0, 9, 40),
        finding("port-scan", Some(1), -3, 300, 90),
    ]);
    assert_eq!(grown.len(), 1);
    assert_eq!(early[0].id, grown[0].id);
    assert_eq!(grown[0].id.len(), 16);
    assert_eq!((grown[0].first, grown[0].last, grown[0].count), (at(-3), at(300), 90));
    assert_eq!(grown[0].title, "90 things");
    assert_eq!(grown[0].dst_ports, [22, 80]);
}

#[test]
fn episodes_within_the_gap_add_up_and_later_ones_are_new_alerts() {
    let alerts = read([
        finding("port-scan", Some(1), 0, 5, 40),
        finding("port-scan", Some(1), 100, 105, 15),
        finding("port-scan", Some(1), 706, 710, 20),
    ]);
    assert_eq!(alerts.len(), 2);
    assert_eq!((alerts[0].count, alerts[0].title.as_str()), (55, "40 things"));
    assert_eq!((alerts[1].first, alerts[1].count), (at(706), 20));
    assert_ne!(alerts[0].id, alerts[1].id);
}

#[test]
fn subjects_and_detectors_are_kept_apart() {
    let mut by_port = finding("port-scan", Some(1), 0, 5, 1);
    by_port.subject.port = Some(0);
    let mut by_name = finding("port-scan", Some(1), 0, 5, 1);
    by_name.subject.other = "x".into();
    let alerts = read([finding("port-scan", Some(1), 0, 5, 1), by_port, by_name]);
    assert_eq!(alerts.len(), 3);
    let mut ids: Vec<_> = alerts.iter().map(|a| a.id.clone()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[test]
fn the_site_has_the_last_word_on_severity_and_it_never_falls() {
    let mut book = AlertBook::new(100, 1);
    let mut high = finding("port-scan", Some(1), 0, 5, 1);
    high.severity = Some(Severity::High);
    enter(&mut book, high.clone());
    enter(&mut book, finding("port-scan", Some(1), 0, 6, 2));
    assert_eq!(book.alerts(&|_| None)[0].severity, Severity::High);
    let mut book = AlertBook::new(100, 1);
    let mut section = Section::defaults(&SCAN);
    section.severity = Some(Severity::Info);
    book.enter(high, &SCAN, &section);
    assert_eq!(book.alerts(&|_| None)[0].severity, Severity::Info);
}

#[test]
fn lists_and_texts_are_capped() {
    let mut big = finding("port-scan", Some(1), 0, 5, 1);
    big.src = (0..100).map(addr).collect();
    big.dst_ports = (0..1_000).rev().collect();
    big.flows = (0..100).map(|n| n.to_string()).collect();
    big.title = "ü".repeat(500);
    big.confidence = 7.0;
    let alert = &read([big])[0];
    assert_eq!((alert.src.len(), alert.dst_ports.len(), alert.flows.len()), (20, 50, 20));
    assert_eq!(alert.title.chars().count(), 120);
    assert!((alert.confidence - 1.0).abs() < f64::EPSILON);
    assert!(alert.dst_ports.is_sorted());
}

#[test]
fn a_full_book_gives_way_to_what_matters_more() {
    let mut book = AlertBook::new(2, 1);
    for src in 1..=3 {
        enter(&mut book, finding("noisy-host", Some(src), 0, 1, 1));
    }
    assert_eq!(
        book.counters(),
        BookCounters { findings: 3, dropped: 1, ..BookCounters::default() }
    );
    enter(&mut book, finding("port-scan", Some(9), 0, 1, 1));
    enter(&mut book, finding("port-scan", Some(8), 0, 1, 1));
    enter(&mut book, finding("port-scan", Some(7), 0, 1, 1));
    assert_eq!(
        book.counters(),
        BookCounters { findings: 6, dropped: 2, evicted: 2, ..BookCounters::default() }
    );
    let alerts = book.alerts(&|_| None);
    assert_eq!(alerts.len(), 2);
    assert!(alerts.iter().all(|a| a.detector == "port-scan"));
    // An evicted subject may come back as a new alert once there is room.
    enter(&mut book, finding("noisy-host", Some(1), 0, 1, 1));
    assert_eq!(book.len(), 2);
}

#[test]
fn an_incident_takes_in_the_statistics_it_explains_in_any_order() {
    let scan = finding("port-scan", Some(1), 0, 20, 65_535);
    let of_total = Finding { dst: vec![], ..finding("traffic-spike", None, 3, 4, 1) };
    let mut other_port = finding("traffic-spike", None, 3, 4, 1);
    other_port.subject.port = Some(443);
    let same_src = finding("traffic-spike", Some(1), 21, 22, 1);
    let noisy = finding("noisy-host", Some(1), 0, 60, 1);
    let innocent = finding("noisy-host", Some(2), 0, 60, 1);
    let later = finding("traffic-spike", None, 1_400, 1_401, 1);
    let all = [scan, of_total, other_port, same_src, noisy, innocent, later];
    let forwards = read(all.clone());
    let backwards = read(all.into_iter().rev());
    assert_eq!(forwards.len(), 4, "{forwards:#?}");
    let scan = forwards.iter().find(|a| a.detector == "port-scan").unwrap();
    assert_eq!(scan.folded, [("noisy-host", 1), ("traffic-spike", 2)]);
    let ids = |alerts: &[Alert]| alerts.iter().map(|a| a.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&forwards), ids(&backwards));
}

#[test]
fn hardware_addresses_come_from_whoever_knows_them() {
    let mut book = AlertBook::new(10, 1);
    enter(&mut book, finding("port-scan", Some(1), 0, 1, 1));
    let mac = Mac([2, 0, 0, 0, 0, 1]);
    let alert = &book.alerts(&|a| (a == addr(1)).then_some(mac))[0];
    assert_eq!((alert.src_mac.as_slice(), alert.dst_mac.len()), ([mac].as_slice(), 0));
}

#[test]
fn advice_says_how_to_stop_it() {
    let alert = &read([finding("port-scan", Some(1), 0, 1, 1)])[0];
    assert!(alert.advice.starts_with("Look at it. "));
    assert!(alert.advice.contains("detect.port-scan.enabled = false"));
    assert!(alert.advice.contains("suppress --state FILE add --detector port-scan --src 10.0.0.1"));
}

#[test]
fn the_ports_of_a_distributed_flood_and_the_answers_to_a_flood_are_not_attacks_of_their_own() {
    let against = |detector, src: u8, dst: u8, count| {
        let mut finding = finding(detector, Some(src), 100, 110, count);
        finding.subject.dst = Some(addr(dst));
        (finding.src, finding.dst) = (vec![addr(src)], vec![addr(dst)]);
        finding.severity = Some(Severity::High);
        finding
    };
    let mut ddos = against("ddos", 1, 9, 50_000);
    ddos.subject.src = None;
    let alerts = read([against("port-scan", 1, 9, 40), ddos, against("port-scan", 1, 8, 40)]);
    let told: Vec<_> = alerts.iter().map(|a| (a.detector, a.dst[0], a.folded.clone())).collect();
    let scan = ("port-scan", addr(8), vec![]);
    let flood = ("ddos", addr(9), vec![("port-scan", 1)]);
    assert!(told.len() == 2 && told.contains(&scan) && told.contains(&flood), "{told:?}");
    let alerts = read([against("flood", 5, 6, 9_000), against("flood", 6, 5, 4_000)]);
    assert_eq!(alerts.len(), 1);
    assert_eq!((alerts[0].src[0], alerts[0].folded.clone()), (addr(5), vec![("flood", 1)]));
}

#[test]
fn with_repeat_only_the_nth_time_is_an_alert() {
    let mut section = Section::defaults(&SCAN);
    assert!(section.set("repeat", 3.0) && section.set("repeat_window", 4_000.0));
    let mut book = AlertBook::new(100, 1);
    let mut enter = |first, count| {
        book.enter(finding("port-scan", Some(1), first, first + 5, count), &SCAN, &section);
        (book.alerts(&|_| None), book.counters().waiting)
    };
    assert_eq!(enter(0, 20), (vec![], 1));
    assert_eq!(enter(0, 30), (vec![], 1));
    assert_eq!(enter(1_000, 40), (vec![], 2));
    let (alerts, waiting) = enter(2_000, 10);
    assert_eq!((alerts.len(), waiting), (1, 0));
    assert_eq!((alerts[0].first, alerts[0].last, alerts[0].count), (at(0), at(2_005), 80));
    assert_eq!(alerts[0].title, "40 things");
    assert!(alerts[0].explanation.ends_with("3 times within 1 h 6 min, as `repeat` asks for."));
    // It grows as any other; beyond the re-open gap counting begins anew.
    let (alerts, _) = enter(2_100, 7);
    assert_eq!((alerts.len(), alerts[0].count), (1, 87));
    assert_eq!(enter(3_000, 7).1, 1);
}

#[test]
fn repeat_can_be_asked_for_a_host_alone() {
    let mut section = Section::defaults(&SCAN);
    let host = crate::config::Prefix::parse("10.0.0.1").unwrap();
    section.set_host(host, &[("repeat", 2.0)]);
    let mut book = AlertBook::new(100, 1);
    book.enter(finding("port-scan", Some(1), 0, 5, 20), &SCAN, &section);
    book.enter(finding("port-scan", Some(2), 0, 5, 20), &SCAN, &section);
    assert_eq!(book.alerts(&|_| None).len(), 1);
    book.enter(finding("port-scan", Some(1), 10, 15, 20), &SCAN, &section);
    assert_eq!(book.alerts(&|_| None).len(), 2);
}
