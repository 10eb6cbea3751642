//! Settings: what is taken, what is refused, and with which words.

use super::*;
use crate::config::reference;
use proptest::prelude::*;

fn faults(text: &str) -> Vec<String> {
    let error = Config::parse(text, "anomalyzer.toml").unwrap_err();
    error.to_string().lines().map(str::to_owned).collect()
}

fn value(config: &Config, key: &str) -> String {
    config.show().into_iter().find(|shown| shown.key == key).unwrap().value
}

/// The first detector and its first numeric setting; tests hold whichever detectors there are.
fn some_setting() -> (&'static Spec, &'static crate::detect::Setting) {
    let spec = DETECTORS.iter().find(|spec| !spec.settings.is_empty()).unwrap();
    (spec, &spec.settings[0])
}

#[test]
fn the_reference_holds_every_key_and_reads_as_the_defaults() {
    let text = reference();
    let config = Config::parse(&text, "reference").unwrap();
    let defaults = Config::default();
    let values = |c: &Config| c.show().into_iter().map(|s| (s.key, s.value)).collect::<Vec<_>>();
    assert_eq!(values(&config), values(&defaults));
    for shown in config.show() {
        if !shown.key.ends_with(".severity") {
            assert!(matches!(shown.origin, Origin::File { .. }), "{} is missing", shown.key);
        }
    }
    assert!(text.lines().all(|line| line.chars().count() <= 100 || !line.starts_with('#')));
}

#[test]
fn defaults_are_within_their_ranges() {
    let core = super::super::core::CORE.iter().map(|core| ("core", &core.setting));
    let detectors = DETECTORS.iter().flat_map(|d| d.settings.iter().map(|s| (d.id, s)));
    let common = super::super::COMMON.iter().map(|s| ("detect", s));
    for (id, setting) in core.chain(detectors).chain(common) {
        assert!(
            (setting.min..=setting.max).contains(&setting.default),
            "{id}.{} is out of its own range",
            setting.key
        );
        assert!(setting.about.ends_with('.'), "{id}.{}: a sentence ends with a stop", setting.key);
    }
}

#[test]
fn a_file_changes_what_it_says_and_nothing_else() {
    let config = Config::parse(
        "[limits]\nflows = 100_000\n[flow]\ntcp_idle_s = 60\n[site]\n\
         networks = [\"10.1.0.0/16\", \"2001:db8::/32\", \"192.0.2.7\"]\n\
         [keywords]\nlists = [\"mine.toml\"]\n",
        "x.toml",
    )
    .unwrap();
    assert_eq!((config.limits.flows, config.limits.hosts), (100_000, 65_536));
    assert_eq!(config.flow.tcp_idle_s, 60);
    assert_eq!(config.keywords, ["mine.toml"]);
    assert_eq!(
        value(&config, "site.networks"),
        "[\"10.1.0.0/16\", \"2001:db8::/32\", \"192.0.2.7/32\"]"
    );
    let line = Origin::File { name: "x.toml".into(), line: 2 };
    assert_eq!(config.origin("limits.flows"), line);
    assert_eq!(config.origin("limits.hosts"), Origin::Default);
    assert!(config.is_local("10.1.2.3".parse::<std::net::IpAddr>().unwrap().into()));
    assert!(!config.is_local("10.2.2.3".parse::<std::net::IpAddr>().unwrap().into()));
}

#[test]
fn faults_are_told_all_at_once_with_place_and_remedy() {
    assert_eq!(
        faults(
            "[limits]\nflws = 1\nhosts = 5\nalerts = \"many\"\n[flwo]\n[site]\nnetworks = [\"10.0.0.1/8\"]\n\
             [detect.prot-scan]\n[stream]\ndepth = 1.5\n"
        )
        .into_iter()
        .filter(|line| !line.contains("prot-scan"))
        .collect::<Vec<_>>(),
        [
            "anomalyzer.toml:2: `limits.flws`: unknown key; did you mean `flows`?",
            "anomalyzer.toml:3: `limits.hosts`: must be 1024 to 16777216 (count), not 5",
            "anomalyzer.toml:4: `limits.alerts`: must be a number (count), not \"many\"",
            "anomalyzer.toml:5: `flwo`: unknown section; did you mean `flow`?",
            "anomalyzer.toml:7: `site.networks`: \"10.0.0.1/8\" has bits set beyond its length: \
             write 10.0.0.0/8",
            "anomalyzer.toml:10: `stream.depth`: must be a whole number, not 1.5",
        ]
    );
    let detector = faults("[detect.prot-scan]\nports = 1\n");
    assert_eq!(
        detector,
        ["anomalyzer.toml:1: `detect.prot-scan`: unknown detector; did you mean `port-scan`?"]
    );
}

