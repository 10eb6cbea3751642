//! The audit trail: what it takes, and that it tells of every change to it.

use crate::Fixture;
use anomalyzer_store::Store;
use anomalyzer_store::control::NewAudit;
use rusqlite::Connection;

fn entry(n: i64) -> NewAudit {
    NewAudit {
        at: 1_000 + n,
        actor: "ann".into(),
        peer: "10.0.0.7".into(),
        action: "settings.change".into(),
        target: format!("key {n}"),
        detail: format!(r#"{{"before":{n},"after":"Ünder"}}"#),
        result: "ok".into(),
    }
}

fn filled(entries: i64) -> Fixture {
    let f = Fixture::new();
    for n in 1..=entries {
        f.store.control().audit(&entry(n)).unwrap();
    }
    f
}

/// Changes the file as somebody with an editor would.
fn edit(f: &Fixture, sql: &str) {
    let db = Connection::open(f.dir.path().join("control.db")).unwrap();
    assert!(db.execute(sql, []).unwrap() > 0, "{sql}");
}

#[test]
fn entries_come_latest_first_and_by_words() {
    let f = filled(5);
    let c = f.store.control();
    let ids = |before, text, limit| -> Vec<i64> {
        c.audit_entries(before, text, limit).unwrap().iter().map(|e| e.id).collect()
    };
    assert_eq!(ids(None, None, 3), [5, 4, 3]);
    assert_eq!(ids(Some(3), None, 3), [2, 1]);
    assert_eq!(ids(None, Some("SETTINGS key"), 9), [5, 4, 3, 2, 1]);
    assert_eq!(ids(None, Some("\"before\":2"), 9), [2]);
    assert_eq!(ids(Some(2), Some("\"before\":2"), 9), [0_i64; 0]);
    assert_eq!(ids(None, Some("' OR 1=1 --"), 9), [0_i64; 0]);
    assert_eq!(ids(None, None, 0), [5], "a page has a row at least");
    let first = &c.audit_entries(Some(2), None, 1).unwrap()[0];
    assert_eq!((first.at, first.actor.as_str(), first.target.as_str()), (1_001, "ann", "key 1"));
    assert_eq!((first.hash.len(), first.detail.clone()), (64, entry(1).detail));
}

#[test]
fn every_edit_removal_and_insertion_is_found() {
    for (sql, broken) in [
        ("UPDATE audit SET at = at + 1 WHERE id = 3", 3),
        ("UPDATE audit SET actor = 'bob' WHERE id = 3", 3),
        ("UPDATE audit SET peer = '' WHERE id = 3", 3),
        ("UPDATE audit SET action = 'x' WHERE id = 3", 3),
        ("UPDATE audit SET target = 'x' WHERE id = 3", 3),
        ("UPDATE audit SET detail = '{}' WHERE id = 3", 3),
        ("UPDATE audit SET result = 'no' WHERE id = 5", 5),
        ("UPDATE audit SET hash = zeroblob(32) WHERE id = 3", 3),
        ("UPDATE audit SET hash = x'00' WHERE id = 1", 1),
        // The words of two fields moved against each other.
        ("UPDATE audit SET action = action || target, target = '' WHERE id = 2", 2),
        ("DELETE FROM audit WHERE id = 1", 2),
        ("DELETE FROM audit WHERE id = 3", 4),
        ("DELETE FROM audit WHERE id = 5", 5),
        ("DELETE FROM audit WHERE id > 3", 4),
        ("DELETE FROM audit", 1),
        (
            "INSERT INTO audit SELECT 6, at, actor, peer, action, target, detail, result, hash
            FROM audit WHERE id = 5",
            6,
        ),
        (
            "INSERT INTO audit SELECT 0, at, actor, peer, action, target, detail, result, hash
            FROM audit WHERE id = 5",
            0,
        ),
        ("UPDATE audit SET id = id + 1 WHERE id = 5", 6),
        ("UPDATE audit_end SET id = 4", 5),
        ("DELETE FROM audit_end", 5),
    ] {
        let f = filled(5);
        assert_eq!(f.store.control().verify_audit().unwrap(), Ok(5));
        edit(&f, sql);
        assert_eq!(f.store.control().verify_audit().unwrap(), Err(broken), "{sql}");
    }
}

#[test]
fn a_trail_without_entries_is_whole() {
    assert_eq!(filled(0).store.control().verify_audit().unwrap(), Ok(0));
}

#[test]
fn what_is_too_long_is_cut_and_still_verified() {
    let f = Fixture::new();
    let c = f.store.control();
    let quotes = "\"".repeat(20_000);
    let long = NewAudit { target: "ä".repeat(9_999), detail: quotes, ..entry(1) };
    c.audit(&long).unwrap();
    let kept = &c.audit_entries(None, None, 1).unwrap()[0];
    assert_eq!(kept.target.len(), 512);
    assert!(kept.detail.len() <= (16 << 10) + 16, "{}", kept.detail.len());
    let detail: serde_json::Value = serde_json::from_str(&kept.detail).unwrap();
    assert_eq!(detail["cut"].as_str().map(str::len), Some(8 << 10));
    assert_eq!(c.verify_audit().unwrap(), Ok(1));
}

#[test]
fn old_entries_go_and_the_chain_holds() {
    const DAY: i64 = 86_400;
    let f = filled(0);
    let c = f.store.control();
    // The clock was set back once: nothing behind a young entry goes before it is old itself.
    for at in [1, 2, 200 * DAY, 3, 300 * DAY, 500 * DAY] {
        c.audit(&NewAudit { at, ..entry(1) }).unwrap();
    }
    let left = |f: &Fixture| -> Vec<i64> {
        let entries = f.store.control().audit_entries(None, None, 99).unwrap();
        assert_eq!(f.store.control().verify_audit().unwrap(), Ok(entries.len() as u64));
        entries.iter().map(|e| e.id).collect()
    };
    f.store.retain(365 * DAY + 10).unwrap();
    assert_eq!(left(&f), [6, 5, 4, 3]);
    f.store.retain(565 * DAY).unwrap();
    assert_eq!(left(&f), [6, 5, 4, 3]);
    f.store.retain(566 * DAY).unwrap();
    assert_eq!(left(&f), [6, 5]);
    let f = f.again();
    f.store.control().audit(&entry(7)).unwrap();
    assert_eq!(left(&f), [7, 6, 5]);
    f.store.retain(5_000 * DAY).unwrap();
    assert_eq!(left(&f), [0_i64; 0]);
    f.store.control().audit(&entry(8)).unwrap();
    assert_eq!(left(&f), [8]);
    edit(&f, "UPDATE audit_end SET hash = zeroblob(32) WHERE name = 'anchor'");
    assert_eq!(f.store.control().verify_audit().unwrap(), Err(8));
}

#[test]
fn a_store_for_reading_takes_no_entries() {
    let f = filled(1);
    let reader = Store::open_read_only(f.dir.path()).unwrap();
    assert_eq!(reader.control().verify_audit().unwrap(), Ok(1));
    assert_eq!(crate::kind(reader.control().audit(&entry(2))), "invalid");
}
