//! The page as people see it.

use super::*;
use crate::fixture::{self, Whole};
use anomalyzer_engine::Summary;
use anomalyzer_engine::observation::SecondTotals;
use anomalyzer_engine::series::Series;

fn page(whole: &Whole, style: &Style<'_>) -> String {
    let mut out = Vec::new();
    write(&mut out, &whole.report(), style).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn golden() {
    let text = page(&Whole::usual(), &Style::default());
    assert_eq!(text, include_str!("golden.txt"), "the page is now:\n{text}");
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let mut wide = Whole::usual();
    for alert in &mut wide.alerts {
        alert.title = "word ".repeat(100);
        alert.explanation = "x".repeat(500);
    }
    for incident in &mut wide.incidents {
        incident.title = "word ".repeat(100);
        incident.story.iter_mut().for_each(|step| step.title = "x".repeat(500));
    }
    for whole in [Whole::usual(), wide] {
        for width in [60, 72, 80, 100, 120] {
            let text = page(&whole, &Style { width, ..Style::default() });
            for line in text.lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
    }
}

#[test]
fn ascii_and_colour_only_when_asked() {
    let whole = Whole::usual();
    let ascii = page(&whole, &Style { unicode: false, ..Style::default() });
    assert!(ascii.is_ascii());
    let plain = page(&whole, &Style::default());
    assert!(!plain.contains('\x1b'));
    let colour = page(&whole, &Style { color: true, ..Style::default() });
    assert!(colour.contains("\x1b[1;31mHIGH\x1b[0m"));
    // Colour adds nothing but its sequences, so columns line up with it and without.
    let mut stripped = String::new();
    for (i, part) in colour.split("\x1b[").enumerate() {
        stripped.push_str(if i == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    let lines = |text: &str| text.lines().map(|l| l.trim_end().to_owned()).collect::<Vec<_>>();
    assert_eq!(lines(&stripped), lines(&plain));
}

#[test]
fn verdicts_and_suppressions_are_shown() {
    let mut whole = Whole::usual();
    whole.alerts = vec![fixture::judged()];
    let text = page(&whole, &Style::default());
    assert!(text.contains("    Feedback  false alarm: our scanner\n"), "{text}");
    assert!(text.contains("    Id        a1b2c3d4e5f60718\n"), "{text}");
    assert!(text.contains("\nSuppressed  2\n  2 alerts by rule 0a1b2c3d (detector port-scan"));
}

#[test]
fn local_time_is_the_callers() {
    let local = |time: Timestamp| format!("<{}>", time.secs() - fixture::NOON);
    let style = Style { local_time: Some(&local), ..Style::default() };
    let text = page(&Whole::usual(), &style);
    assert!(text.contains("<0> to <119>") && text.contains("<35> for 1 min"));
    assert!(!text.contains("UTC") && !text.contains("12:00"));
}

#[test]
fn hostile_names_steer_nothing() {
    for name in fixture::hostile_names() {
        let text = page(&Whole::hostile(&name), &Style::default());
        assert!(text.bytes().all(|b| b == b'\n' || (b >= 0x20 && b != 0x7f)));
        let steers = |c: char| c != '\n' && (c.is_control() || anomalyzer_wire::is_invisible(c));
        assert!(!text.contains(steers), "{name:?}");
        // A name cannot forge a heading: no line of its own begins with what it holds.
        assert_eq!(text.lines().filter(|line| line.starts_with("Alerts  ")).count(), 1);
        assert_eq!(text.lines().filter(|line| line.starts_with("Incidents  ")).count(), 1);
    }
}

#[test]
fn nothing_one_packet_and_a_long_capture() {
    let mut empty = Whole::usual();
    (empty.summary, empty.series) = (Summary::default(), Series::default());
    empty.alerts.clear();
    empty.incidents.clear();
    empty.hosts.clear();
    empty.sources.truncate(1);
    let text = page(&empty, &Style::default());
    assert!(text.contains("No packets.") && text.contains("Alerts  none"), "{text}");

    let mut one = Whole::usual();
    one.summary.last = one.summary.first;
    one.series = Series::default();
    one.series.push(&SecondTotals { second: fixture::NOON, packets: 1, ..Default::default() });
    assert!(page(&one, &Style::default()).contains("flows in 0 s"));

    let mut years = Whole::usual();
    years.summary.last = years.summary.first.map(|t| t.plus_secs(86_400 * 900));
    assert!(page(&years, &Style::default()).contains("2025-10-11 12:00:35 for 1 min"));
}

#[test]
fn the_limit_says_what_it_hides() {
    let mut whole = Whole::usual();
    whole.alerts = vec![fixture::port_scan(); 7];
    let text = page(&whole, &Style { alerts_max: 3, ..Style::default() });
    assert_eq!(text.matches("  HIGH  ").count(), 3);
    assert!(text.contains("and 4 alerts more"));
    whole.incidents = vec![fixture::incident(); 12];
    whole.incidents[0].story = (0..40)
        .map(|n| {
            let mut step = fixture::incident().story.remove(n % 2);
            step.title = format!("step {n}");
            step
        })
        .collect();
    whole.incidents[0].alerts = 45;
    let text = page(&whole, &Style::default());
    assert_eq!(text.matches("  CRITICAL  ").count(), 10);
    assert!(text.contains("and 2 incidents more") && text.contains("and 33 alerts more"), "{text}");
}
