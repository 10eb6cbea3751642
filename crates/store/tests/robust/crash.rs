//! Killed in the middle of work: nothing that was acknowledged is lost.

use crate::{Random, SENSOR, alert, audit, open, sensor, timed, user};
use anomalyzer_store::control::{AlertState, Role};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use tempfile::TempDir;

const DIR: &str = "ANOMALYZER_TEST_CRASH_DIR";
const FROM: &str = "ANOMALYZER_TEST_CRASH_FROM";
const KILLS: u64 = 20;

/// What the child does, round by round: each is said to the parent once it is done.
fn write_forever(dir: &Path, from: i64) {
    let store = open(dir);
    let c = store.control();
    sensor(c);
    let mut out = std::io::stdout();
    for n in from.. {
        let batch: Vec<_> = (0..20).map(|k| alert(n * 20 + k)).collect();
        c.put_alerts(SENSOR, &batch).unwrap();
        c.audit(&audit(n)).unwrap();
        c.add_user(&user(&format!("user {n}"), Role::Viewer), n).ok();
        let ids = [format!("a{}", n * 20)];
        let ack = Some(AlertState::Acknowledged);
        c.set_alert_state(SENSOR, &ids, ack, None, None, "ann", n).unwrap();
        writeln!(out, "done {n}").unwrap();
        out.flush().unwrap();
    }
}

/// The child of [`nothing_acknowledged_is_lost_when_killed`]; on its own it has nothing to do.
#[test]
fn writes_until_it_is_killed() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let from = std::env::var(FROM).unwrap().parse().unwrap();
    write_forever(Path::new(&dir), from);
}

/// Runs a child for a while; the last round that it said was done.
fn run_and_kill(dir: &Path, from: i64, after: Duration) -> i64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::writes_until_it_is_killed", "--nocapture", "--test-threads=1"])
        .env(DIR, dir)
        .env(FROM, from.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let (tell, told) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut last = from - 1;
        for line in out.lines().map_while(Result::ok) {
            // The harness writes in the same line.
            if let Some((_, n)) = line.split_once("done ") {
                last = n.trim().parse().unwrap();
                // Nobody may listen any more.
                let _ = tell.send(());
            }
        }
        last
    });
    told.recv_timeout(Duration::from_mins(1)).expect("the child does its first round");
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

#[test]
fn nothing_acknowledged_is_lost_when_killed() {
    let dir = TempDir::new().unwrap();
    let mut random = Random(42);
    let mut from = 0;
    for round in 0..KILLS {
        let after = Duration::from_micros(random.next() % 150_000);
        let done = run_and_kill(dir.path(), from, after);
        assert!(done >= from, "round {round}");
        let (store, took) = timed(|| open(dir.path()));
        assert!(took < Duration::from_secs(5), "round {round}: {took:?}");
        let c = store.control();
        assert_eq!(store.health().set_aside, [""; 0], "round {round}");
        for n in from..=done {
            for k in 0..20 {
                let id = format!("a{}", n * 20 + k);
                let row = c.alert(SENSOR, &id).unwrap_or_else(|e| panic!("{id}: {e}"));
                let acknowledged = row.state == AlertState::Acknowledged;
                assert_eq!(acknowledged, k == 0, "{id}");
            }
        }
        let entries = c.verify_audit().unwrap().expect("the chain holds");
        let written = c.audit_entries(None, None, 1_000).unwrap();
        // Of the round that was not acknowledged the entry may be there or not.
        let mut rounds: Vec<i64> = written.iter().map(|e| e.at).collect();
        rounds.dedup();
        rounds.reverse();
        assert!(entries.cast_signed() > done, "round {round}: {entries} entries, {done} rounds");
        assert!((from..=done).all(|n| rounds.contains(&n) || n < rounds[0]), "round {round}");
        from = done + 1;
    }
}
