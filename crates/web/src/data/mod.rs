//! What the routes of traffic, devices and alerts share: names and places of addresses, control
//! limits, shares of traffic, parameters.

mod band;
mod geo;
mod known;
mod page;
mod params;
pub(crate) mod schema;
mod slices;

pub(crate) use band::{Limits, band};
pub(crate) use geo::{Geo, Place};
pub(crate) use known::{Known, Names};
pub(crate) use page::Page;
pub(crate) use params::*;
pub(crate) use slices::*;

use std::path::PathBuf;

/// What the routes of data keep in memory.
#[derive(Debug, Default)]
pub(crate) struct Data {
    /// Names and places of addresses.
    pub(crate) known: Known,
}

impl Data {
    /// Reads the files of places; once, at the start. The error says which one is wrong.
    pub(crate) fn open_geo(&self, files: &[PathBuf]) -> Result<(), String> {
        self.known.set_geo(Geo::open(files)?);
        Ok(())
    }
}
