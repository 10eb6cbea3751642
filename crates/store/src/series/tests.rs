//! Answers compared with sums made by hand.

use super::*;
use crate::Options;
use anomalyzer_wire::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeMap;

const SENSOR: SourceId = SourceId::SENSOR;
const DAY: i64 = 1_795_219_200;
const NOTHING: Sums = Sums { packets: 0, bytes: 0, flows: 0, bytes_sent: 0 };

fn store() -> (tempfile::TempDir, SeriesStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = reopen(dir.path());
    (dir, store)
}

fn reopen(dir: &Path) -> SeriesStore {
    let options = Options { free_bytes_min: 0, ..Options::default() };
    SeriesStore::open(dir, Arc::new(Room::new(dir, &options))).unwrap()
}

fn row(second: i64, key: &str, bytes: u64) -> Row {
    let sums = Sums { packets: bytes / 100, bytes, flows: 1, bytes_sent: bytes / 2 };
    Row { second, dimension: Dimension::App, key: key.to_owned(), sums }
}

fn range(from: i64, to: i64) -> Range {
    Range { from: Timestamp::from_secs_nanos(from, 0), to: Timestamp::from_secs_nanos(to, 0) }
}

fn ask(from: i64, to: i64, points: usize) -> SeriesQuery {
    let (source, dimension, keys) = (SENSOR, Dimension::App, Vec::new());
    SeriesQuery { source, range: range(from, to), dimension, keys, top: 1_000, points }
}

