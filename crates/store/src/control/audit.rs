//! The audit trail: append-only, each entry chained to the one before by SHA-256.

use super::db::Step;
use super::limits::{Counters, int};
use super::text::text;
use super::{Control, limits};
use crate::Result;
use ring::digest;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::Serialize;
use std::fmt::Write;

/// Something to be noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAudit {
    /// Wall clock, seconds.
    pub at: i64,
    /// User name, or `system`.
    pub actor: String,
    /// Address of the peer; empty for the program itself.
    pub peer: String,
    /// What: `login`, `user.add`, `settings.change`...
    pub action: String,
    /// On what.
    pub target: String,
    /// Before and after, JSON, at most 16 KiB; never secrets.
    pub detail: String,
    /// How it went: `ok`, or why it was refused.
    pub result: String,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// Number, from 1, without gaps.
    pub id: i64,
    /// Wall clock, seconds.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// From where.
    pub peer: String,
    /// What.
    pub action: String,
    /// On what.
    pub target: String,
    /// Before and after.
    pub detail: String,
    /// How it went.
    pub result: String,
    /// Hash over this entry and the one before, hex.
    pub hash: String,
}

const COLUMNS: &str = "id, at, actor, peer, action, target, detail, result, hash";
const ACTOR: usize = 128;
const PEER: usize = 128;
const ACTION: usize = 64;
const TARGET: usize = 512;
const RESULT: usize = 512;
/// Begins what is hashed, so that no other hash of ours can be taken for one of the trail.
const DOMAIN: &[u8] = b"anomalyzer audit 1\n";

type Hash = [u8; 32];

/// One end of the trail: the last entry that was removed for its age, or the latest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End {
    id: i64,
    hash: Hash,
}

impl End {
    const NOTHING: Self = Self { id: 0, hash: [0; 32] };
}

impl Control {
    /// Adds an entry. Texts that are too long are cut; a detail of more than 16 KiB becomes a JSON
    /// object whose `cut` holds its beginning.
    pub fn audit(&self, entry: &NewAudit) -> Result<()> {
        let entry = self.shape_audit(entry);
        self.db.write_small("adding to the audit trail", |tx| append(tx, &entry))
    }

    /// Entries below `before`, latest first, with this text somewhere in them (whatever the case
    /// of ASCII letters, each word for itself). At most 1,000.
    pub fn audit_entries(
        &self,
        before: Option<i64>,
        text: Option<&str>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>> {
        let words = limits::words(text);
        self.db.read("reading the audit trail", |db| {
            let mut sql = format!("SELECT {COLUMNS} FROM audit WHERE id < ?1");
            for n in 0..words.len() {
                // Writing to a string does not fail.
                let _ = write!(
                    sql,
                    " AND instr(lower(actor || ' ' || peer || ' ' || action || ' ' || target \
                      || ' ' || detail || ' ' || result), ?{})",
                    n + 2
                );
            }
            let _ = write!(sql, " ORDER BY id DESC LIMIT {}", limit.clamp(1, limits::PAGE));
            let mut query = db.prepare_cached(&sql)?;
            query.raw_bind_parameter(1, before.unwrap_or(i64::MAX))?;
            for (n, word) in words.iter().enumerate() {
                query.raw_bind_parameter(n + 2, word)?;
            }
            let mut rows = query.raw_query();
            let mut entries = Vec::new();
            while let Some(row) = rows.next()? {
                entries.push(entry_of(row)?.0);
            }
            Ok(entries)
        })
    }

    /// Number of entries when the chain holds; else the first entry that does not fit: changed,
    /// put in, or behind one that is missing.
    pub fn verify_audit(&self) -> Result<std::result::Result<u64, i64>> {
        self.db.read("verifying the audit trail", verify)
    }

    /// Removes entries from before `oldest` (wall clock, seconds) and those beyond the number that
    /// is kept. The chain still holds: it begins behind the last entry that was removed.
    pub(crate) fn expire_audit(&self, oldest: i64) -> Result<u64> {
        let removed = self.db.write_small("cleaning the audit trail", |tx| {
            let head = end(tx, "head")?.unwrap_or(End::NOTHING);
            // Up to the last entry before the first that is young enough, so that no gap arises
            // when the clock was once set back.
            let sql = "SELECT coalesce(min(id) - 1, ?2) FROM audit WHERE at >= ?1";
            let by_age: i64 = tx.query_row(sql, [oldest, head.id], |row| row.get(0))?;
            let last = by_age.max(head.id - limits::AUDIT);
            let sql = "SELECT id, hash FROM audit WHERE id <= ?1 ORDER BY id DESC LIMIT 1";
            let anchor = tx.query_row(sql, [last], end_of).optional()?;
            let Some(anchor) = anchor else { return Ok(0) };
            set_end(tx, "anchor", anchor)?;
            Ok(tx.execute("DELETE FROM audit WHERE id <= ?1", [anchor.id])?)
        })?;
        Counters::add(&self.counters.audit_expired, removed as u64);
        Ok(removed as u64)
    }

    fn shape_audit(&self, entry: &NewAudit) -> NewAudit {
        let cut = |text: &str, max| self.counters.cut(text, max).to_owned();
        let detail = if entry.detail.len() > limits::AUDIT_DETAIL {
            // Half, because what is quoted once more may grow.
            let begin = self.counters.cut(&entry.detail, limits::AUDIT_DETAIL / 2);
            serde_json::json!({ "cut": begin }).to_string()
        } else {
            entry.detail.clone()
        };
        NewAudit {
            at: entry.at,
            actor: cut(&entry.actor, ACTOR),
            peer: cut(&entry.peer, PEER),
            action: cut(&entry.action, ACTION),
            target: cut(&entry.target, TARGET),
            detail,
            result: cut(&entry.result, RESULT),
        }
    }
}

/// Adds an entry behind the latest.
pub(super) fn append(tx: &Transaction<'_>, entry: &NewAudit) -> Step<()> {
    let head = end(tx, "head")?.unwrap_or(End::NOTHING);
    let id = head.id + 1;
    let hash = chained(&head.hash, id, entry);
    tx.prepare_cached(
        "INSERT INTO audit (id, at, actor, peer, action, target, detail, result, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        id,
        entry.at,
        entry.actor,
        entry.peer,
        entry.action,
        entry.target,
        entry.detail,
        entry.result,
        hash
    ])?;
    set_end(tx, "head", End { id, hash })
}

