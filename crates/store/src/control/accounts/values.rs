//! Small values of the program itself.

use crate::control::{Control, limits};
use crate::{Result, StoreError};
use rusqlite::{OptionalExtension, params};

/// Most bytes of a key.
const KEY: usize = 128;

impl Control {
    /// Keeps a small value of the program itself (`setup.token`, `secret.csrf`...): at most 1 MiB,
    /// under a key of at most 128 bytes, at most 1,000 of them.
    pub fn put_value(&self, key: &str, value: &[u8]) -> Result<()> {
        if key.is_empty() || key.len() > KEY {
            return Err(StoreError::Invalid(format!("the key of a value has 1 to {KEY} bytes")));
        }
        if value.len() > limits::VALUE {
            let what = format!("`{key}` has {} bytes, at most 1 MiB fits", value.len());
            return Err(self.counters.refuse(what));
        }
        self.write_kept("keeping a value", |tx| {
            let sql = "SELECT count(*) FROM value WHERE key <> ?1";
            let count: i64 = tx.query_row(sql, [key], |row| row.get(0))?;
            if count >= limits::VALUES {
                return Err(self.counters.refuse(format!("{count} values are kept")).into());
            }
            tx.execute(
                "INSERT INTO value (key, value) VALUES (?1, ?2)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value
                 WHERE value IS NOT excluded.value",
                params![key, value],
            )?;
            Ok(())
        })
    }

    /// A value of the program itself.
    pub fn value(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.db.read("reading a value", |db| {
            let mut query = db.prepare_cached("SELECT value FROM value WHERE key = ?1")?;
            Ok(query.query_row([key], |row| row.get(0)).optional()?)
        })
    }
}
