//! The labelled captures that the long runs and some tests use, and the binary under test.

use crate::root;
use std::path::PathBuf;

/// Folder of the labelled captures: `ANOMALYZER_DATA`, by default beside the repository.
pub(crate) fn folder() -> PathBuf {
    let named = std::env::var_os("ANOMALYZER_DATA").filter(|v| !v.is_empty());
    named.map_or_else(|| root().join("../shared/data"), PathBuf::from)
}

/// True when the labelled captures are there.
pub(crate) fn is_there() -> bool {
    folder().join("truth.csv").is_file()
}

/// The release binary, which `make` has built.
pub(crate) fn binary() -> Result<PathBuf, String> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let binary = root().join(target).join("release/anomalyzer");
    if binary.is_file() {
        Ok(binary)
    } else {
        Err(format!("{} is missing: run `make build`", binary.display()))
    }
}
