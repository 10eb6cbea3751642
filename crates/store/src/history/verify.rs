//! Reading every file through, to say what is whole.

use super::block::Block;
use super::files::Files;
use super::partition::{PartId, open_to_read};
use super::row::{Apps, Depth, RowRef};
use crate::error::{Result, sql};
use rusqlite::Connection;
use std::path::PathBuf;

/// What was found in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The file.
    pub path: PathBuf,
    /// Flows that can be read.
    pub flows: u64,
    /// What is wrong; empty when all is well.
    pub problems: Vec<String>,
}

/// Most problems that are told of a file.
const PROBLEMS_MAX: usize = 10;

/// Reads a file through.
pub(crate) fn check(files: &Files, id: PartId) -> Checked {
    let mut checked = Checked { path: files.path(id), flows: 0, problems: Vec::new() };
    match open_to_read(&checked.path) {
        Ok(None) => {}
        Ok(Some((conn, apps))) => {
            if let Err(error) = read(&conn, &apps, &mut checked) {
                checked.problems.push(error.to_string());
            }
        }
        Err(error) => checked.problems.push(error.to_string()),
    }
    checked
}

fn read(conn: &Connection, apps: &Apps, checked: &mut Checked) -> Result<()> {
    let fail = sql("check a history file");
    let mut pages = conn.prepare("PRAGMA quick_check(10)").map_err(&fail)?;
    let mut lines = pages.query([]).map_err(&fail)?;
    while let Some(line) = lines.next().map_err(&fail)? {
        let line: String = line.get(0).map_err(&fail)?;
        if line != "ok" {
            checked.problems.push(line);
        }
    }
    let mut blocks = conn.prepare("SELECT id, rows FROM block ORDER BY id").map_err(&fail)?;
    let mut rows = blocks.query([]).map_err(&fail)?;
    while let Some(row) = rows.next().map_err(&fail)? {
        let id: i64 = row.get(0).map_err(&fail)?;
        let bytes = row.get_ref(1).map_err(&fail)?.as_blob().unwrap_or_default();
        let (whole, damaged) = count(bytes, apps);
        checked.flows += whole;
        if damaged && checked.problems.len() < PROBLEMS_MAX {
            checked.problems.push(format!("block {id} is damaged"));
        }
    }
    Ok(())
}

/// Flows of a block, and whether some cannot be read.
fn count(bytes: &[u8], apps: &Apps) -> (u64, bool) {
    let Some(block) = Block::read(bytes) else { return (0, true) };
    let mut row = RowRef::default();
    let rows = u64::from(block.rows);
    let whole = block.filter(|bytes| row.read(bytes, apps, Depth::Whole).is_some()).count() as u64;
    (whole, whole != rows)
}
