//! What is done to the control store from time to time.

use super::Control;
use super::limits::Counters;
use crate::Result;
use crate::error::sql;
use rusqlite::params;

/// Rows removed in one transaction, so that writers wait for a moment only.
const AT_ONCE: i64 = 2_000;
const DAY: i64 = 86_400;
/// Sessions that nobody used for so long are gone, whatever is set: 30 days.
const SESSION_DAYS: i64 = 30;

impl Control {
    /// Removes what is too old: settled alerts and audit entries after `days`, alerts that
    /// suppressions hide after as many days of their source's packet time, sessions unseen for 30
    /// days, tokens 30 days after their end. Puts the log into the file, and writes the copy of
    /// accounts and settings if it is behind. Rows removed.
    pub(crate) fn retain(&self, now: i64, days: u32) -> Result<u64> {
        let oldest = now.saturating_sub(i64::from(days) * DAY);
        let mut removed = self.expire_sessions(now)?;
        let alerts = self.expire_alerts(oldest, days)?;
        Counters::add(&self.counters.alerts_expired, alerts);
        removed += alerts + self.expire_audit(oldest)?;
        self.checkpoint()?;
        self.keep_copy()?;
        Ok(removed)
    }

    fn expire_sessions(&self, now: i64) -> Result<u64> {
        let oldest = now.saturating_sub(SESSION_DAYS * DAY);
        self.db.write_small("removing old sessions", |tx| {
            let sessions = tx.execute("DELETE FROM session WHERE seen < ?1", [oldest])?;
            let tokens = tx.execute("DELETE FROM token WHERE expires < ?1", [oldest])?;
            Ok((sessions + tokens) as u64)
        })
    }

    fn expire_alerts(&self, oldest: i64, days: u32) -> Result<u64> {
        let mut all = 0;
        loop {
            let removed = self.db.write_small("removing old alerts", |tx| {
                let removed = tx.execute(
                    "DELETE FROM alert WHERE key IN (
                       SELECT a.key FROM alert a JOIN source s ON s.id = a.source
                       WHERE NOT a.escalated
                         AND ((a.state >= 2 AND a.changed_at < ?1)
                           OR (a.suppressed IS NOT NULL AND a.last < s.last - ?2))
                       LIMIT ?3)",
                    params![oldest, i64::from(days) * DAY * 1_000_000_000, AT_ONCE],
                )?;
                tx.execute(
                    "DELETE FROM incident WHERE state >= 2 AND NOT EXISTS
                       (SELECT 1 FROM alert a WHERE a.source = incident.source
                          AND a.incident = incident.id)",
                    [],
                )?;
                Ok(removed)
            })?;
            all += removed as u64;
            if (removed as u64) < AT_ONCE.unsigned_abs() {
                return Ok(all);
            }
        }
    }

    /// Brings the log into the file, so that it stays small.
    pub(super) fn checkpoint(&self) -> Result<()> {
        // Readers that hold on to an old state keep some of it: the next time, then.
        self.db
            .writer()?
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(sql("putting the log into the control store"))
    }
}