#[test]
fn overrides_for_hosts_inherit_and_the_longest_prefix_counts() {
    let (spec, setting) = some_setting();
    let (key, min, max) = (setting.key, setting.min, setting.max);
    let id = spec.id;
    let mut config = Config::parse(
        &format!(
            "[[detect.{id}.host]]\naddress = \"10.0.0.0/8\"\n{key} = {max}\n\
             [[detect.{id}.host]]\naddress = \"10.0.0.5\"\n"
        ),
        "x.toml",
    )
    .unwrap();
    config.set(&format!("{id}.{key}"), &min.to_string()).unwrap();
    let section = config.section(spec).unwrap();
    let numbers = section.resolve(|values| values.number(key));
    let of = |text: &str| *numbers.of(text.parse::<std::net::IpAddr>().unwrap().into());
    assert!((of("10.9.9.9") - max).abs() < f64::EPSILON);
    assert!((of("10.0.0.5") - min).abs() < f64::EPSILON);
    assert!((of("192.0.2.1") - min).abs() < f64::EPSILON);
    let lines = faults(&format!("[[detect.{id}.host]]\nadress = \"10.0.0.1\"\n"));
    assert!(lines.iter().any(|l| l.contains("did you mean `address`?")), "{lines:?}");
    assert!(lines.iter().any(|l| l.ends_with("host.address`: missing")), "{lines:?}");
}

#[test]
fn the_environment_and_flags_come_after_the_file() {
    let (spec, setting) = some_setting();
    let upper = spec.id.to_uppercase().replace('-', "_");
    let name = format!("ANOMALYZER_DETECT__{upper}__{}", setting.key.to_uppercase());
    let mut config = Config::default();
    config
        .read_env([
            (name.as_str(), setting.max.to_string().as_str()),
            ("ANOMALYZER_LIMITS__FLOWS", "2048"),
            ("ANOMALYZER_SITE__NETWORKS", "10.0.0.0/8, 192.168.0.0/16"),
            ("ANOMALYZER_DATA", "/somewhere"),
            ("PATH", "/bin"),
        ])
        .unwrap();
    let key = format!("detect.{}.{}", spec.id, setting.key);
    assert_eq!(config.origin(&key), Origin::Env(name));
    assert_eq!((config.limits.flows, config.home.len()), (2_048, 2));
    config.set("limits.flows", "4_096").unwrap();
    assert_eq!((config.limits.flows, config.origin("limits.flows")), (4_096, Origin::Flag));
    config.set(&format!("{}.severity", spec.id), "info").unwrap();
    config.set(&format!("{}.enabled", spec.id), "false").unwrap();
    let section = config.section(spec).unwrap();
    assert_eq!((section.enabled, section.severity), (false, Some(crate::Severity::Info)));
}

#[test]
fn wrong_variables_and_flags_say_which() {
    let mut config = Config::default();
    let error = config.read_env([("ANOMALYZER_LIMITS__FLOW", "1")]).unwrap_err().to_string();
    assert_eq!(error, "ANOMALYZER_LIMITS__FLOW: `limits.flow`: unknown key; did you mean `flows`?");
    for (key, text) in [
        ("limits.flows", "x"),
        ("limits.flows", "1e999"),
        ("limits.flows", "NaN"),
        ("nothing", "1"),
        ("", ""),
        ("a.b.c.d", "1"),
        ("site.networks", "10.0.0.0/33"),
    ] {
        let error = config.set(key, text).unwrap_err().to_string();
        assert!(error.starts_with("--set:"), "{key}={text}: {error}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,300}", key in "[a-z.-]{0,30}", value in "\\PC{0,20}") {
        let _ = Config::parse(&text, "x");
        let mut config = Config::default();
        let _ = config.set(&key, &value);
        let _ = config.read_env([(format!("ANOMALYZER_{}", key.to_uppercase()), value)]);
        let _ = Prefix::parse(&text);
    }

    /// Damaged references are nearly right, so they reach further than any text does.
    #[test]
    fn no_damage_makes_it_panic(at in 0_usize..4_000, with in "[\\[\\]{}=\"'.0-9a-z\n]{0,6}") {
        let mut text = reference();
        let at = at.min(text.len());
        if text.is_char_boundary(at) {
            text.insert_str(at, &with);
            if let Err(error) = Config::parse(&text, "x") {
                prop_assert!(!error.faults.is_empty());
            }
        }
    }
}

#[test]
fn every_detector_can_be_asked_for_repetition_also_for_a_host() {
    let config = Config::parse(
        "[detect.port-scan]\nrepeat = 3\n[[detect.port-scan.host]]\naddress = \"10.0.0.5\"\n\
         repeat = 5\nrepeat_window = 60\n",
        "x.toml",
    )
    .unwrap();
    let scan = DETECTORS.iter().find(|spec| spec.id == "port-scan").unwrap();
    let section = config.section(scan).unwrap();
    let five = anomalyzer_wire::Addr::v4([10, 0, 0, 5]);
    let repeat = |host| {
        let repeat = section.repeat(host);
        (repeat.times, repeat.window / 1_000_000_000)
    };
    assert_eq!((repeat(None), repeat(Some(five))), ((3, 3_600), (5, 60)));
    for spec in DETECTORS {
        let own = spec.settings.iter().any(|s| super::super::COMMON.iter().any(|c| c.key == s.key));
        assert!(!own, "{}: `repeat` and `repeat_window` are every detector's", spec.id);
        Config::default().set(&format!("{}.repeat", spec.id), "2").unwrap();
        Config::default().set(&format!("{}.repeat", spec.id), "0").unwrap_err();
    }
}