/// Sums of each key, by hand.
fn naive(rows: &[Row], from: i64, to: i64) -> BTreeMap<String, Sums> {
    let mut all: BTreeMap<String, Sums> = BTreeMap::new();
    for row in rows.iter().filter(|row| (from..to).contains(&row.second)) {
        let sums = all.entry(row.key.clone()).or_insert(NOTHING);
        interval::add(sums, &row.sums);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn totals_and_points_are_the_sums(
        seconds in proptest::collection::vec((0..7_000_i64, 0..6_u8, 0..10_000_u64), 1..200),
        from in 0..7_000_i64,
        span in 1..7_000_i64,
        points in 1..700_usize,
        cut in 0..200_usize,
    ) {
        let rows: Vec<Row> =
            seconds.iter().map(|(s, k, b)| row(DAY + s, &format!("k{k}"), *b)).collect();
        let (dir, store) = store();
        let (a, b) = rows.split_at(cut.min(rows.len()));
        store.append(SENSOR, a).unwrap();
        // A restart in between changes nothing.
        drop(store);
        let store = reopen(dir.path());
        store.append(SENSOR, b).unwrap();
        let (from, to) = (DAY + from, DAY + from + span);
        let totals = store.totals(SENSOR, range(from, to), Dimension::App, 1_000).unwrap();
        let found: BTreeMap<String, Sums> = totals.iter().cloned().collect();
        prop_assert_eq!(&found, &naive(&rows, from, to));
        prop_assert!(totals.is_sorted_by(|x, y| x.1.bytes >= y.1.bytes));

        let answer = store.query(&ask(from, to, points)).unwrap();
        for (key, found) in &answer.series {
            prop_assert!(found.len() <= points + 1);
            prop_assert!(found.is_sorted_by(|x, y| x.start < y.start));
            for point in found {
                let of_key: Vec<Row> = rows.iter().filter(|r| r.key == *key).cloned().collect();
                // The table's intervals at the ends may reach beyond the range, never the step.
                let inside = naive(&of_key, point.start, point.start + answer.step);
                let whole = point.start >= from && point.start + answer.step <= to;
                let expected = inside.get(key).copied().unwrap_or(NOTHING);
                prop_assert!(point.sums.bytes <= expected.bytes);
                if whole {
                    prop_assert_eq!(point.sums, expected);
                    let second = |s| naive(&of_key, s, s + 1).get(key).map_or(0, |x| x.bytes);
                    let peak = (point.start..point.start + answer.step).map(second).max();
                    prop_assert_eq!(Some(point.peak.bytes), peak);
                }
            }
        }
        let first = rows.iter().map(|r| r.second).min().unwrap();
        let last = rows.iter().map(|r| r.second).max().unwrap();
        prop_assert_eq!(store.span(SENSOR).unwrap(), Some((first, last)));
    }

    #[test]
    fn gaps_are_what_nobody_watched(
        watched in proptest::collection::vec((0..100_i64, 1..20_i64), 1..30),
        from in 0..100_i64,
        span in 1..60_i64,
    ) {
        let (_dir, store) = store();
        for (start, length) in &watched {
            store.watched(SENSOR, *start, start + length).unwrap();
        }
        let answer = store.query(&ask(from, from + span, 100)).unwrap();
        let seen = |s: i64| watched.iter().any(|(start, length)| (*start..start + length).contains(&s));
        let gap = |s: i64| answer.gaps.iter().any(|(a, b)| (*a..*b).contains(&s));
        let mut late = (from..from + span).rev().take_while(|s| !seen(*s)).map(|_| 1_i64).sum::<i64>();
        // What has only just gone by is on its way.
        if late > 5 || late == span {
            late = 0;
        }
        for s in from..from + span - late {
            prop_assert_eq!(gap(s), !seen(s), "{} of {:?} in {:?}", s, &answer.gaps, &watched);
        }
    }
}

#[test]
fn a_week_of_minutes_keeps_its_peaks() {
    let (_dir, store) = store();
    for hour in 0..7 * 24 {
        let at = DAY + hour * 3_600;
        let mut rows =
            vec![row(at, "dns", 1_000), row(at + 1, "dns", 9_000), row(at + 70, "tls", 500)];
        rows.push(row(at + 1, "dns", 1_000));
        store.append(SENSOR, &rows).unwrap();
    }
    let answer = store.query(&ask(DAY, DAY + 7 * 86_400, 168)).unwrap();
    assert_eq!(answer.step, 3_600);
    let (key, points) = &answer.series[0];
    assert_eq!((key.as_str(), points.len()), ("dns", 168));
    assert!(points.iter().all(|p| p.sums.bytes == 11_000 && p.peak.bytes == 10_000));
    // Seconds from long ago are gone; their minutes are not.
    let old = store.query(&ask(DAY, DAY + 60, 60)).unwrap();
    assert_eq!((old.step, old.series[0].1.len()), (60, 1));
}

#[test]
fn many_keys_are_bounded_and_nothing_is_lost() {
    let (_dir, store) = store();
    for second in 0..30 {
        let rows: Vec<Row> = (0..200)
            .map(|n| row(DAY + second, &format!("h{}", second * 200 + n), 100 + n.unsigned_abs()))
            .collect();
        store.append(SENSOR, &rows).unwrap();
    }
    store.append(SENSOR, &[row(DAY + 40, "large", 1_000_000)]).unwrap();
    let totals = store.totals(SENSOR, range(DAY, DAY + 3_600), Dimension::App, 1_000).unwrap();
    assert!(totals.len() <= 512 + 128 + 1, "{}", totals.len());
    assert_eq!(totals[0].0, "large");
    assert_eq!(totals.last().unwrap().0, "other");
    let bytes: u64 = totals.iter().map(|(_, sums)| sums.bytes).sum();
    assert_eq!(bytes, 30 * (0..200).map(|n| 100 + n).sum::<u64>() + 1_000_000);
}

#[test]
fn a_removed_source_is_gone_and_others_stay() {
    let (_dir, store) = store();
    for source in [1, 2, 3] {
        store.append(SourceId(source), &[row(DAY, "dns", 100)]).unwrap();
        store.watched(SourceId(source), DAY, DAY + 1).unwrap();
    }
    store.remove(SourceId(2)).unwrap();
    for (source, keys) in [(1, 1), (2, 0), (3, 1)] {
        let totals = store.totals(SourceId(source), range(0, DAY * 2), Dimension::App, 10).unwrap();
        assert_eq!(totals.len(), keys, "{source}");
    }
    assert_eq!(store.span(SourceId(2)).unwrap(), None);
}

#[test]
fn a_damaged_file_is_set_aside_and_work_goes_on() {
    let (dir, store) = store();
    store.append(SENSOR, &[row(DAY, "dns", 100)]).unwrap();
    drop(store);
    let path = dir.path().join("series.db");
    std::fs::write(&path, [7; 5_000]).unwrap();
    let store = reopen(dir.path());
    assert_eq!(store.set_aside().len(), 1);
    store.append(SENSOR, &[row(DAY, "dns", 100)]).unwrap();
    assert_eq!(store.span(SENSOR).unwrap(), Some((DAY, DAY)));
    let kept = std::fs::read_dir(dir.path()).unwrap();
    let corrupt = |e: &std::fs::DirEntry| e.file_name().to_string_lossy().contains(".corrupt-");
    assert_eq!(kept.flatten().filter(corrupt).count(), 1);
}

#[test]
fn times_at_the_ends_of_the_world_are_taken() {
    let (_dir, store) = store();
    for second in [i64::MIN, -1, 0, i64::MAX] {
        store.append(SENSOR, &[row(second, "dns", 100)]).unwrap();
    }
    let all = Range { from: Timestamp::MIN, to: Timestamp::MAX };
    assert!(store.totals(SENSOR, all, Dimension::App, 10).is_ok());
    let answer = SeriesQuery { range: all, ..ask(0, 1, 10) };
    assert!(store.query(&answer).is_ok());
}

#[test]
fn a_query_out_of_time_is_stopped() {
    let (_dir, store) = store();
    store.append(SENSOR, &[row(DAY, "dns", 100)]).unwrap();
    let (chart, totals) = crate::within(Duration::ZERO, || {
        let totals = store.totals(SENSOR, range(DAY, DAY + 60), Dimension::App, 10).map(drop);
        (store.query(&ask(DAY, DAY + 60, 60)).map(drop), totals)
    });
    for result in [chart, totals] {
        assert!(matches!(result, Err(StoreError::Slow(_))), "{result:?}");
    }
    assert_eq!(store.totals(SENSOR, range(DAY, DAY + 60), Dimension::App, 10).unwrap().len(), 1);
}
