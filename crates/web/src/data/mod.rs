//! What the routes of traffic, devices and alerts share: names and places of addresses, control
//! limits, shares of traffic, parameters.

mod alerts;
mod band;
mod cache;
mod geo;
mod known;
mod page;
mod params;
pub(crate) mod schema;
mod slices;
pub(crate) mod stream;
pub(crate) mod traffic;

pub(crate) use alerts::*;
pub(crate) use band::{Limits, band};
pub(crate) use cache::Cache;
pub(crate) use geo::Geo;
pub(crate) use known::{Known, Names};
pub(crate) use page::Page;
pub(crate) use params::*;
pub(crate) use slices::*;

use crate::json::Raw;
use anomalyzer_store::control::NewAlert;
use std::path::PathBuf;
use std::time::Duration;

/// How long an overview is given again.
const OVERVIEW_FRESH: Duration = Duration::from_millis(900);

/// What the routes of data keep in memory.
#[derive(Debug)]
pub(crate) struct Data {
    /// Names and places of addresses.
    pub(crate) known: Known,
    /// Overviews by source and beginning.
    pub(crate) overviews: Cache<(Option<i64>, Option<String>), Raw>,
}

impl Default for Data {
    fn default() -> Self {
        Self { known: Known::default(), overviews: Cache::new(OVERVIEW_FRESH) }
    }
}

impl Data {
    /// Reads the files of places; once, at the start. The error says which one is wrong.
    pub(crate) fn open_geo(&self, files: &[PathBuf]) -> Result<(), String> {
        self.known.set_geo(Geo::open(files)?);
        Ok(())
    }
}

/// An alert by its id.
pub(crate) fn alert_ref(alert: &NewAlert) -> schema::AlertRef {
    schema::AlertRef {
        id: alert.id.clone(),
        title: alert.title.clone(),
        severity: alert.severity.name(),
    }
}

#[cfg(test)]
mod tests;
