//! Texts that users edit: settings, keyword lists, threat lists, suppressions. Each has a version;
//! a change must name the version that it was made from.

use super::Control;
use super::db::Step;
use super::limits::int;
use super::text::text;
use crate::{Result, StoreError};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DocumentKind {
    /// Settings made in the console; the only one is called `settings` and is TOML.
    Settings,
    /// A keyword list in its own language.
    Keywords,
    /// A threat list, up to 64 MiB.
    ThreatList,
    /// A suppression, JSON of the engine's type; the name is its id.
    Suppression,
    /// A view or filter that a user saved, JSON.
    SavedView,
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub kind: DocumentKind,
    /// Its name, unique within the kind.
    pub name: String,
    /// The text.
    pub text: String,
    /// In use.
    pub enabled: bool,
    /// Rises with each change, from 1.
    pub version: i64,
    /// Wall clock of the last change, seconds.
    pub changed: i64,
    /// Who made it.
    pub actor: String,
}

const COLUMNS: &str = "kind, name, text, enabled, version, changed, actor";
/// Earlier versions kept of each document.
const VERSIONS: i64 = 20;
/// Bytes of all earlier versions of one document; the latest of them is kept however large.
const VERSIONS_BYTES: i64 = 64 << 20;
/// Most bytes of a name.
const NAME: usize = 200;
/// Most bytes of the name of whoever changed it.
const ACTOR: usize = 128;

impl DocumentKind {
    /// As it is kept. Numbers are for good.
    const fn number(self) -> i64 {
        match self {
            Self::Settings => 0,
            Self::Keywords => 1,
            Self::ThreatList => 2,
            Self::Suppression => 3,
            Self::SavedView => 4,
        }
    }

    const fn of_number(number: i64) -> Self {
        match number {
            0 => Self::Settings,
            1 => Self::Keywords,
            2 => Self::ThreatList,
            3 => Self::Suppression,
            _ => Self::SavedView,
        }
    }

    /// Most documents, and most bytes of one.
    pub const fn limits(self) -> (usize, usize) {
        match self {
            Self::Settings => (16, 1 << 20),
            Self::Keywords => (256, 4 << 20),
            Self::ThreatList => (64, 64 << 20),
            Self::Suppression => (10_000, 16 << 10),
            Self::SavedView => (1_000, 64 << 10),
        }
    }
}

