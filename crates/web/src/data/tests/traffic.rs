//! Series and overview against what the frames add up to.

use super::site::{ALL, MADE, Site, items};
use anomalyzer_store::SourceId;
use anomalyzer_store::series::Dimension;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Bytes and packets of each second.
fn seconds() -> BTreeMap<i64, (u64, u64)> {
    let mut seconds = BTreeMap::new();
    for (time, len) in &MADE.frames {
        let second: &mut (u64, u64) = seconds.entry(time.secs()).or_default();
        second.0 += *len as u64;
        second.1 += 1;
    }
    seconds
}

fn sums(key: Dimension) -> BTreeMap<String, (u64, u64, u64)> {
    let mut sums = BTreeMap::new();
    for row in MADE.rows.iter().filter(|row| row.dimension == key) {
        let sum: &mut (u64, u64, u64) = sums.entry(row.key.clone()).or_default();
        sum.0 += row.sums.bytes;
        sum.1 += row.sums.packets;
        sum.2 += row.sums.flows;
    }
    sums
}

fn points(series: &Value) -> &Vec<Value> {
    series["points"].as_array().unwrap()
}

#[tokio::test]
async fn every_second_is_what_its_frames_add_up_to() {
    let site = Site::office();
    let seconds = seconds();
    let view = site.json("/api/v1/series?from=-11m&points=1000").await;
    assert_eq!((&view["step"], &view["by"]), (&json!(1), &json!("total")));
    let line = &view["series"][0];
    let told: BTreeMap<i64, (u64, u64)> = points(line)
        .iter()
        .map(|p| (p[0].as_i64().unwrap(), (p[1].as_u64().unwrap(), p[2].as_u64().unwrap())))
        .filter(|(_, sums)| *sums != (0, 0))
        .collect();
    assert_eq!(told, seconds);
    let (first, last) = (seconds.keys().min().unwrap(), seconds.keys().max().unwrap());
    assert_eq!(
        i64::try_from(points(line).len()).unwrap(),
        last - first + 1,
        "silence is told, gaps are not"
    );
    assert_eq!(line["total"]["bytes"], seconds.values().map(|s| s.0).sum::<u64>());
    // A point of one second is its own peak.
    assert!(points(line).iter().all(|p| p[1] == p[4] && p[2] == p[5]));
    let limits = &line["limits"]["bytes"];
    for name in ["mean", "upper", "lower"] {
        assert_eq!(limits[name].as_array().unwrap().len(), points(line).len());
    }
}

#[tokio::test]
async fn longer_steps_keep_sums_and_peaks() {
    let site = Site::office();
    let seconds = seconds();
    let view = site.json("/api/v1/series?from=-11m&points=20").await;
    let step = view["step"].as_i64().unwrap();
    assert!(step >= 30);
    let line = &view["series"][0];
    assert!(points(line).len() <= 21);
    for point in points(line) {
        let start = point[0].as_i64().unwrap();
        let within: Vec<_> = seconds.range(start..start + step).map(|(_, sums)| *sums).collect();
        assert_eq!(point[1], within.iter().map(|s| s.0).sum::<u64>(), "{point}");
        assert_eq!(point[4], within.iter().map(|s| s.0).max().unwrap_or(0), "{point}");
        assert_eq!(point[5], within.iter().map(|s| s.1).max().unwrap_or(0), "{point}");
    }
}

#[tokio::test]
async fn dimensions_keys_and_the_aggregate() {
    let site = Site::office();
    for (by, dimension) in [
        ("protocol", Dimension::Protocol),
        ("app", Dimension::App),
        ("port", Dimension::Port),
        ("device", Dimension::Device),
    ] {
        let path = format!("/api/v1/series?from=-11m&by={by}&top=4&aggregate=true&points=100");
        let view = site.json(&path).await;
        let lines = view["series"].as_array().unwrap();
        assert_eq!(lines[0]["key"], "*");
        let truth = sums(dimension);
        let mut sum = 0;
        for line in &lines[1..] {
            let key = line["key"].as_str().unwrap();
            assert_eq!(line["total"]["bytes"], truth[key].0, "{by} {key}");
            assert_eq!(line["total"]["flows"], truth[key].2, "{by} {key}");
            sum += truth[key].0;
        }
        assert_eq!(lines[0]["total"]["bytes"], sum);
        assert!(lines[0]["limits"]["bytes"]["upper"].is_array());
        let named = lines[2]["key"].as_str().unwrap().replace('/', "%2F");
        let one = site.json(&format!("/api/v1/series?from=-11m&by={by}&key={named}")).await;
        assert_eq!(one["series"].as_array().unwrap().len(), 1);
        assert_eq!(one["series"][0]["total"], lines[2]["total"]);
    }
}

