//! The demonstration: a made-up office at work, attacked now and then, on the same way as real
//! traffic. Needs no rights.
//!
//! Packets have the times of now. Whatever the clock says, the office is in the middle of a
//! morning when the demonstration starts, and lives through its days and nights from there. Its
//! last day is written to the store in the background by a scenario of the same hosts.

mod fill;
mod maker;
mod story;

use super::{Feed, Origin, Service, Start, control, load, run};
use crate::clock;
use crate::commands::workers;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::{cli, log};
use anomalyzer_store::SourceId;
use anomalyzer_store::control::SourceKind;
use anomalyzer_web::Control;
use anomalyzer_wire::Timestamp;
use maker::Office;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Workstations of the office.
const STATIONS: u16 = 14;
/// Name of the source.
const NAME: &str = "demonstration";
/// What the office's clock shows when the demonstration starts: 2026-03-03T10:20:00Z, a Tuesday.
const OFFICE_START: Timestamp = Timestamp::from_secs_nanos(1_772_533_200, 0);

/// Runs until somebody stops it.
pub(crate) fn demo(options: &cli::Demo, terminal: &Terminal) -> Result<(), Failure> {
    log::start(options.serving.log_format, terminal)?;
    let named = options.serving.data.clone();
    let temporary = named.is_none().then(Temporary::new).transpose()?;
    let dir = named.or_else(|| temporary.as_ref().map(|folder| folder.0.clone()));
    let office = Office::new(options.seed, options.speed);
    let feed = Feed::Made(Box::new(office));
    let (kind, name) = (SourceKind::Demo, NAME.to_owned());
    let start = Start {
        mode: "demo",
        dir: dir.unwrap_or_default(),
        settings: options.settings.clone(),
        origin: Origin::Feed { source: Some(SourceId::SENSOR), kind, name, feed },
        workers: workers(options.workers),
        web: options.serving.web(true),
        print_token: options.serving.print_token.clone(),
    };
    run(start, load, &|service| filling(service, options.seed), terminal)
}

/// What the console can ask; on the way, the last day is begun to be written.
fn filling(service: &Arc<Service>, seed: u64) -> Arc<dyn Control> {
    if let Err(failure) = fill::begin(service, seed, clock::wall()) {
        tracing::warn!("the last day is missing: {failure}");
    }
    control(service)
}

/// A folder that is gone at the end.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Result<Self, Failure> {
        let name =
            format!("anomalyzer-demo-{}-{:08x}", std::process::id(), super::engine::random());
        let path = std::env::temp_dir().join(name);
        let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|e| Failure::writing(&path.display().to_string(), &e))?;
        Ok(Self(path))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // The name was made here, and the folder was new: everything in it is ours.
        let _ = std::fs::remove_dir_all(Path::new(&self.0));
    }
}
