//! Against real stores in a folder of their own, and an engine that answers.

use super::*;
use crate::service::testing;
use anomalyzer_capture::{InterfaceSpec, PcapngWriter, SNAPLEN_MAX};
use anomalyzer_engine::Correlator;
use anomalyzer_scenario::{AttackKind, Plan as Office, generate};
use anomalyzer_store::control::{AlertQuery, NewSource, SourceKind};
use anomalyzer_web::control::HostOverride;
use anomalyzer_wire::LinkType;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A service whose engine answers on a thread, until it is dropped.
struct Rig {
    control: Arc<dyn Control>,
    service: Arc<Service>,
    over: Arc<AtomicBool>,
    engine: Option<std::thread::JoinHandle<()>>,
    dir: tempfile::TempDir,
}

impl Rig {
    fn new() -> Self {
        Self::with(None)
    }

    fn with(config: Option<&str>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = config.map(|text| {
            let path = dir.path().join("anomalyzer.toml");
            std::fs::write(&path, text).unwrap();
            path
        });
        Self::in_folder(dir, config)
    }

    fn in_folder(dir: tempfile::TempDir, config: Option<PathBuf>) -> Self {
        let settings = crate::cli::Settings { config, set: Vec::new() };
        let service = testing::service(dir.path(), settings, |settings, store| {
            load(settings, store).unwrap()
        });
        let loaded = service.loaded();
        let over = Arc::new(AtomicBool::new(false));
        let (engine, ended) = (service.engine.clone(), Arc::clone(&over));
        let engine = std::thread::spawn(move || {
            let mut correlator = Correlator::new(&loaded.config, 1).live();
            while !ended.load(Ordering::Relaxed) {
                engine.serve_within(&mut correlator, Duration::from_millis(20));
            }
        });
        Self { control: control(&service), service, over, engine: Some(engine), dir }
    }

    fn config(&self) -> Arc<anomalyzer_engine::Config> {
        self.service.engine.ask(|c| Arc::clone(c.config())).unwrap()
    }

    fn change(&self, key: &str, value: Option<&str>) -> Answer<i64> {
        let version = self.control.settings().unwrap().version;
        let set = vec![(key.to_owned(), value.map(str::to_owned))];
        let change = SettingsChange { set, version, ..SettingsChange::default() };
        self.control.change_settings(&change, "alice")
    }

    /// An office with an attack as a capture file.
    fn capture(&self, kind: AttackKind) -> PathBuf {
        let path = self.dir.path().join("sent.upload");
        let mut writer = PcapngWriter::new(std::fs::File::create(&path).unwrap(), "x").unwrap();
        let link = LinkType::ETHERNET;
        let (name, description) = ("office", "");
        let spec = InterfaceSpec { link, snaplen: SNAPLEN_MAX, name, description };
        writer.add_interface(&spec).unwrap();
        for frame in generate(&Office { hosts: 3, ..Office::office(4, 4) }.with(kind)) {
            writer.write(&frame.raw()).unwrap();
        }
        writer.finish().unwrap();
        path
    }