/// Number of entries, or the first that does not fit.
pub(super) fn verify(db: &Connection) -> Step<std::result::Result<u64, i64>> {
    let mut last = end(db, "anchor")?.unwrap_or(End::NOTHING);
    let head = end(db, "head")?.unwrap_or(End::NOTHING);
    let sql = format!("SELECT {COLUMNS} FROM audit ORDER BY id");
    let mut query = db.prepare(&sql)?;
    let mut rows = query.query([])?;
    let mut entries = 0;
    while let Some(row) = rows.next()? {
        let (entry, hash) = entry_of(row)?;
        let id = entry.id;
        let hashed = chained(&last.hash, id, &NewAudit::from(entry));
        if id != last.id + 1 || hash[..] != hashed[..] {
            return Ok(Err(id));
        }
        last = End { id, hash: hashed };
        entries += 1;
    }
    // The latest entries may have been removed, or others added behind them.
    if last == head { Ok(Ok(entries)) } else { Ok(Err(last.id + i64::from(last.id < head.id))) }
}

impl From<AuditEntry> for NewAudit {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { at, actor, peer, action, target, detail, result, .. } = entry;
        Self { at, actor, peer, action, target, detail, result }
    }
}

/// SHA-256 over the hash before and every field with its length: no two entries read the same.
fn chained(before: &Hash, id: i64, entry: &NewAudit) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(DOMAIN);
    context.update(before);
    context.update(&id.to_be_bytes());
    context.update(&entry.at.to_be_bytes());
    let NewAudit { actor, peer, action, target, detail, result, .. } = entry;
    for text in [actor, peer, action, target, detail, result] {
        context.update(&int(text.len() as u64).to_be_bytes());
        context.update(text.as_bytes());
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

fn end(db: &Connection, name: &str) -> Step<Option<End>> {
    let mut query = db.prepare_cached("SELECT id, hash FROM audit_end WHERE name = ?1")?;
    Ok(query.query_row([name], end_of).optional()?)
}

fn set_end(tx: &Transaction<'_>, name: &str, end: End) -> Step<()> {
    tx.prepare_cached("INSERT OR REPLACE INTO audit_end (name, id, hash) VALUES (?1, ?2, ?3)")?
        .execute(params![name, end.id, end.hash])?;
    Ok(())
}

fn end_of(row: &Row<'_>) -> rusqlite::Result<End> {
    Ok(End { id: row.get(0)?, hash: row.get(1)? })
}

/// An entry and its hash as it is kept, which somebody may have cut or changed.
fn entry_of(row: &Row<'_>) -> rusqlite::Result<(AuditEntry, Vec<u8>)> {
    let hash: Vec<u8> = row.get(8)?;
    let mut hex = String::with_capacity(64);
    for byte in &hash {
        let _ = write!(hex, "{byte:02x}");
    }
    let entry = AuditEntry {
        id: row.get(0)?,
        at: row.get(1)?,
        actor: text(row, 2)?,
        peer: text(row, 3)?,
        action: text(row, 4)?,
        target: text(row, 5)?,
        detail: text(row, 6)?,
        result: text(row, 7)?,
        hash: hex,
    };
    Ok((entry, hash))
}
