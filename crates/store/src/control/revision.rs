//! The order of news: a number that rises with every change of any alert, over restarts too.

use super::db::Step;
use rusqlite::{OptionalExtension, Transaction};

/// The revisions of one transaction.
pub(super) struct Revision {
    before: i64,
    last: i64,
}

impl Revision {
    /// Behind all that were given so far.
    pub(super) fn begin(tx: &Transaction<'_>) -> Step<Self> {
        let sql = "SELECT value FROM counter WHERE name = 'revision'";
        let kept = tx.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
        let last = kept.unwrap_or(0);
        Ok(Self { before: last, last })
    }

    /// The next one.
    pub(super) fn next(&mut self) -> i64 {
        self.last += 1;
        self.last
    }

    /// Keeps how far it came.
    pub(super) fn end(self, tx: &Transaction<'_>) -> Step<()> {
        if self.last > self.before {
            let sql = "INSERT OR REPLACE INTO counter (name, value) VALUES ('revision', ?1)";
            tx.prepare_cached(sql)?.execute([self.last])?;
        }
        Ok(())
    }
}