impl Control {
    /// All documents of a kind, by name.
    pub fn documents(&self, kind: DocumentKind) -> Result<Vec<Document>> {
        self.db.read("reading documents", |db| {
            let sql = format!("SELECT {COLUMNS} FROM document WHERE kind = ?1 ORDER BY name");
            let mut query = db.prepare_cached(&sql)?;
            let rows = query.query_map([kind.number()], document_of)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// One document.
    pub fn document(&self, kind: DocumentKind, name: &str) -> Result<Option<Document>> {
        self.db.read("reading a document", |db| document(db, kind, name))
    }

    /// Writes a document. `version` is the one it was made from, `None` for a new one: if that is
    /// not the latest, it is a conflict. Earlier versions are kept, 20 of each and at most 64 MiB
    /// together. Returns the version. Number and size are limited by [`DocumentKind::limits`].
    #[expect(clippy::too_many_arguments, reason = "a row")]
    pub fn put_document(
        &self,
        kind: DocumentKind,
        name: &str,
        text: &str,
        enabled: bool,
        version: Option<i64>,
        actor: &str,
        now: i64,
    ) -> Result<i64> {
        self.check_document(kind, name, text)?;
        let actor = self.counters.cut(actor, ACTOR);
        let written = self.db.write("keeping a document", |tx| {
            let latest = document(tx, kind, name)?;
            if latest.as_ref().map(|d| d.version) != version {
                let what = match latest {
                    Some(_) if version.is_none() => "there is a document with this name",
                    Some(_) => "the document was changed in between; look at it again",
                    None => "the document was removed in between",
                };
                return Err(StoreError::Conflict(what).into());
            }
            match &latest {
                Some(latest) => keep_version(tx, latest)?,
                None => self.check_number(tx, kind)?,
            }
            let next = version.unwrap_or(0) + 1;
            tx.execute(
                "INSERT OR REPLACE INTO document (kind, name, text, enabled, version, changed, actor)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![kind.number(), name, text, enabled, next, now, actor],
            )?;
            Ok(next)
        });
        self.touch_copy();
        written
    }

    /// Removes a document with its earlier versions.
    pub fn remove_document(&self, kind: DocumentKind, name: &str) -> Result<()> {
        self.write_kept("removing a document", |tx| {
            let key = params![kind.number(), name];
            if tx.execute("DELETE FROM document WHERE kind = ?1 AND name = ?2", key)? == 0 {
                return Err(StoreError::Missing("document").into());
            }
            tx.execute("DELETE FROM document_version WHERE kind = ?1 AND name = ?2", key)?;
            Ok(())
        })
    }

    /// Earlier versions of a document, latest first.
    pub fn document_versions(&self, kind: DocumentKind, name: &str) -> Result<Vec<Document>> {
        self.db.read("reading earlier versions", |db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM document_version WHERE kind = ?1 AND name = ?2
                 ORDER BY version DESC"
            );
            let mut query = db.prepare_cached(&sql)?;
            let rows = query.query_map(params![kind.number(), name], document_of)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    fn check_document(&self, kind: DocumentKind, name: &str, text: &str) -> Result<()> {
        if name.is_empty() || name.len() > NAME || name.chars().any(char::is_control) {
            let what = format!("the name of a document has 1 to {NAME} bytes, none of control");
            return Err(StoreError::Invalid(what));
        }
        let (_, bytes) = kind.limits();
        if text.len() > bytes {
            let what = format!("`{name}` has {} bytes, at most {bytes} fit", text.len());
            return Err(self.counters.refuse(what));
        }
        Ok(())
    }

    fn check_number(&self, tx: &Transaction<'_>, kind: DocumentKind) -> Step<()> {
        let sql = "SELECT count(*) FROM document WHERE kind = ?1";
        let count: i64 = tx.query_row(sql, [kind.number()], |row| row.get(0))?;
        if count >= int(kind.limits().0 as u64) {
            let what = format!("there are {count} documents of this kind; remove some first");
            return Err(self.counters.refuse(what).into());
        }
        Ok(())
    }
}

fn document(db: &Connection, kind: DocumentKind, name: &str) -> Step<Option<Document>> {
    let sql = format!("SELECT {COLUMNS} FROM document WHERE kind = ?1 AND name = ?2");
    let mut query = db.prepare_cached(&sql)?;
    Ok(query.query_row(params![kind.number(), name], document_of).optional()?)
}

/// Puts a version among the earlier ones, of which the oldest go.
fn keep_version(tx: &Transaction<'_>, document: &Document) -> Step<()> {
    let (kind, name) = (document.kind.number(), &document.name);
    tx.execute(
        "INSERT OR REPLACE INTO document_version
           (kind, name, version, enabled, changed, actor, size, text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            kind,
            name,
            document.version,
            document.enabled,
            document.changed,
            document.actor,
            int(document.text.len() as u64),
            document.text
        ],
    )?;
    tx.execute(
        "DELETE FROM document_version WHERE kind = ?1 AND name = ?2 AND version < ?3
           AND (version <= ?3 - ?4 OR version NOT IN
             (SELECT version FROM
               (SELECT version, sum(size) OVER (ORDER BY version DESC) AS together
                FROM document_version WHERE kind = ?1 AND name = ?2)
              WHERE together <= ?5))",
        params![kind, name, document.version, VERSIONS, VERSIONS_BYTES],
    )?;
    Ok(())
}

fn document_of(row: &Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document {
        kind: DocumentKind::of_number(row.get(0)?),
        name: text(row, 1)?,
        text: text(row, 2)?,
        enabled: row.get(3)?,
        version: row.get(4)?,
        changed: row.get(5)?,
        actor: text(row, 6)?,
    })
}
