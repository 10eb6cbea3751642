//! Texts that users edit: settings, keyword lists, threat lists, suppressions. Each has a version;
//! a change must name the version that it was made from.

use super::Control;
use crate::Result;

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

impl Control {
    /// All documents of a kind, by name.
    pub fn documents(&self, _kind: DocumentKind) -> Result<Vec<Document>> {
        unimplemented!()
    }
    /// One document.
    pub fn document(&self, _kind: DocumentKind, _name: &str) -> Result<Option<Document>> {
        unimplemented!()
    }
    /// Writes a document. `version` is the one it was made from, `None` for a new one: if that is
    /// not the latest, it is a conflict. Earlier versions are kept, 20 of each. Returns the version.
    #[expect(clippy::too_many_arguments, reason = "a row")]
    pub fn put_document(
        &self,
        _kind: DocumentKind,
        _name: &str,
        _text: &str,
        _enabled: bool,
        _version: Option<i64>,
        _actor: &str,
        _now: i64,
    ) -> Result<i64> {
        unimplemented!()
    }
    /// Removes a document.
    pub fn remove_document(&self, _kind: DocumentKind, _name: &str) -> Result<()> {
        unimplemented!()
    }
    /// Earlier versions of a document, latest first.
    pub fn document_versions(&self, _kind: DocumentKind, _name: &str) -> Result<Vec<Document>> {
        unimplemented!()
    }
}
