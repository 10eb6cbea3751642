//! Over time: retention, damage, crashes, readers beside a writer, a full disk.

use super::fixture::{self, DAY, EVER, all, history, plain};
use super::*;
use anomalyzer_wire::Timestamp;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const SENSOR: SourceId = SourceId::SENSOR;
const HOUR: i64 = 3_600;

fn write(history: &History, source: SourceId, numbers: std::ops::Range<u32>, from_s: i64) {
    let flows: Vec<FlowRecord> = numbers.map(|n| plain(n, from_s + i64::from(n % 3_600))).collect();
    history.append(source, &flows).unwrap();
    history.flush().unwrap();
}

fn count(history: &History, source: SourceId) -> usize {
    let mut count = 0;
    let mut each = |_: StoredFlow| {
        count += 1;
        true
    };
    history.scan(source, EVER, &Filter::default(), &mut each).unwrap();
    count
}

fn files(history: &History, source: SourceId) -> Vec<String> {
    let found = entries(&history.flows_dir(source)).unwrap();
    let mut names: Vec<String> =
        found.iter().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| partition::PartId::from_file_name(name).is_some());
    names.sort();
    names
}

#[test]
fn old_files_go_by_the_time_of_their_source() {
    let (_dir, history) = history();
    let old = SourceId(2);
    for day in [0, 1, 10, 40, 41] {
        write(&history, SENSOR, 0..200, DAY + day * 86_400);
        // A capture of nine years ago.
        write(&history, old, 0..100, DAY + (day - 3_300) * 86_400 / 2);
    }
    assert!(history.retain().unwrap() > 0);
    assert_eq!(files(&history, SENSOR), ["2026-12-31.db", "2027-01-01.db"]);
    assert_eq!((count(&history, SENSOR), count(&history, old)), (400, 500));
    assert_eq!(history.retain().unwrap(), 0);
}

#[test]
fn one_flow_from_the_future_takes_nothing_away() {
    let (_dir, history) = history();
    for day in 0..5 {
        write(&history, SENSOR, 0..20_000, DAY + day * 86_400);
    }
    write(&history, SENSOR, 0..1, DAY + 20_000 * 86_400);
    history.retain().unwrap();
    assert_eq!(count(&history, SENSOR), 100_001);
}

#[test]
fn the_oldest_go_when_it_is_too_much() {
    let (_dir, history) = history();
    for day in 0..6 {
        write(&history, SENSOR, 0..3_000, DAY + day * 86_400);
    }
    history.retain().unwrap();
    let bytes = history.bytes();
    let options = Options { history_bytes: bytes / 2, ..fixture::options() };
    history.configure(&options);
    let freed = history.retain().unwrap();
    assert_eq!(history.bytes(), bytes - freed);
    assert!(history.bytes() <= bytes / 2 && history.bytes() > 0);
    assert_eq!(files(&history, SENSOR).last().unwrap(), "2026-11-26.db");
    assert_eq!(count(&history, SENSOR), files(&history, SENSOR).len() * 3_000);
    // The latest stays, whatever its size.
    history.configure(&Options { history_bytes: 1, ..fixture::options() });
    history.retain().unwrap();
    assert_eq!(count(&history, SENSOR), 3_000);
}

#[test]
fn a_full_day_goes_on_in_hours_and_a_source_of_years_in_years() {
    let (_dir, history) = history();
    let files = Files::open(SENSOR, history.flows_dir(SENSOR)).unwrap();
    let at = |secs| Timestamp::from_secs_nanos(secs, 0);
    let name = |secs| files.place(at(secs), 30).file_name();
    assert_eq!(name(DAY), "2026-11-21.db");
    files.set_bytes(files.place(at(DAY), 30), partition::FULL_BYTES);
    assert_eq!(name(DAY + 5 * HOUR), "2026-11-21T05.db");
    assert_eq!(name(DAY + 86_400), "2026-11-22.db");
    for day in 0..100 {
        files.set_bytes(files.place(at(DAY + day * 86_400), 30), 1);
    }
    assert_eq!(name(DAY + 200 * 86_400), "2027.db");
    files.set_bytes(files.place(at(DAY + 200 * 86_400), 30), partition::FULL_BYTES);
    assert_eq!(name(DAY + 300 * 86_400), "2027-09-17.db");
}

