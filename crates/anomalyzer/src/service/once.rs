//! What is done to the stores while no service runs.

use super::load;
use super::store_options;
use crate::cli::Settings;
use crate::clock;
use crate::failure::{Failure, Kind};
use anomalyzer_store::{Options, Retained, Store, StoreError};
use std::path::Path;

/// Removes what is too old or too much, by the limits that hold for the service: defaults, file,
/// environment, and what was set in the console.
pub(crate) fn retain(dir: &Path, settings: &Settings) -> Result<Retained, Failure> {
    let failed = |error: StoreError| match error {
        StoreError::InUse(_) => {
            Failure::new(Kind::Runtime, "the service runs, and does this by itself every hour")
        }
        other => Failure::runtime(other.to_string()),
    };
    let store = Store::open(dir, &Options::default()).map_err(failed)?;
    let loaded = load(settings, &store)?;
    store.configure(&store_options(&loaded.config));
    store.retain(clock::today()).map_err(failed)
}
