//! The control store: what must never be lost. SQLite, WAL, synced at every commit.
//!
//! One file for each kind of thing; each is an `impl Control` block with its types.

mod accounts;
mod alerts;
mod audit;
mod devices;
mod documents;
mod sources;

pub use accounts::{NewSession, NewToken, NewUser, Role, Session, Token, User};
pub use alerts::{
    AlertPage, AlertQuery, AlertRow, AlertState, Happened, IncidentRow, NewAlert, NewIncident,
};
pub use audit::{AuditEntry, NewAudit};
pub use devices::{DeviceChange, DeviceQuery, DeviceRow, NewDevice};
pub use documents::{Document, DocumentKind};
pub use sources::{NewSource, Source, SourceKind};

use crate::Result;
use std::path::Path;

/// The control store.
#[derive(Debug)]
pub struct Control {}

impl Control {
    pub(crate) fn open(_dir: &Path) -> Result<Self> {
        Ok(Self {})
    }
}