#[test]
fn a_removed_source_is_gone_and_comes_back_empty() {
    let (_dir, history) = history();
    write(&history, SENSOR, 0..100, DAY);
    write(&history, SourceId(2), 0..50, DAY);
    assert_eq!((count(&history, SENSOR), count(&history, SourceId(2))), (100, 50));
    history.remove(SENSOR).unwrap();
    assert_eq!((count(&history, SENSOR), count(&history, SourceId(2))), (0, 50));
    write(&history, SENSOR, 0..7, DAY);
    assert_eq!(count(&history, SENSOR), 7);
}

#[test]
fn late_flows_are_found_by_their_own_time() {
    let (_dir, history) = history();
    write(&history, SENSOR, 0..1_000, DAY + 2 * 86_400);
    write(&history, SENSOR, 0..1_000, DAY);
    write(&history, SENSOR, 0..10, DAY + 2 * 86_400 - 4 * HOUR);
    let day = Range {
        from: Timestamp::from_secs_nanos(DAY, 0),
        to: Timestamp::from_secs_nanos(DAY + 86_400, 0),
    };
    let groups = history.groups(SENSOR, day, &Filter::default(), GroupBy::Proto, 10).unwrap();
    assert_eq!(groups[0].flows, 1_000);
    let times: Vec<_> = all(&history).iter().map(|flow| flow.last).collect();
    assert_eq!(times.len(), 2_010);
    assert!(times.is_sorted());
}

#[test]
fn pages_cover_everything_once_while_flows_come_in() {
    for (sort, descending) in [
        (FlowSort::Last, true),
        (FlowSort::Last, false),
        (FlowSort::Bytes, true),
        (FlowSort::Src, false),
        (FlowSort::Duration, true),
    ] {
        let (_dir, history) = history();
        write(&history, SENSOR, 0..1_000, DAY);
        let (filter, cursor) = (Filter::default(), None);
        let mut query =
            FlowQuery { source: SENSOR, range: EVER, filter, sort, descending, limit: 70, cursor };
        let mut seen = BTreeSet::new();
        let mut next = 10_000;
        loop {
            let page = history.query(&query).unwrap();
            for row in &page.rows {
                assert!(seen.insert(row.key.clone()), "{} twice", row.key);
            }
            write(&history, SENSOR, next..next + 50, DAY + i64::from(next % 4) * HOUR);
            next += 50;
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => break,
            }
        }
        let first: usize =
            seen.iter().filter(|key| history.flow(key).unwrap().record.id.0 < 10_000).count();
        assert_eq!(first, 1_000, "{sort:?} {descending}");
    }
}

#[test]
fn readers_and_a_writer_do_not_hinder_each_other() {
    let (_dir, history) = history();
    write(&history, SENSOR, 0..5_000, DAY);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut before = 0;
                for _ in 0..30 {
                    let groups = history
                        .groups(SENSOR, EVER, &Filter::default(), GroupBy::Proto, 5)
                        .unwrap();
                    assert!(groups[0].flows >= before && groups[0].flows >= 5_000);
                    before = groups[0].flows;
                }
            });
        }
        for n in 0..40 {
            write(&history, SENSOR, n * 100..n * 100 + 100, DAY + 86_400 * i64::from(n % 7));
        }
    });
    assert_eq!(count(&history, SENSOR), 9_000);
}

