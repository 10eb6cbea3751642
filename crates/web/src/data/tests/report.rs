//! The report holds the numbers of the API, and hostile names stay text (U-40, R-13, S-15).

use super::site::{ALL, MADE, Site, items, kept};
use anomalyzer_engine::Severity;
use anomalyzer_engine::text::{bytes, thousands};
use anomalyzer_store::SourceId;
use anomalyzer_store::control::{DeviceChange, NewAlert, Role};
use axum::body::Body;
use base64::Engine as _;
use serde_json::Value;

#[tokio::test]
async fn the_report_has_the_numbers_of_the_api() {
    let site = Site::office();
    let report = site.json(&format!("/api/v1/report?{ALL}")).await;
    let series = site.json(&format!("/api/v1/series?{ALL}&points=240")).await;
    let total = &series["series"][0]["total"];
    for name in ["bytes", "packets", "flows"] {
        assert_eq!(report["traffic"][name], total[name], "{name}");
    }
    let peak = series["series"][0]["points"].as_array().unwrap().iter();
    assert_eq!(
        report["traffic"]["peak"]["bytes_per_s"],
        peak.map(|p| p[4].as_u64().unwrap()).max().unwrap()
    );
    for severity in Severity::ALL {
        let count = MADE.alerts.iter().filter(|alert| alert.severity == severity).count();
        assert_eq!(report["alerts"]["by_severity"][severity.name()], count, "{severity:?}");
    }
    for row in report["alerts"]["by_detector"].as_array().unwrap() {
        let key = row["key"].as_str().unwrap();
        let listed = site.json(&format!("/api/v1/alerts?detector={key}&limit=1")).await;
        assert_eq!(row["count"], listed["total"]);
    }
    for by in ["protocol", "app", "port"] {
        let series = site.json(&format!("/api/v1/series?{ALL}&by={by}&top=10")).await;
        let shares = report[format!("{by}s")].as_array().unwrap();
        for (share, line) in shares.iter().zip(series["series"].as_array().unwrap()) {
            assert_eq!((&share["key"], &share["bytes"]), (&line["key"], &line["total"]["bytes"]));
        }
    }
    assert_eq!(report["devices"]["total"], MADE.devices.len());
    assert_eq!(report["alerts"]["incidents"].as_array().unwrap().len(), MADE.incidents.len());
    let new = report["devices"]["new"].as_array().unwrap();
    assert_eq!(new.len(), MADE.devices.len().min(50));
}

#[tokio::test]
async fn the_page_tells_the_same_and_needs_nothing_else() {
    let site = Site::office();
    let report = site.json(&format!("/api/v1/report?{ALL}")).await;
    let path = format!("/api/v1/report.html?{ALL}");
    site.ask(Role::Viewer, "GET", &path, Body::empty()).await.problem(403);
    let page = site.get(&path).await;
    let text = page.text();
    let traffic = &report["traffic"];
    assert!(text.contains(&bytes(traffic["bytes"].as_u64().unwrap())));
    assert!(text.contains(&thousands(traffic["packets"].as_u64().unwrap())));
    assert!(text.contains(&thousands(traffic["flows"].as_u64().unwrap())));
    for alert in report["alerts"]["top"].as_array().unwrap() {
        let title = anomalyzer_report::markup(alert["title"].as_str().unwrap());
        assert!(text.contains(&title), "{title}");
    }
    for what in ["<script", "javascript:", "src=", "href=", "url(", "@import", " style=", " on"] {
        let inside = text.find(what).map(|at| &text[at..(at + 60).min(text.len())]);
        assert!(inside.is_none() || what == " on" && !is_handler(text), "{inside:?}");
    }
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
    let own = text.split("content=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(policy.starts_with(&own.replace("&#39;", "'")));
    let style = text.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA256, style.as_bytes());
    let hash = base64::engine::general_purpose::STANDARD.encode(digest);
    assert!(policy.contains(&hash), "the policy lets this style through and no other");
    if let Ok(path) = std::env::var("REPORT_HTML") {
        std::fs::write(path, text).unwrap();
    }
}

