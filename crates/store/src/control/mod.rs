//! The control store: what must never be lost. SQLite, WAL, synced at every commit.
//!
//! One file or folder for each kind of thing; each is an `impl Control` block with its types.

mod accounts;
mod alerts;
mod audit;
mod backup;
mod damage;
mod db;
mod devices;
mod documents;
mod keep;
mod limits;
mod models;
mod open;
mod revision;
mod salvage;
mod schema;
mod sources;
mod text;
mod upkeep;

pub use accounts::{NewSession, NewToken, NewUser, Role, Session, Token, User};
pub use alerts::{
    AlertPage, AlertQuery, AlertRow, AlertState, Happened, IncidentRow, KeptIncidents, NewAlert,
    NewIncident,
};
pub use audit::{AuditEntry, NewAudit};
pub use devices::{DeviceChange, DeviceQuery, DeviceRow, NewDevice};
pub use documents::{Document, DocumentKind};
pub use models::{LabelRow, ModelOrigin, ModelRow, ModelState, NewLabel, NewModel};
pub use salvage::Salvaged;
pub use sources::{NewSource, Source, SourceKind};

pub(crate) use backup::restore;
pub(crate) use db::lock;
pub(crate) use open::make_private;

use db::Db;
use limits::Counters;
use std::sync::atomic::{AtomicBool, AtomicI64};

/// The control store.
#[derive(Debug)]
pub struct Control {
    db: Db,
    counters: Counters,
    /// Numbers the runs of the program, so that counts of devices add up over them.
    run: i64,
    /// Damaged files that were set aside at opening, with what was wrong.
    set_aside: Vec<String>,
    /// The copy of accounts and settings is behind.
    changed: AtomicBool,
    /// What SQLite said last of changes by other processes.
    seen: AtomicI64,
}
