//! What users asked a model, and what it said: the last of each user.

use crate::control::text::text;
use crate::control::{Control, limits};
use crate::{Result, StoreError};
use rusqlite::params;

impl Control {
    /// Keeps a prediction (JSON, at most 64 KiB); of each user the last 100 stay.
    pub fn add_prediction(&self, user: i64, record: &str, now: i64) -> Result<()> {
        if record.len() > limits::PREFERENCES {
            return Err(StoreError::Invalid("a prediction has at most 64 KiB".into()));
        }
        self.db.write("keeping a prediction", |tx| {
            tx.prepare_cached("INSERT INTO prediction (user, at, record) VALUES (?1, ?2, ?3)")?
                .execute(params![user, now, record])?;
            tx.prepare_cached(
                "DELETE FROM prediction WHERE user = ?1 AND id <=
                   (SELECT id FROM prediction WHERE user = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            )?
            .execute(params![user, limits::PREDICTIONS])?;
            Ok(())
        })
    }

    /// The last predictions of a user, the latest first.
    pub fn predictions(&self, user: i64, limit: usize) -> Result<Vec<String>> {
        let limit = limit.clamp(1, limits::PAGE) as u64;
        self.db.read("reading predictions", |db| {
            let mut query = db.prepare_cached(
                "SELECT record FROM prediction WHERE user = ?1 ORDER BY id DESC LIMIT ?2",
            )?;
            let rows = query.query_map(params![user, limits::int(limit)], |row| text(row, 0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}