/// True when a tag has an attribute for an event.
fn is_handler(text: &str) -> bool {
    text.split('<').skip(1).any(|tag| {
        let tag = tag.split('>').next().unwrap_or("");
        tag.split_whitespace().skip(1).any(|word| word.starts_with("on") && word.contains('='))
    })
}

/// Names as an attacker would choose them.
fn hostile() -> Vec<String> {
    let long = "A".repeat(64 << 10);
    let names = [
        "<img src=x onerror=alert(1)>",
        "<script>alert(1)</script>",
        "\"><svg onload=alert(1)>",
        "'--><b>",
        "</td></table><h1>owned</h1>",
        "</style><script>1</script>",
        "&lt;b&gt;",
        "a\r\nSet-Cookie: x=1",
        "\x1b[2J\x1b]52;c;AAAA\x07",
        "nul\0byte",
        "\u{202e}gnp.exe",
        "line\u{2028}separator",
        "\u{feff}bom",
        "=cmd|' /C calc'!A0",
        "{{7*7}}",
        "${7*7}",
        "%n%s%x",
        "javascript:alert(1)",
        "data:text/html,<script>",
        "`id`",
        "$(id)",
        "; rm -rf /",
        "../../etc/passwd",
        "\\u003cscript\\u003e",
        "\u{fffd}\u{fffe}",
        "]]>",
        "<!--",
        "-->",
        "<?xml version=\"1.0\"?>",
        "<iframe srcdoc=x>",
        "<a href=javascript:1>",
        "\u{e0041}tag",
        "onmouseover=alert(1) x=",
        "'onload='1",
        "<math><mi>",
        "<base href=//x>",
        "\u{200b}zero",
        "<meta http-equiv=refresh>",
        "𝕏<",
        &long,
    ];
    names.into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn hostile_names_stay_text() {
    let site = Site::office();
    let control = site.state.store.control();
    let worst = MADE.alerts.iter().max_by_key(|alert| alert.severity).unwrap();
    let mut devices = MADE.devices.iter();
    let names = hostile();
    for (n, name) in names.iter().enumerate() {
        let alert = anomalyzer_engine::Alert {
            id: format!("{n:016x}"),
            title: name.clone(),
            explanation: name.clone(),
            severity: Severity::Critical,
            ..worst.clone()
        };
        let alert =
            NewAlert { detector: "keyword".into(), technique: name.clone(), ..kept(&alert) };
        control.put_alerts(SourceId::SENSOR, &[alert]).unwrap();
        if let Some(device) = devices.next() {
            let change = DeviceChange {
                name: Some(name.chars().take(90).collect()),
                ..DeviceChange::default()
            };
            control.change_device(SourceId::SENSOR, &device.id, &change).unwrap();
        }
    }
    let page = site.get(&format!("/api/v1/report.html?{ALL}")).await;
    let text = page.text();
    assert!(text.contains("&lt;img src=x onerror=alert(1)&gt;") || text.contains("&lt;script&gt;"));
    for what in [
        "<script",
        "<img",
        "<iframe",
        "<a ",
        "<base",
        "<math",
        "<h1>owned",
        "<svg onload",
        "<b>",
        "<!--",
    ] {
        assert!(!text.contains(what), "{what}");
    }
    assert_eq!(text.matches("<meta ").count(), 3);
    assert!(!is_handler(text));
    assert!(text.chars().all(|c| !c.is_control() || c == '\n'));
    assert!(!text.contains('\u{202e}') && !text.contains('\u{2028}'));
    let listed = site.json("/api/v1/alerts?detector=keyword&limit=1000").await;
    let kept: Vec<&str> =
        items(&listed).iter().map(|a: &Value| a["title"].as_str().unwrap()).collect();
    for name in names.iter().filter(|name| name.len() < 1_000) {
        assert!(kept.contains(&name.as_str()), "{name:?} comes back as it was");
    }
    let csv = site.get("/api/v1/exports/alerts.csv?detector=keyword").await;
    assert_eq!(csv.text().lines().count(), names.len() + 1);
    assert!(csv.text().contains("'=cmd|"));
}
