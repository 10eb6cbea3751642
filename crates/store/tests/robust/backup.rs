//! Backups, and what is refused to be one.

use crate::{SENSOR, alert, every_alert, fill, open, read_all, user};
use anomalyzer_store::control::Role;
use anomalyzer_store::{Store, StoreError};
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn backup() -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    fill(store.control());
    let path = dir.path().join("copy.backup");
    store.control().backup_to(&path).unwrap();
    drop(store);
    (dir, path)
}

#[test]
fn a_backup_brings_back_what_was() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    fill(store.control());
    let path = dir.path().join("copy.backup");
    store.control().backup_to(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(store.control().backup_to(&path).is_err(), "nothing is written over");
    let mode: String = Connection::open(&path)
        .unwrap()
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "delete", "one file");
    // What happens later is gone afterwards, but its numbers are not used again.
    store.control().add_user(&user("later", Role::Admin), 9).unwrap();
    let last = store.control().put_alerts(SENSOR, &[alert(900)]).unwrap()[0].revision;
    assert!(matches!(Store::restore(dir.path(), &path), Err(StoreError::InUse(_))));
    drop(store);
    let aside = Store::restore(dir.path(), &path).unwrap().unwrap();
    let store = open(dir.path());
    let c = store.control();
    read_all(c).unwrap();
    assert!(c.user_named("later").unwrap().is_none());
    assert_eq!(c.alerts(&every_alert()).unwrap().total, 300);
    assert!(c.put_alerts(SENSOR, &[alert(901)]).unwrap()[0].revision > last);
    assert_eq!(c.session(&[1; 32], 2, 100, 100).unwrap(), None, "sessions have ended");
    assert!(c.token(&[2; 32], 2, "").unwrap().is_some());
    assert_eq!(c.verify_audit().unwrap(), Ok(201));
    assert_eq!(c.audit_entries(None, None, 1).unwrap()[0].action, "store.restore");
    let users: i64 = Connection::open(&aside)
        .unwrap()
        .query_row("SELECT count(*) FROM user", [], |row| row.get(0))
        .unwrap();
    assert_eq!(users, 22, "the old file is kept");
    assert!(path.exists());
    let mode = fs::metadata(dir.path().join("control.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_backup_goes_into_an_empty_directory_too() {
    let (_from, path) = backup();
    let dir = TempDir::new().unwrap();
    assert_eq!(Store::restore(dir.path(), &path).unwrap(), None);
    assert_eq!(open(dir.path()).control().users().unwrap().len(), 21);
}

#[test]
fn a_backup_made_while_others_write_is_of_one_moment() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    fill(store.control());
    let path = dir.path().join("copy.backup");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..200 {
                let both = [alert(10_000 + 2 * n), alert(10_001 + 2 * n)];
                store.control().put_alerts(SENSOR, &both).unwrap();
            }
        });
        while !writer.is_finished() {
            let _ = fs::remove_file(&path);
            store.control().backup_to(&path).unwrap();
        }
    });
    let db = Connection::open(&path).unwrap();
    let check: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    let alerts: i64 = db.query_row("SELECT count(*) FROM alert", [], |row| row.get(0)).unwrap();
    assert_eq!((check.as_str(), alerts % 2), ("ok", 0));
}

fn refused(path: &Path, words: &str) {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    store.control().put_value("mine", b"1").unwrap();
    drop(store);
    let error = Store::restore(dir.path(), path).expect_err(words).to_string();
    assert!(error.contains(words), "{words}: {error}");
    let store = open(dir.path());
    assert_eq!(store.control().value("mine").unwrap().as_deref(), Some(&b"1"[..]), "{words}");
    assert_eq!(store.health().set_aside, [""; 0], "{words}");
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|n| n.to_string_lossy().contains(".new")), "{left:?}");
}

#[test]
fn what_is_no_backup_is_refused_and_changes_nothing() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("none");
    refused(&file, "No such file");
    fs::write(&file, b"").unwrap();
    refused(&file, "no backup");
    fs::write(&file, vec![b'x'; 10_000]).unwrap();
    refused(&file, "not a database");
    let other = dir.path().join("other.db");
    let db = Connection::open(&other).unwrap();
    db.execute_batch("CREATE TABLE user (id INTEGER PRIMARY KEY); PRAGMA user_version = 1")
        .unwrap();
    refused(&other, "not those of a control store");
}

#[test]
fn a_backup_that_was_tampered_with_is_refused() {
    for (sql, words) in [
        ("CREATE TRIGGER t AFTER INSERT ON audit BEGIN DELETE FROM audit; END", "not those"),
        ("CREATE VIEW v AS SELECT * FROM user", "not those"),
        ("CREATE TABLE more (x)", "not those"),
        ("CREATE INDEX i ON user (name)", "not those"),
        ("DROP INDEX token_user", "not those"),
        ("ALTER TABLE user ADD COLUMN x TEXT", "not those"),
        ("PRAGMA user_version = 99", "later version"),
        ("PRAGMA user_version = 0", "no backup"),
        ("PRAGMA application_id = 5", "application id"),
        ("DELETE FROM counter", "claims to be of version"),
    ] {
        let (_dir, path) = backup();
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        refused(&path, words);
    }
}

#[test]
fn a_backup_that_was_damaged_is_refused() {
    let (_dir, path) = backup();
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() / 2 / 4096 * 4096;
    bytes[at..at + 4096].fill(0xee);
    fs::write(&path, &bytes).unwrap();
    refused(&path, "copy.backup");
    bytes.truncate(at);
    fs::write(&path, &bytes).unwrap();
    refused(&path, "copy.backup");
}
