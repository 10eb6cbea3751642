//! Reading a file through, to say how many flows are whole.

use super::block::Block;
use super::partition::apps;
use super::row::{Apps, Depth, RowRef};
use crate::error::{Result, sql};
use rusqlite::Connection;

/// Flows of a partition that can be read, and blocks that cannot be read as a whole.
pub(crate) fn flows(conn: &Connection) -> Result<(u64, u64)> {
    let fail = sql("check a history file");
    let apps = apps(conn)?;
    let mut blocks = conn.prepare("SELECT rows FROM block ORDER BY id").map_err(&fail)?;
    let mut rows = blocks.query([]).map_err(&fail)?;
    let (mut flows, mut damaged) = (0, 0);
    while let Some(row) = rows.next().map_err(&fail)? {
        let bytes = row.get_ref(0).map_err(&fail)?.as_blob().unwrap_or_default();
        let (whole, all) = count(bytes, &apps);
        flows += whole;
        damaged += u64::from(!all);
    }
    Ok((flows, damaged))
}

/// Flows of a block, and whether all of them can be read.
fn count(bytes: &[u8], apps: &Apps) -> (u64, bool) {
    let Some(block) = Block::read(bytes) else { return (0, false) };
    let mut row = RowRef::default();
    let rows = u64::from(block.rows);
    let whole =
        block.into_iter().filter(|bytes| row.read(bytes, apps, Depth::Whole).is_some()).count()
            as u64;
    (whole, whole == rows)
}
