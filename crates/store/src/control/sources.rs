//! Sources: sensors and captures.

use super::Control;
use crate::{Result, SourceId};
use anomalyzer_wire::Timestamp;
use serde::{Deserialize, Serialize};

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// Live interfaces of this machine.
    Live,
    /// A capture file.
    File,
    /// The demonstration.
    Demo,
}

/// A source.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Identity.
    pub id: SourceId,
    /// What it is.
    pub kind: SourceKind,
    /// Name: interfaces, or the file's name, escaped.
    pub name: String,
    /// Wall clock when made, seconds.
    pub created: i64,
    /// First packet time.
    pub first: Option<Timestamp>,
    /// Latest packet time: the source's *now*.
    pub last: Option<Timestamp>,
    /// Packets so far.
    pub packets: u64,
    /// Bytes so far.
    pub bytes: u64,
    /// `watching`, `reading`, `done`, `failed`, `stopped`.
    pub state: String,
    /// Why it failed, or what was damaged.
    pub problem: Option<String>,
}

/// A source to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSource {
    /// What it is.
    pub kind: SourceKind,
    /// Name.
    pub name: String,
}

impl Control {
    /// All sources, the sensor first, then latest first.
    pub fn sources(&self) -> Result<Vec<Source>> {
        unimplemented!()
    }
    /// One source.
    pub fn source(&self, _id: SourceId) -> Result<Source> {
        unimplemented!()
    }
    /// Makes a source; `id` 1 is made, or renamed, by [`SourceId::SENSOR`].
    pub fn put_source(
        &self,
        _id: Option<SourceId>,
        _source: &NewSource,
        _now: i64,
    ) -> Result<SourceId> {
        unimplemented!()
    }
    /// Writes times, counts, state and problem of a source.
    pub fn update_source(&self, _source: &Source) -> Result<()> {
        unimplemented!()
    }
    /// Removes a source with its alerts, incidents and devices.
    pub fn remove_source(&self, _id: SourceId) -> Result<()> {
        unimplemented!()
    }
}
