//! Writes that fail, wherever in its work the store is: what was acknowledged is there afterwards,
//! and the store opens again.
//!
//! A child works under a limit of the size of files, which fails the first write beyond it. With
//! another limit that is another write: of the file itself while it is made, of its log, of the
//! log's way back into the file.

use crate::{SENSOR, alert, audit, new_sensor, open, user};
use anomalyzer_store::control::Role;
use anomalyzer_store::{Options, Store, StoreError};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const DIR: &str = "ANOMALYZER_TEST_FAULT_DIR";
const ROUNDS: i64 = 400;

/// Works until something cannot be kept. What was refused is asked for again: a store that has
/// failed once still answers.
fn work(dir: &Path) -> Result<(), StoreError> {
    let store = Store::open(dir, &Options::default())?;
    let c = store.control();
    c.put_source(Some(SENSOR), &new_sensor(), 1)?;
    for n in 0..ROUNDS {
        let batch: Vec<_> = (0..20).map(|k| alert(n * 20 + k)).collect();
        let done = c
            .put_alerts(SENSOR, &batch)
            .and_then(|_| c.audit(&audit(n)))
            .and_then(|()| c.add_user(&user(&format!("user {n}"), Role::Viewer), n));
        match done {
            Ok(_) => println!("done {n}"),
            Err(error) => {
                assert!(n == 0 || c.alert(SENSOR, &format!("a{}", n * 20 - 20)).is_ok());
                return Err(error);
            }
        }
    }
    Ok(())
}

/// The child of [`nothing_acknowledged_is_lost_at_any_write_that_fails`]; on its own it has nothing
/// to do.
#[test]
fn works_until_a_write_fails() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    if let Err(error) = work(Path::new(&dir)) {
        println!("refused {error}");
    }
    println!("ended");
}

/// Runs a child whose files have at most so many blocks of 512 bytes: the rounds it did, and why
/// it stopped.
fn limited(dir: &Path, blocks: u64) -> (i64, Option<String>) {
    let test = std::env::current_exe().unwrap();
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""))
        .arg(test)
        .args(["--exact", "faults::works_until_a_write_fails", "--nocapture", "--test-threads=1"])
        .env(DIR, dir)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("ended"), "{blocks} blocks: the child broke off: {text}{errors}");
    let last =
        text.lines().filter_map(|line| line.split_once("done ")?.1.trim().parse().ok()).next_back();
    let refused = text.lines().find_map(|line| Some(line.split_once("refused ")?.1.to_owned()));
    (last.unwrap_or(-1), refused)
}

#[test]
fn nothing_acknowledged_is_lost_at_any_write_that_fails() {
    let mut refused = 0;
    let mut rounds = std::collections::BTreeSet::new();
    for step in 0..24_u64 {
        let dir = TempDir::new().unwrap();
        let blocks = 1 + step * step * 24;
        let (done, why) = limited(dir.path(), blocks);
        refused += u64::from(why.is_some());
        rounds.insert(done);
        let store = open(dir.path());
        let c = store.control();
        for n in 0..=done {
            assert!(c.alert(SENSOR, &format!("a{}", n * 20)).is_ok(), "{blocks} blocks, round {n}");
            assert!(c.alert(SENSOR, &format!("a{}", n * 20 + 19)).is_ok(), "{blocks}, round {n}");
            assert!(c.user_named(&format!("user {n}")).unwrap().is_some(), "{blocks}, round {n}");
        }
        let entries = c.verify_audit().unwrap().expect("the chain holds");
        assert!(entries.cast_signed() > done, "{blocks} blocks: {entries} entries, {done} rounds");
        // And it goes on from there.
        c.put_source(Some(SENSOR), &new_sensor(), 1).unwrap();
        c.put_alerts(SENSOR, &[alert(1_000_000)]).unwrap();
    }
    assert!(refused >= 12 && rounds.len() >= 8, "{refused} failures in rounds {rounds:?}");
}