/// Damage of one file costs no more than its own flows, makes nothing panic, and is told.
#[test]
fn a_damaged_file_costs_only_itself() {
    let mut random = 12_345_u64;
    let mut below = |n: usize| {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap() % n
    };
    let (original, made) = history();
    for day in 0..3 {
        write(&made, SENSOR, 0..2_000, DAY + day * 86_400);
    }
    made.retain().unwrap();
    made.retain().unwrap();
    drop(made);
    for round in 0..60 {
        let dir = tempfile::tempdir().unwrap();
        let flows = dir.path().join("history/1/flows");
        std::fs::create_dir_all(&flows).unwrap();
        for entry in entries(&original.path().join("history/1/flows")).unwrap() {
            std::fs::copy(entry.path(), flows.join(entry.file_name())).unwrap();
        }
        let path = flows.join("2026-11-22.db");
        let mut bytes = std::fs::read(&path).unwrap();
        match round % 3 {
            0 => bytes.truncate(below(bytes.len())),
            1 => (0..20).for_each(|_| bytes[below(100)] ^= 1 << below(8)),
            _ => (0..50).for_each(|_| {
                let place = below(bytes.len());
                bytes[place] ^= 1 << below(8);
            }),
        }
        std::fs::write(&path, bytes).unwrap();
        let history = fixture::open(dir.path());
        let found = count(&history, SENSOR);
        assert!((4_000..=6_000).contains(&found), "round {round}: {found}");
        assert!(found == 6_000 || !history.set_aside().is_empty() || round % 3 == 2, "{round}");
        let groups = history.groups(SENSOR, EVER, &Filter::default(), GroupBy::Src, 10).unwrap();
        assert!(!groups.is_empty());
        // The day can be written again.
        write(&history, SENSOR, 0..10, DAY + 86_400);
        assert!(count(&history, SENSOR) >= 4_010, "round {round}");
    }
}

#[test]
fn a_full_disk_is_told_counted_and_survived() {
    let dir = tempfile::tempdir().unwrap();
    let full = Options { free_bytes_min: u64::MAX, ..Options::default() };
    // A twentieth of the disk is the most that must be free; so ask for more than there can be.
    let room = Arc::new(Room::new(dir.path(), &full));
    if room.for_bulk().is_ok() {
        // The disk is emptier than that: nothing to see here but that writing works.
        return;
    }
    let history = History::open(dir.path(), &full, room).unwrap();
    let flows: Vec<FlowRecord> = (0..1_000).map(|n| plain(n, DAY)).collect();
    history.append(SENSOR, &flows).unwrap();
    assert!(matches!(history.flush(), Err(StoreError::Full(_))));
    assert!(history.storage_full().is_some());
}

const CHILD: &str = "ANOMALYZER_TEST_KILL_DIR";

/// The child of the test below: writes and says what is flushed, until it is killed.
#[test]
fn child_that_is_killed() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    let history = fixture::open(Path::new(&dir));
    let start = u32::try_from(count(&history, SENSOR)).unwrap();
    println!("\nready {start}");
    for n in start.. {
        let batch = [plain(n, DAY + i64::from(n) * 7)];
        history.append(SENSOR, &batch).unwrap();
        if n % 13 == 0 {
            history.flush().unwrap();
            println!("flushed {n}");
        }
    }
}

#[test]
fn a_kill_loses_only_what_was_not_flushed() {
    let dir = tempfile::tempdir().unwrap();
    let mut flushed = 0;
    for round in 0..12 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "history::tests_life::child_that_is_killed", "--nocapture"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let number = |line: &str, word: &str| {
            line.strip_prefix(word).and_then(|rest| rest.trim().parse::<usize>().ok())
        };
        let found = lines.by_ref().find_map(|line| number(&line.unwrap(), "ready")).unwrap();
        assert!(found > flushed || round == 0 && found == 0, "{found} of {flushed}, round {round}");
        for line in lines.by_ref().take(20 + round * 9) {
            flushed = number(&line.unwrap(), "flushed").unwrap_or(flushed);
        }
        child.kill().unwrap();
        for line in lines.map_while(std::result::Result::ok) {
            flushed = number(&line, "flushed").unwrap_or(flushed);
        }
        child.wait().unwrap();
    }
    let history = fixture::open(dir.path());
    let ids: BTreeSet<u64> = all(&history).iter().map(|flow| flow.id.0).collect();
    // None is missing, none is there twice.
    assert_eq!(ids.len(), count(&history, SENSOR));
    assert!(ids.len() > flushed && ids.iter().copied().eq(0..ids.len() as u64));
    assert!(history.set_aside().is_empty());
}
