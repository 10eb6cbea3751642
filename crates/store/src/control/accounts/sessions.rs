//! Sessions of browsers.

use super::users::{self, found, user_by_id, user_of};
use super::{NewSession, Session, User};
use crate::control::limits::Counters;
use crate::control::text::text;
use crate::control::{Control, limits};
use crate::{Result, StoreError};
use rusqlite::{OptionalExtension, Row, params};

const COLUMNS: &str = "s.id, s.user, s.created, s.seen, s.peer, s.agent, s.csrf, s.authenticated";
/// Seconds between two notes of a session or token being used.
pub(super) const NOTE_EVERY: i64 = 60;
/// Most bytes of an address as text.
pub(super) const PEER: usize = 64;
const AGENT: usize = 200;
const CSRF: usize = 256;

impl Control {
    /// Makes a session and notes the log-in. Of more than 32 sessions of a user, the one unseen
    /// for longest ends.
    pub fn add_session(&self, session: &NewSession, now: i64) -> Result<i64> {
        if session.csrf.len() > CSRF {
            return Err(StoreError::Invalid(format!("a CSRF token has at most {CSRF} bytes")));
        }
        let peer = self.counters.cut(&session.peer, PEER);
        let agent = self.counters.cut(&session.agent, AGENT);
        let (id, ended) = self.db.write_small("beginning a session", |tx| {
            if user_by_id(tx, session.user)?.disabled {
                return Err(StoreError::Invalid("this user is disabled".into()).into());
            }
            tx.execute(
                "INSERT INTO session (hash, user, created, seen, peer, agent, csrf, authenticated)
                 VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, ?3)",
                params![session.hash, session.user, now, peer, agent, session.csrf],
            )?;
            let id = tx.last_insert_rowid();
            let ended = tx.execute(
                "DELETE FROM session WHERE user = ?1 AND id NOT IN
                   (SELECT id FROM session WHERE user = ?1 ORDER BY id = ?2 DESC, seen DESC, id DESC
                    LIMIT ?3)",
                params![session.user, id, limits::SESSIONS],
            )?;
            tx.execute("UPDATE user SET last_login = ?2 WHERE id = ?1", [session.user, now])?;
            Ok((id, ended))
        })?;
        Counters::add(&self.counters.sessions_evicted, ended as u64);
        Ok(id)
    }

    /// The session and user of a secret's hash; none when unknown, idle longer than `idle`
    /// seconds, older than `absolute`, or its user disabled. Notes that it was seen, at most once
    /// a minute; on a full disk it goes unnoted.
    pub fn session(
        &self,
        hash: &[u8; 32],
        now: i64,
        idle: i64,
        absolute: i64,
    ) -> Result<Option<(Session, User)>> {
        let found = self.db.read("looking a session up", |db| {
            let sql = format!(
                "SELECT {COLUMNS}, {} FROM session s JOIN user u ON u.id = s.user
                 WHERE s.hash = ?1 AND NOT u.disabled AND ?2 - s.seen <= ?3 AND ?2 - s.created <= ?4",
                users::COLUMNS
            );
            let mut query = db.prepare_cached(&sql)?;
            let both = |row: &Row<'_>| Ok((session_of(row, 0)?, user_of(row, 8)?));
            Ok(query.query_row(params![hash, now, idle, absolute], both).optional()?)
        })?;
        let Some((mut session, user)) = found else { return Ok(None) };
        if now - session.seen >= NOTE_EVERY {
            let noted = self.db.write_small("noting a session", |tx| {
                tx.execute("UPDATE session SET seen = ?2 WHERE id = ?1", [session.id, now])?;
                Ok(())
            });
            match noted {
                Ok(()) => session.seen = now,
                Err(StoreError::Full(_) | StoreError::Invalid(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Some((session, user)))
    }

    /// Sessions of a user, latest seen first.
    pub fn sessions(&self, user: i64) -> Result<Vec<Session>> {
        self.db.read("reading sessions", |db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM session s WHERE s.user = ?1 ORDER BY s.seen DESC, s.id DESC"
            );
            let mut query = db.prepare_cached(&sql)?;
            let rows = query.query_map([user], |row| session_of(row, 0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Notes that the password was entered again.
    pub fn reauthenticated(&self, session: i64, now: i64) -> Result<()> {
        self.db.write_small("noting a password", |tx| {
            let sql = "UPDATE session SET authenticated = ?2 WHERE id = ?1";
            found(tx.execute(sql, [session, now])?)
                .map_err(|_| StoreError::Missing("session").into())
        })
    }

    /// Ends one session of a user, or all but `keep`.
    pub fn end_sessions(&self, user: i64, only: Option<i64>, keep: Option<i64>) -> Result<u64> {
        self.db.write_small("ending sessions", |tx| {
            let ended = tx.execute(
                "DELETE FROM session WHERE user = ?1 AND (?2 IS NULL OR id = ?2) AND id IS NOT ?3",
                params![user, only, keep],
            )?;
            Ok(ended as u64)
        })
    }
}

fn session_of(row: &Row<'_>, at: usize) -> rusqlite::Result<Session> {
    Ok(Session {
        id: row.get(at)?,
        user: row.get(at + 1)?,
        created: row.get(at + 2)?,
        seen: row.get(at + 3)?,
        peer: text(row, at + 4)?,
        agent: text(row, at + 5)?,
        csrf: text(row, at + 6)?,
        authenticated: row.get(at + 7)?,
    })
}
