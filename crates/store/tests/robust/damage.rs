//! Damaged files: the store opens, the file is kept, what can be read is there.

use crate::{Random, alert, audit, fill, open, read_all, sensor, timed};
use anomalyzer_store::{Control, Options, SourceId, Store};
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const NAMES: [&str; 3] = ["control.db", "control.db-wal", "control.keep.db"];

/// How often: more in a long run (`ANOMALYZER_DAMAGE_RUNS`).
fn runs(usual: u64) -> u64 {
    std::env::var("ANOMALYZER_DAMAGE_RUNS").map_or(usual, |n| n.parse().unwrap())
}

/// The files of a filled store, after it was closed or in the middle of work.
fn files(closed: bool) -> Vec<(&'static str, Vec<u8>)> {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    fill(store.control());
    store.retain(1_000).unwrap();
    store.control().put_alerts(SourceId::SENSOR, &[alert(1_000)]).unwrap();
    let still_open = (!closed).then_some(store);
    let read = |name: &'static str| Some((name, fs::read(dir.path().join(name)).ok()?));
    let files: Vec<_> = NAMES.into_iter().filter_map(read).collect();
    drop(still_open);
    files
}

fn lay_out(files: &[(&'static str, Vec<u8>)]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for (name, bytes) in files {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

fn kept_aside(dir: &Path) -> Vec<PathBuf> {
    let aside = |p: &PathBuf| {
        let name = p.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("control.db.corrupt-") && !name.ends_with("-wal")
    };
    fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).filter(aside).collect()
}

/// Damages a file in one of the ways that files are damaged.
fn harm(bytes: &mut Vec<u8>, random: &mut Random) -> &'static str {
    let length = bytes.len();
    match random.below(6) {
        0 => {
            for _ in 0..=random.below(40) {
                let at = random.below(length);
                bytes[at] ^= 1 << random.below(8);
            }
            "bits"
        }
        1 => {
            bytes.truncate(random.below(length));
            "cut"
        }
        2 => {
            let page = random.below(length / 4096) * 4096;
            bytes[page..page + 4096].fill(0);
            "page of zeros"
        }
        3 => {
            let at = random.below(length);
            let end = (at + 1 + random.below(20_000)).min(length);
            for byte in &mut bytes[at..end] {
                *byte = random.next().to_le_bytes()[0];
            }
            "garbage"
        }
        4 => {
            let at = random.below(100.min(length));
            bytes[at] ^= 1 << random.below(8);
            "header"
        }
        _ => {
            let from = random.below(length / 4096) * 4096;
            let to = random.below(length / 4096) * 4096;
            bytes.copy_within(from..from + 4096, to);
            "page of another place"
        }
    }
}

/// Opens a store and uses it.
fn use_it(dir: &Path, what: &str) -> Store {
    let (store, took) = timed(|| Store::open(dir, &Options::default()));
    let store = store.unwrap_or_else(|e| panic!("{what}: {e}"));
    assert!(took < Duration::from_secs(30), "{what}: {took:?}");
    let c = store.control();
    read_all(c).unwrap_or_else(|e| panic!("{what}: {e}"));
    sensor(c);
    let news = alert(5_000);
    c.put_alerts(SourceId::SENSOR, &[news]).unwrap_or_else(|e| panic!("{what}: {e}"));
    c.audit(&audit(9)).unwrap_or_else(|e| panic!("{what}: {e}"));
    store
}

fn check(files: &[(&'static str, Vec<u8>)], seeds: std::ops::Range<u64>) -> usize {
    let mut salvaged = 0;
    for seed in seeds {
        let mut random = Random(seed);
        let mut files = files.to_vec();
        // The store itself mostly, now and then its log.
        let which = usize::from(files[1].0 == "control.db-wal" && random.below(3) == 0);
        let how = harm(&mut files[which].1, &mut random);
        let what = format!("seed {seed}: {how} in {}", files[which].0);
        let dir = lay_out(&files);
        let store = use_it(dir.path(), &what);
        let told = store.health().set_aside;
        let aside = kept_aside(dir.path());
        assert_eq!(told.len(), aside.len(), "{what}: {told:?}");
        let Some(aside) = aside.first() else { continue };
        salvaged += 1;
        assert!(
            fs::read(aside).unwrap() == files[0].1,
            "{what}: the damaged file is kept as it was"
        );
        let c = store.control();
        assert!(c.user_named("admin").unwrap().is_some(), "{what}: somebody can log in; {told:?}");
        assert_eq!(c.users().unwrap().len(), 21, "{what}");
        let trail = c.audit_entries(None, Some("store.salvage"), 9).unwrap();
        assert_eq!(trail.len(), 1, "{what}: the trail tells of it");
        // And all is well from now on.
        drop(store);
        let store = use_it(dir.path(), &what);
        assert_eq!(store.health().set_aside, [""; 0], "{what}");
        assert!(store.verify().unwrap().files.iter().all(|f| f.problem.is_none()), "{what}");
    }
    salvaged
}

#[test]
fn a_closed_store_that_was_damaged_opens() {
    let runs = runs(70);
    let salvaged = check(&files(true), 0..runs);
    println!("{salvaged} of {runs} were found to be damaged and salvaged");
    assert!(salvaged as u64 * 7 > runs * 3, "{salvaged} of {runs}");
}

#[test]
fn a_header_with_a_flipped_bit_is_found_or_does_not_matter() {
    let files = files(true);
    for bit in (0..800).step_by(if runs(1) > 1 { 1 } else { 9 }).chain(18 * 8..20 * 8) {
        let mut files = files.clone();
        files[0].1[bit / 8] ^= 1 << (bit % 8);
        let dir = lay_out(&files);
        let store = use_it(dir.path(), &format!("bit {bit} of the header"));
        assert_eq!(store.control().users().unwrap().len(), 21, "bit {bit}");
    }
}

#[test]
fn a_store_damaged_in_the_middle_of_work_opens() {
    let runs = runs(40);
    let salvaged = check(&files(false), 1_000_000..1_000_000 + runs);
    println!("{salvaged} of {runs} were found to be damaged and salvaged");
    assert!(salvaged as u64 * 4 > runs, "{salvaged} of {runs}");
}

#[test]
fn most_rows_outlive_a_lost_page() {
    let files = files(true);
    let pages = files[0].1.len() / 4096;
    let mut left = Vec::new();
    for page in (1..pages).step_by(pages / 40) {
        let mut files = files.clone();
        files[0].1[page * 4096..(page + 1) * 4096].fill(0xff);
        let dir = lay_out(&files);
        let store = use_it(dir.path(), &format!("page {page}"));
        left.push(store.control().alerts(&crate::every_alert()).unwrap().total);
    }
    left.sort_unstable();
    // The first page of a table is the way to all others.
    let all = left.iter().filter(|n| **n >= 290).count();
    assert!(all * 10 >= left.len() * 9, "of 302 alerts are left, page by page: {left:?}");
}

#[test]
fn a_store_that_is_gone_or_empty_comes_back_from_its_copy() {
    for empty in [false, true] {
        let mut files = files(true);
        files.retain(|(name, _)| *name == "control.keep.db");
        if empty {
            files.push(("control.db", Vec::new()));
        }
        let dir = lay_out(&files);
        let store = use_it(dir.path(), "gone");
        let c = store.control();
        assert_eq!(c.users().unwrap().len(), 21);
        assert_eq!(c.value("secret.csrf").unwrap(), Some(vec![7; 32]));
        assert_eq!(store.health().set_aside.len(), 1);
    }
}

#[test]
fn a_whole_table_is_not_filled_from_the_copy() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    fill(store.control());
    store.retain(1_000).unwrap();
    let gone = store.control().user_named("user 3").unwrap().unwrap().id;
    store.control().remove_user(gone).unwrap();
    drop(store);
    // Damage elsewhere: a page of alerts.
    let path = dir.path().join("control.db");
    let db = Connection::open(&path).unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'alert_record'";
    let page: i64 = db.query_row(sql, [], |row| row.get(0)).unwrap();
    db.close().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let at = usize::try_from(page - 1).unwrap() * 4096;
    bytes[at..at + 4096].fill(0xaa);
    fs::write(&path, bytes).unwrap();
    let store = use_it(dir.path(), "alerts");
    assert_eq!(store.health().set_aside.len(), 1);
    assert!(store.control().user_named("user 3").unwrap().is_none(), "who was removed stays so");
    assert!(store.control().user_named("user 4").unwrap().is_some());
}

#[test]
fn a_salvage_that_was_interrupted_is_ended() {
    let files = files(true);
    // Killed while the new file was made: it is thrown away.
    let dir = lay_out(&files);
    fs::write(dir.path().join("control.db.new"), b"half").unwrap();
    let store = use_it(dir.path(), "half");
    assert_eq!(store.control().users().unwrap().len(), 21);
    drop(store);
    assert!(!dir.path().join("control.db.new").exists());
    // Killed between the two renames: the new file is whole.
    fs::rename(dir.path().join("control.db"), dir.path().join("control.db.new")).unwrap();
    fs::write(dir.path().join("control.db.corrupt-20260101T000000Z"), b"old").unwrap();
    let store = use_it(dir.path(), "renamed");
    assert_eq!(store.control().users().unwrap().len(), 21);
    assert_eq!(store.health().set_aside, [""; 0]);
}

#[test]
fn news_after_a_salvage_come_behind_all_before() {
    let mut files = files(true);
    let dir = lay_out(&files);
    let revision = |store: &Store, n| {
        let rows = store.control().put_alerts(SourceId::SENSOR, &[alert(n)]).unwrap();
        rows[0].revision
    };
    let before = revision(&open(dir.path()), 2_000);
    let length = files[0].1.len();
    files[0].1.truncate(length / 4096 * 4096 / 2);
    let dir = lay_out(&files);
    let store = open(dir.path());
    assert_eq!(store.health().set_aside.len(), 1);
    assert!(revision(&store, 3_000) > before);
}

#[test]
fn salvage_by_hand_writes_a_new_file_only() {
    let mut files = files(true);
    let at = files[0].1.len() / 2;
    files[0].1[at..at + 9_000].fill(0x55);
    let dir = lay_out(&files);
    let (old, new) = (dir.path().join("control.db"), dir.path().join("saved.db"));
    let tables = Control::salvage(&old, &new).unwrap();
    assert!(fs::read(&old).unwrap() == files[0].1);
    let rows = |name: &str| tables.iter().find(|t| t.table == name).unwrap().rows;
    assert!(rows("user") > 0 && rows("alert") > 0 && tables.iter().any(|t| t.damaged));
    assert!(Control::salvage(&old, &new).is_err(), "a file that is there is not written over");
    assert!(Control::salvage(&dir.path().join("none"), &dir.path().join("n.db")).is_err());
}

#[test]
fn verify_tells_what_is_damaged_and_counts_rows() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    fill(store.control());
    let found = store.verify().unwrap();
    assert!(found.whole(), "{found:?}");
    assert_eq!((found.audit.clone(), found.set_aside.len()), (Ok(Ok(200)), 0));
    let control = found.files.iter().find(|f| f.path.ends_with("control.db")).unwrap();
    assert!(control.rows.contains(&("user".into(), 21)) && control.bytes > 0);
    fs::write(dir.path().join("series.db.corrupt-1"), b"x").unwrap();
    fs::write(dir.path().join("other.db"), vec![7; 9_000]).unwrap();
    let db = Connection::open(dir.path().join("control.db")).unwrap();
    db.execute("UPDATE audit SET actor = 'bob' WHERE id = 7", []).unwrap();
    let found = store.verify().unwrap();
    assert!(!found.whole());
    assert_eq!((found.audit.clone(), found.set_aside.len()), (Ok(Err(7)), 1));
    let other = found.files.iter().find(|f| f.path.ends_with("other.db")).unwrap();
    assert!(other.problem.as_ref().unwrap().contains("not a database"), "{other:?}");
}
