//! The audit trail: append-only, each entry chained to the one before by SHA-256.

use super::Control;
use crate::Result;
use serde::Serialize;

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

impl Control {
    /// Adds an entry.
    pub fn audit(&self, _entry: &NewAudit) -> Result<()> {
        unimplemented!()
    }
    /// Entries below `before`, latest first, with this text somewhere in them.
    pub fn audit_entries(
        &self,
        _before: Option<i64>,
        _text: Option<&str>,
        _limit: usize,
    ) -> Result<Vec<AuditEntry>> {
        unimplemented!()
    }
    /// Number of entries when the chain holds; else the first entry that does not fit.
    pub fn verify_audit(&self) -> Result<std::result::Result<u64, i64>> {
        unimplemented!()
    }
}
