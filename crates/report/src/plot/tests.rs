//! The pictures: sound, escaped, the same for the same input.

use super::*;
use crate::fixture::{self, Whole};
use anomalyzer_engine::observation::SecondTotals;
use anomalyzer_engine::series::Series;
use anomalyzer_engine::summary::PerSecond;
use anomalyzer_engine::{Severity, Summary};

fn bytes(write: fn(&mut dyn io::Write, &Report<'_>) -> io::Result<()>, whole: &Whole) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, &whole.report()).unwrap();
    out
}

fn text(write: fn(&mut dyn io::Write, &Report<'_>) -> io::Result<()>, whole: &Whole) -> String {
    String::from_utf8(bytes(write, whole)).unwrap()
}

/// Data sets of all shapes: usual, nothing, one instant, a flood, weeks with silence.
fn shapes() -> Vec<(&'static str, Whole)> {
    let mut empty = Whole::usual();
    (empty.summary, empty.series) = (Summary::default(), Series::default());
    empty.alerts.clear();
    empty.sources.clear();

    let mut instant = Whole::usual();
    instant.series = Series::default();
    instant.series.push(&second(0, 17));
    instant.summary.last = instant.summary.first;
    instant.summary.per_second = PerSecond {
        active: 1,
        span: 1,
        packets_mean: 17.0,
        bytes_mean: 11_900.0,
        ..Default::default()
    };
    instant.alerts.truncate(1);
    (instant.alerts[0].first, instant.alerts[0].last) = (fixture::at(0), fixture::at(0));

    // A day of an office: quiet at night, a backup in the evening, a flood at noon.
    let mut day = Whole::usual();
    day.series = Series::default();
    for s in (0..86_400_i64).step_by(5) {
        let hour = s / 3_600;
        let busy = if (7..18).contains(&hour) { 400 } else { 40 };
        let flood = if (43_000..43_400).contains(&s) { 3_500 } else { 0 };
        let backup = if (68_000..71_000).contains(&s) { 1_500 } else { 0 };
        day.series.push(&second(s - 43_200, busy + flood + backup + s.unsigned_abs() * 31 % 97));
    }
    let mut flood = fixture::port_scan();
    flood.title = "SYN flood against 192.168.1.25 port 443".into();
    flood.severity = Severity::Critical;
    (flood.first, flood.last) = (fixture::at(-200), fixture::at(190));
    day.alerts.push(flood);
    let mut late = fixture::port_scan();
    (late.first, late.last) = (fixture::at(42_000), fixture::at(42_900));
    day.alerts.push(late);

    let mut long = Whole::usual();
    long.series = Series::default();
    for s in 0..40_000_i64 {
        let packets = if s % 86_400 < 100 { 0 } else { 200 + (s.unsigned_abs() * 7_919) % 300 };
        long.series.push(&second(s * 30, if s == 31_337 { 40_000 } else { packets }));
    }
    long.alerts = (0..400).map(|i| alert(i * 3_000, i)).collect();
    vec![
        ("usual", Whole::usual()),
        ("empty", empty),
        ("instant", instant),
        ("day", day),
        ("long", long),
    ]
}

fn second(offset: i64, packets: u64) -> SecondTotals {
    SecondTotals {
        second: fixture::NOON + offset,
        packets,
        bytes: packets * 700,
        ..SecondTotals::default()
    }
}

fn alert(offset: i64, i: i64) -> anomalyzer_engine::Alert {
    let severity = Severity::ALL[usize::try_from(i % 5).unwrap()];
    let mut alert = fixture::statistic("port-scan", "Something happened here", severity);
    (alert.first, alert.last) = (fixture::at(offset), fixture::at(offset + 40_000 * (i % 3)));
    alert
}

/// Opened elements are closed in order, and text holds no stray markup.
fn check_markup(text: &str) {
    let mut open: Vec<&str> = Vec::new();
    for piece in text.split('<').skip(1) {
        let (tag, after) = piece.split_once('>').expect("every < has its >");
        assert!(!after.contains('>') || after.contains("&gt;"), "{after}");
        let name = tag.split([' ', '\n']).next().unwrap();
        if let Some(closed) = name.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed));
        } else if !tag.ends_with('/') && !matches!(name, "!doctype" | "meta") {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn every_shape_draws() {
    for (name, whole) in shapes() {
        let picture = text(svg, &whole);
        check_markup(&picture);
        assert!(
            !["NaN", "\"inf", ",inf", "\"-inf", ",-inf"].iter().any(|n| picture.contains(n)),
            "{name}"
        );
        assert!(picture.len() < 600_000, "{name}: {} bytes", picture.len());
        assert_eq!(picture, text(svg, &whole), "{name} is the same twice");
        check_markup(&text(html, &whole));
        let picture = bytes(png, &whole);
        assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n"), "{name}");
        if let Ok(folder) = std::env::var("ANOMALYZER_PLOTS") {
            let path = |ending: &str| format!("{folder}/{name}.{ending}");
            std::fs::write(path("svg"), text(svg, &whole)).unwrap();
            std::fs::write(path("html"), text(html, &whole)).unwrap();
            std::fs::write(path("png"), picture).unwrap();
        }
    }
}

#[test]
fn the_picture_says_what_it_shows() {
    let picture = text(svg, &Whole::usual());
    for said in [
        ">office.pcapng, second.pcap.gz<",
        ">Traffic volume<",
        ">threshold 2 MB/s: mean + 3 standard deviations<",
        ">peak 2.16 MB/s<",
        ">peak 4 k<",
        ">1 high<",
        ">Port scan of 192.168.1.25 by 192.168.1.10<",
        ">12:00:30<",
        ">2025-10-11<",
        ">80/tcp http<",
        ">88.1 %<",
    ] {
        assert!(picture.contains(said), "{said}\n{picture}");
    }
}

#[test]
fn hostile_names_are_text() {
    for name in fixture::hostile_names() {
        let whole = Whole::hostile(&name);
        for page in [text(svg, &whole), text(html, &whole)] {
            check_markup(&page);
            assert!(page.bytes().all(|b| b == b'\n' || (b >= 0x20 && b != 0x7f)));
            for forbidden in ["<script", "<img", "onload=alert(1)>", "<b>x"] {
                assert!(!page.contains(forbidden), "{forbidden}");
            }
        }
    }
    let name = &fixture::hostile_names()[16];
    bytes(png, &Whole::hostile(name));
}

#[test]
fn png_pixels_follow_the_layout() {
    let whole = Whole::usual();
    let file = bytes(png, &whole);
    let decoder = ::png::Decoder::new(io::Cursor::new(&file));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let (width, height) = layout::size(&whole.report());
    assert!((f64::from(info.width) - width * PNG_SCALE).abs() < 1.0);
    assert!((f64::from(info.height) - height * PNG_SCALE).abs() < 1.0);
    let pixel = |x: usize, y: usize| &pixels[(y * info.width as usize + x) * 3..][..3];
    assert_eq!(pixel(0, 0), [0xff; 3], "paper");
    // The peak of ten seconds fills its part of the volume panel with the blue of bytes.
    let inside = pixel(900, 560);
    assert!(inside[2] > inside[0] && inside[0] < 0xe0, "{inside:?}");
}