#[tokio::test]
async fn anomalies_are_the_alerts_of_the_range_and_of_the_devices() {
    let site = Site::office();
    let view = site.json(&format!("/api/v1/series?{ALL}")).await;
    let told = view["anomalies"].as_array().unwrap();
    assert_eq!(told.len(), MADE.alerts.len());
    let attacker = MADE.incidents[0].attackers[0];
    let path = format!("/api/v1/series?{ALL}&by=device&key={attacker}");
    let of_one = site.json(&path).await;
    let about =
        |a: &&anomalyzer_engine::Alert| a.src.contains(&attacker) || a.dst.contains(&attacker);
    let expected = MADE.alerts.iter().filter(about).count();
    let told = of_one["anomalies"].as_array().unwrap();
    assert!(expected > 0 && expected < MADE.alerts.len());
    assert_eq!(told.len(), expected);
    assert!(told.iter().all(|mark| mark["address"] == attacker.to_string()));
    let before = site.json("/api/v1/series?from=-2d&to=-1d").await;
    assert!(before["anomalies"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn the_overview_is_made_of_the_same_numbers() {
    let site = Site::office();
    let view = site.json("/api/v1/overview?from=-1d").await;
    let truth = sums(Dimension::App);
    for slice in view["apps"].as_array().unwrap() {
        assert_eq!(slice["bytes"], truth[slice["key"].as_str().unwrap()].0);
    }
    let talkers = view["talkers"].as_array().unwrap();
    let truth = sums(Dimension::Device);
    assert!(talkers.len() == 8 && talkers.iter().any(|t| t["device"].is_string()));
    for talker in talkers {
        assert_eq!(talker["bytes"], truth[talker["address"].as_str().unwrap()].0);
    }
    let bytes: u64 = MADE.frames.iter().map(|(_, len)| *len as u64).sum();
    let told = points(&view["traffic"]).iter().map(|p| p[1].as_u64().unwrap()).sum::<u64>();
    assert_eq!(told, bytes);
    assert_eq!(view["devices"]["total"], MADE.devices.len());
    assert_eq!(view["alerts"]["incidents"], MADE.incidents.len());
    let open: u64 =
        view["alerts"]["open"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(open, MADE.alerts.len() as u64);
    assert!(view["alerts"]["latest"].as_array().unwrap().len() <= 8);
    let last = MADE.frames.last().unwrap().0.secs();
    let rate: u64 = (last - 9..=last).filter_map(|s| seconds().get(&s).copied()).map(|s| s.0).sum();
    assert_eq!(view["rates"]["bytes_per_s"], rate as f64 / 10.0);
    let again = site.json("/api/v1/overview?from=-1d").await;
    assert_eq!(again, view);
}

#[tokio::test]
async fn parameters_are_checked_and_the_field_is_named() {
    let site = Site::office();
    for (path, field) in [
        ("series?by=host", "by"),
        ("series?points=1", "points"),
        ("series?points=1001", "points"),
        ("series?top=21", "top"),
        ("series?limits=maybe", "limits"),
        ("series?from=now", "from"),
        ("series?from=yesterday", "from"),
        ("series?to=-1y", "to"),
        ("series?source=x", "source"),
        ("overview?from=soon", "from"),
        ("flows?sort=size", "sort"),
        ("flows?order=up", "order"),
        ("flows?limit=0", "limit"),
        ("flows?limit=1001", "limit"),
        ("flows/groups?by=color", "by"),
        ("alerts?state=done", "state"),
        ("alerts?severity=urgent", "severity"),
        ("alerts?address=1.2.3", "address"),
        ("inbox?cursor=e30x", "cursor"),
        ("devices?sort=color", "sort"),
        ("devices?status=gone", "status"),
        ("devices?offset=-1", "offset"),
        ("report?from=tomorrow", "from"),
    ] {
        let problem = site.get(&format!("/api/v1/{path}")).await.problem(400);
        assert_eq!(problem["errors"][0]["field"], field, "{path}: {problem}");
        assert!(problem["detail"].as_str().unwrap().len() > 10);
    }
    let keys = vec!["key=a"; 21].join("&");
    site.get(&format!("/api/v1/series?by=app&{keys}")).await.problem(400);
    site.get("/api/v1/flows?no=1").await.problem(400);
    site.get("/api/v1/series?source=99").await.problem(404);
    // What the range holds is checked by the store, whatever its size.
    for from in ["0", "-100w", "1970-01-01T00:00:00Z"] {
        let view = site.json(&format!("/api/v1/series?from={from}&points=1000")).await;
        assert!(points(&view["series"][0]).len() <= 1_001);
    }
}

#[tokio::test]
async fn a_new_sensor_has_empty_answers() {
    let site = Site::empty();
    for path in [
        "overview",
        "series?by=device",
        "flows",
        "flows/groups",
        "devices",
        "alerts",
        "inbox",
        "incidents",
        "report",
        "retention",
        "search?q=10.0.0.1",
    ] {
        site.json(&format!("/api/v1/{path}")).await;
    }
    assert_eq!(site.state.store.series().span(SourceId::SENSOR).unwrap(), None);
    assert_eq!(items(&site.json("/api/v1/search?q=printer").await).len(), 0);
}
