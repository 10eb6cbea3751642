//! Opening: one at a time, for nobody else to look into, of every version so far.

use crate::{fill, open, read_all};
use anomalyzer_store::{Options, Store, StoreError};
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_second_one_is_refused_until_the_first_is_gone() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    let clone = store.clone();
    let second = || Store::open(dir.path(), &Options::default());
    assert!(matches!(second(), Err(StoreError::InUse(_))));
    drop(store);
    assert!(matches!(second(), Err(StoreError::InUse(_))), "a clone still has it");
    drop(clone);
    second().unwrap();
}

#[test]
fn nobody_else_can_look_into_it() {
    let parent = TempDir::new().unwrap();
    let dir = parent.path().join("data");
    let store = open(&dir);
    fill(store.control());
    assert_eq!(mode(&dir), 0o700);
    let mut seen = 0;
    for entry in fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 5, "store, log, copy, lock, reserve: {seen}");
}

#[test]
fn queries_beside_a_service_see_what_it_writes() {
    let dir = TempDir::new().unwrap();
    assert!(matches!(Store::open_read_only(dir.path()), Err(StoreError::Io { .. })));
    let store = open(dir.path());
    fill(store.control());
    let reader = Store::open_read_only(dir.path()).unwrap();
    read_all(reader.control()).unwrap();
    store.control().put_value("new", b"1").unwrap();
    assert!(reader.control().value("new").unwrap().is_some());
    assert!(reader.control().put_value("mine", b"1").is_err());
    drop(store);
    read_all(reader.control()).unwrap();
    drop(reader);
    read_all(Store::open_read_only(dir.path()).unwrap().control()).unwrap();
}

#[test]
fn what_the_command_line_adds_beside_a_service_is_in_its_copy() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    store.retain(1).unwrap();
    let beside = Store::open_beside(dir.path()).unwrap();
    beside
        .control()
        .add_user(&crate::user("link", anomalyzer_store::control::Role::Admin), 1)
        .unwrap();
    drop(beside);
    store.retain(2).unwrap();
    drop(store);
    fs::remove_file(dir.path().join("control.db")).unwrap();
    assert!(open(dir.path()).control().user_named("link").unwrap().is_some());
}

#[test]
fn a_later_version_is_refused_and_left_alone() {
    let dir = TempDir::new().unwrap();
    drop(open(dir.path()));
    let path = dir.path().join("control.db");
    let db = Connection::open(&path).unwrap();
    db.execute_batch(
        "PRAGMA user_version = 99; UPDATE counter SET value = 99 WHERE name = 'schema'",
    )
    .unwrap();
    drop(db);
    for result in [Store::open(dir.path(), &Options::default()), Store::open_read_only(dir.path())]
    {
        let error = result.expect_err("later").to_string();
        assert!(error.contains("later version (99; this one knows up to 2)"), "{error}");
    }
    let left = fs::read_dir(dir.path())
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().contains("corrupt"));
    assert_eq!(left.count(), 0);
}

#[test]
fn a_version_that_only_damage_can_have_made_is_damage() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    fill(store.control());
    drop(store);
    let db = Connection::open(dir.path().join("control.db")).unwrap();
    db.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(db);
    let store = open(dir.path());
    assert_eq!(store.health().set_aside.len(), 1);
    assert_eq!(store.control().users().unwrap().len(), 21);
}

/// A file of each version that was ever released, filled with something of every kind. Written by
/// `UPDATE_FIXTURE=1 cargo test -p anomalyzer-store --test robust fixture` before the schema
/// changes, and never again.
#[test]
fn a_fixture_of_every_version_opens() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/robust/fixtures");
    let versions = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/control/schema"));
    for version in 1..=versions.unwrap().count() {
        let path = folder.join(format!("control-{version}.sql"));
        if std::env::var_os("UPDATE_FIXTURE").is_some() && !path.exists() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, dump()).unwrap();
        }
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let dir = TempDir::new().unwrap();
        let db = Connection::open(dir.path().join("control.db")).unwrap();
        db.execute_batch(&text).unwrap();
        drop(db);
        let store = open(dir.path());
        let c = store.control();
        assert_eq!(store.health().set_aside, [""; 0], "version {version}");
        read_all(c).unwrap();
        assert_eq!(c.users().unwrap().len(), 21, "version {version}");
        assert_eq!(c.alerts(&crate::every_alert()).unwrap().total, 300, "version {version}");
        assert_eq!(c.verify_audit().unwrap(), Ok(200), "version {version}");
        assert_eq!(c.alert(crate::SENSOR, "a1").unwrap().note, "note", "version {version}");
        let models = c.models().unwrap().len();
        assert_eq!(models, if version == 1 { 0 } else { 2 }, "version {version}");
    }
}

/// The SQL that makes a filled store of the present version.
fn dump() -> String {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    fill(store.control());
    drop(store);
    let db = Connection::open(dir.path().join("control.db")).unwrap();
    let pragma = |name| db.pragma_query_value(None, name, |r| r.get::<_, i64>(0)).unwrap();
    let mut text = format!(
        "PRAGMA application_id = {};\nPRAGMA user_version = {};\nPRAGMA foreign_keys = OFF;\nBEGIN;\n",
        pragma("application_id"),
        pragma("user_version")
    );
    let mut query = db
        .prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")
        .unwrap();
    let objects: Vec<(String, String, String)> = query
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (_, name, sql) in &objects {
        if name != "sqlite_sequence" {
            text.extend([sql.as_str(), ";\n"]);
        }
    }
    for (kind, name, _) in &objects {
        if kind == "table" && name != "sqlite_sequence" {
            text += &rows(&db, name);
        }
    }
    text += "DELETE FROM sqlite_sequence;\n";
    text += &rows(&db, "sqlite_sequence");
    text + "COMMIT;\n"
}

/// The statements that fill a table.
fn rows(db: &Connection, table: &str) -> String {
    let columns: Vec<String> = db
        .prepare("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info(?1)")
        .unwrap()
        .query_map([table], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let list = columns.join(" || ', ' || ");
    let sql = format!("SELECT 'INSERT INTO {table} VALUES (' || {list} || ');' FROM {table}");
    let mut query = db.prepare(&sql).unwrap();
    let lines = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
    lines.map(|line| line.unwrap() + "\n").collect()
}