    /// Waits until the analysis of a source is over.
    fn analysed(&self, id: SourceId) -> anomalyzer_store::control::Source {
        for _ in 0..600 {
            let source = self.service.store.control().source(id).unwrap();
            if source.state != "reading" {
                return source;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the analysis does not end");
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.engine.take().into_iter().for_each(|thread| thread.join().unwrap());
    }
}

fn query(source: SourceId) -> AlertQuery {
    AlertQuery {
        source: Some(source),
        range: None,
        states: Vec::new(),
        severity: anomalyzer_engine::Severity::Info,
        detector: None,
        address: None,
        text: None,
        incident: None,
        suppressed: true,
        limit: 100,
        cursor: None,
    }
}

#[test]
fn settings_are_shown_changed_and_kept() {
    let rig = Rig::with(Some("[detect.port-scan]\nports = 20\n"));
    let setting = |rig: &Rig, key: &str| {
        let view = rig.control.settings().unwrap();
        let mut all = view.detectors.into_iter().flat_map(|d| d.settings).chain(view.core);
        all.find(|s| s.key == key).unwrap()
    };
    let ports = "detect.port-scan.ports";
    let shown = setting(&rig, ports);
    assert_eq!((shown.value.as_str(), shown.origin.as_str()), ("20", "file"));
    assert_eq!(rig.change("port-scan.ports", Some("30")).unwrap(), 1);
    let shown = setting(&rig, ports);
    assert_eq!((shown.value.as_str(), shown.origin.as_str()), ("30", "console"));
    let section = rig.config().detect.iter().find(|s| s.id() == "port-scan").unwrap().clone();
    assert_eq!(section.values.count("ports"), 30);
    // Back to what the file says.
    assert_eq!(rig.change(ports, None).unwrap(), 2);
    assert_eq!(setting(&rig, ports).value, "20");
    assert!(setting(&rig, "limits.flows").restart && !setting(&rig, "limits.alerts").restart);
    assert_eq!(setting(&rig, "detect.flood.enabled").kind, "flag");
}

#[test]
fn a_change_that_does_not_fit_changes_nothing() {
    let rig = Rig::new();
    for (key, value, place) in [
        ("port-scan.ports", "9999", "detect.port-scan.ports"),
        ("port-scan.ports", "\"x\"", "detect.port-scan.ports"),
        ("port-scan.ports", "1\n[x]", "detect.port-scan.ports"),
        ("limits.flowz", "1", "limits.flowz"),
        ("site.networks", "[\"10.0.0.1/8\"]", "site.networks"),
        ("detect.flood.severity", "\"huge\"", "detect.flood.severity"),
    ] {
        let refusal = rig.change(key, Some(value)).unwrap_err();
        assert_eq!(refusal.place.as_deref(), Some(place), "{refusal}");
        assert!(refusal.message.len() > 10, "{refusal}");
    }
    let change = SettingsChange { version: 7, ..SettingsChange::default() };
    let refusal = rig.control.change_settings(&change, "alice").unwrap_err();
    assert!(refusal.message.contains("changed in between"), "{refusal}");
    assert_eq!(rig.control.settings().unwrap().version, 0);
}

#[test]
fn hosts_have_limits_of_their_own_and_lose_them_again() {
    let rig = Rig::new();
    let host = |value: &str| HostOverride {
        prefix: "10.0.0.0/24".into(),
        values: vec![("ports".into(), value.into())],
    };
    let change = |hosts: Vec<HostOverride>, version| SettingsChange {
        hosts: vec![("port-scan".into(), hosts)],
        version,
        ..SettingsChange::default()
    };
    let refusal = rig.control.change_settings(&change(vec![host("x = 1")], 0), "a").unwrap_err();
    assert!(refusal.place.unwrap().contains("port-scan.host"));
    rig.control.change_settings(&change(vec![host("30")], 0), "a").unwrap();
    let detectors = rig.control.settings().unwrap().detectors;
    let scan = detectors.into_iter().find(|d| d.id == "port-scan").unwrap();
    assert_eq!(scan.hosts, [host("30")]);
    assert_eq!(rig.config().detect[0].overrides().count(), 1);
    rig.control.change_settings(&change(Vec::new(), 1), "a").unwrap();
    assert_eq!(rig.config().detect[0].overrides().count(), 0);
}

#[test]
fn what_the_console_said_holds_after_a_restart_and_damage_does_not_keep_it_from_starting() {
    let rig = Rig::new();
    rig.change("port-scan.ports", Some("30")).unwrap();
    let control = rig.service.store.control();
    let again = load(&rig.service.settings, &rig.service.store).unwrap();
    assert_eq!(again.config.detect[0].values.count("ports"), 30);
    let kind = anomalyzer_store::control::DocumentKind::Settings;
    control.put_document(kind, load::SETTINGS, "[detect", true, Some(1), "x", 0).unwrap();
    let again = load(&rig.service.settings, &rig.service.store).unwrap();
    assert_eq!(again.config.detect[0].values.count("ports"), 15);
}

/// whatever is wrong with the file, what holds goes on to hold.
#[test]
fn two_hundred_damaged_files_change_nothing() {
    let good = "[detect.port-scan]\nports = 20\n[limits]\nalerts = 2000\n\
                [[suppress]]\nname = \"ours\"\nreason = \"known\"\n";
    let rig = Rig::with(Some(good));
    let path = rig.service.settings.config.clone().unwrap();
    let mut random = anomalyzer_scenario::Rng::stream(17, "damage");
    let mut refused = 0;
    for _ in 0..200 {
        let mut bytes = good.as_bytes().to_vec();
        for _ in 0..=random.below(3) {
            let at = usize::try_from(random.below(bytes.len() as u64)).unwrap();
            match random.below(3) {
                0 => bytes.truncate(at.max(1)),
                1 => bytes[at] = u8::try_from(random.below(256)).unwrap(),
                _ => bytes.insert(at, b"=[]\"\n\x00{}x9"[at % 10]),
            }
        }
        std::fs::write(&path, &bytes).unwrap();
        let before = rig.config();
        let readable = String::from_utf8(bytes.clone())
            .is_ok_and(|text| anomalyzer_engine::Config::parse(&text, "x").is_ok());
        match rig.control.reload() {
            Ok(_) => assert!(readable, "{:?}", String::from_utf8_lossy(&bytes)),
            Err(refusal) => {
                assert!(!readable && !refusal.message.is_empty(), "{refusal}");
                assert!(Arc::ptr_eq(&before, &rig.config()));
                refused += 1;
            }
        }
    }
    assert!(refused > 80, "{refused}");
    std::fs::write(&path, good.replace("ports = 20", "ports = 25")).unwrap();
    rig.control.reload().unwrap();
    std::fs::write(&path, good).unwrap();
    assert_eq!(rig.control.reload().unwrap(), ["detect.port-scan.ports: 25 -> 20"]);
    assert_eq!(rig.config().suppress.len(), 1);
}

const LIST: &str = "[list]\nname = \"mine\"\n[[pattern]]\nname = \"secret\"\ntext = \"tango\"\n";

#[test]
fn keyword_lists_are_written_checked_switched_and_removed() {
    let rig = Rig::new();
    let kind = ListKind::Keywords;
    let before = rig.service.loaded().matcher.len();
    let info = rig.control.put_list(kind, "mine", LIST, None, "alice").unwrap();
    assert_eq!((info.entries, info.version, info.enabled), (1, 1, true));
    assert_eq!(rig.service.loaded().matcher.len(), before + 1);
    assert!(rig.service.next_lists.take().is_some(), "handed to the workers");
    let bad = LIST.replace("tango", "");
    let refusal = rig.control.put_list(kind, "mine", &bad, Some(1), "alice").unwrap_err();
    assert_eq!(refusal.place.as_deref(), Some("line 5"), "{refusal}");
    assert_eq!(rig.control.list(kind, "mine").unwrap().text, LIST);
    rig.control.enable_list(kind, "mine", false, "alice").unwrap();
    assert_eq!(rig.service.loaded().matcher.len(), before);
    rig.control.enable_list(kind, "web-attacks", false, "alice").unwrap();
    assert!(rig.service.loaded().matcher.len() < before);
    let lists = rig.control.lists(kind).unwrap();
    let web = lists.iter().find(|list| list.name == "web-attacks").unwrap();
    assert!(web.builtin && !web.enabled && web.entries > 50);
    assert!(rig.control.list(kind, "web-attacks").unwrap().text.contains("[[pattern]]"));
    for name in ["web-attacks", "../x", "", "a b"] {
        rig.control.put_list(kind, name, LIST, None, "alice").unwrap_err();
    }
    rig.control.remove_list(kind, "web-attacks", "alice").unwrap_err();
    rig.control.remove_list(kind, "mine", "alice").unwrap();
    assert!(rig.control.list(kind, "mine").unwrap_err().missing);
}

#[test]
fn threat_lists_tell_what_was_skipped() {
    let rig = Rig::new();
    let kind = ListKind::Threats;
    let text = "198.51.100.7\nbad.example\n10.0.0.1\nnot an indicator at all\n";
    let info = rig.control.put_list(kind, "feed", text, None, "alice").unwrap();
    assert_eq!(info.entries, 2, "{info:?}");
    assert!(info.problems.iter().any(|p| p.starts_with("line 3")), "{info:?}");
    assert!(!rig.service.loaded().indicators.is_empty());
    rig.control.put_list(kind, "empty", "nothing here\n", None, "alice").unwrap_err();
    assert_eq!(rig.control.lists(kind).unwrap().len(), 1);
    rig.control.remove_list(kind, "feed", "alice").unwrap();
    assert!(rig.service.loaded().indicators.is_empty());
}

#[test]
fn rules_hide_and_are_taken_back() {
    let rig = Rig::with(Some("[[suppress]]\nname = \"ours\"\nreason = \"known\"\n"));
    let scope = Scope { detector: Some("port-scan".into()), ..Scope::default() };
    let rule =
        Suppression { scope: scope.clone(), reason: "ours".into(), created: None, expires: None };
    let id = rig.control.suppress(&rule, "alice").unwrap();
    assert_eq!(rig.config().suppress.len(), 2);
    let rules = rig.control.suppressions().unwrap();
    assert_eq!(rules.iter().map(|r| r.fixed).collect::<Vec<_>>(), [true, false]);
    let fixed = rules[0].id.clone();
    assert!(rig.control.unsuppress(&fixed, "alice").unwrap_err().message.contains("file"));
    assert!(rig.control.unsuppress("nothing", "alice").unwrap_err().missing);
    rig.control.unsuppress(&id, "alice").unwrap();
    assert_eq!(rig.config().suppress.len(), 1);
    let nobody = Suppression { scope: Scope::default(), ..rule };
    rig.control.suppress(&nobody, "alice").unwrap_err();
    assert_eq!(rig.control.preview_suppression(&scope).unwrap().0, 0);
}

#[test]
fn a_capture_is_analysed_back_tested_and_removed() {
    let rig = Rig::new();
    let path = rig.capture(AttackKind::PortScanSyn);
    let id = rig.control.analyse(&path, "office\x1b.pcapng").unwrap();
    assert!(!path.exists());
    let source = rig.analysed(id);
    assert_eq!((source.state.as_str(), &source.problem), ("done", &None));
    assert!(source.packets > 1_000 && source.first < source.last && !source.name.contains('\x1b'));
    let page = rig.service.store.control().alerts(&query(id)).unwrap();
    let scan = page.rows.iter().find(|row| row.alert.detector == "port-scan").unwrap();
    assert!(!rig.control.evidence(id, &scan.alert.id, true).unwrap().is_empty());
    let span = rig.service.store.series().span(id).unwrap().unwrap();
    assert!(span.1 > span.0);
    let change = SettingsChange {
        set: vec![("port-scan.enabled".into(), Some("false".into()))],
        ..SettingsChange::default()
    };
    let answer = rig.control.back_test(&change, id, None).unwrap();
    let scans = answer.alerts.iter().filter(|alert| alert.detector == "port-scan");
    assert!(scans.clone().count() >= 1 && scans.clone().all(|alert| alert.change == "gone"));
    assert!(answer.alerts.iter().any(|alert| alert.id == scan.alert.id), "the ids are the same");
    assert_eq!(rig.control.settings().unwrap().version, 0, "nothing was kept");
    // Without the capture, the stored flows tell the same.
    std::fs::remove_file(analyse::capture(&rig.service, id)).unwrap();
    let answer = rig.control.back_test(&change, id, None).unwrap();
    assert!(answer.over.contains("stored flows"), "{answer:?}");
    assert!(answer.alerts.iter().any(|a| a.detector == "port-scan" && a.change == "gone"));
    assert!(answer.notes.iter().any(|note| note.contains("need packets")));
    rig.control.remove_source(id).unwrap();
    assert!(rig.control.remove_source(id).unwrap_err().missing);
    assert!(rig.control.remove_source(SourceId::SENSOR).is_err());
    assert!(rig.service.store.series().span(id).unwrap().is_none());
}

#[test]
fn damaged_captures_are_read_as_far_as_they_go() {
    let rig = Rig::new();
    let path = rig.capture(AttackKind::Keyword);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2 + 7]).unwrap();
    let cut = rig.analysed(rig.control.analyse(&path, "cut").unwrap());
    assert_eq!(cut.state, "done");
    assert!(cut.packets > 100 && cut.problem.is_some(), "{cut:?}");
    std::fs::write(&path, "this is no capture").unwrap();
    let wrong = rig.analysed(rig.control.analyse(&path, "wrong").unwrap());
    assert_eq!(wrong.state, "failed");
    let problem = wrong.problem.unwrap();
    assert!(!problem.contains("uploads") && !problem.is_empty(), "{problem}");
}

#[test]
fn what_a_sudden_end_left_behind_is_told_and_tidied() {
    let rig = Rig::new();
    let control = rig.service.store.control();
    let new = NewSource { kind: SourceKind::File, name: "half".into() };
    let id = control.put_source(None, &new, 0).unwrap();
    let mut source = control.source(id).unwrap();
    source.state = "reading".into();
    control.update_source(&source).unwrap();
    let stray = analyse::capture(&rig.service, SourceId(99));
    std::fs::create_dir_all(stray.parent().unwrap()).unwrap();
    std::fs::write(&stray, "x").unwrap();
    analyse::tidy(&rig.service);
    assert_eq!(control.source(id).unwrap().state, "failed");
    assert!(!stray.exists());
}
