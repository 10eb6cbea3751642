//! The control store through its public functions.

// Helpers of tests may panic as tests may; the lint knows only functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod accounts;
mod alerts;
mod audit;
mod devices;
mod documents;
mod incidents;
mod models;
mod sources;

use anomalyzer_store::control::{NewSource, SourceKind};
use anomalyzer_store::{Options, SourceId, Store, StoreError};
use tempfile::TempDir;

/// A store in a directory of its own, with the sensor as a source.
struct Fixture {
    store: Store,
    dir: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let store = Store::open(dir.path(), &Options::default()).unwrap();
        let sensor = NewSource { kind: SourceKind::Live, name: "eth0".into() };
        store.control().put_source(Some(SourceId::SENSOR), &sensor, 100).unwrap();
        Self { store, dir }
    }

    /// The same directory after the program ended and began again.
    fn again(self) -> Self {
        let Self { store, dir } = self;
        drop(store);
        let store = Store::open(dir.path(), &Options::default()).unwrap();
        Self { store, dir }
    }
}

/// The words of an error of the kind that a caller tells apart.
fn kind<T: std::fmt::Debug>(result: Result<T, StoreError>) -> &'static str {
    match result.expect_err("an error was expected") {
        StoreError::Missing(_) => "missing",
        StoreError::Conflict(_) => "conflict",
        StoreError::Invalid(_) => "invalid",
        StoreError::Limit(_) => "limit",
        StoreError::InUse(_) => "in use",
        StoreError::Full(_) => "full",
        other => panic!("another error was expected than {other}"),
    }
}
