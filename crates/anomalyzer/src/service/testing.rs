//! A service over real stores in a folder of its own, for the tests of its parts.

use super::{Capture, Health, Loaded, Service};
use crate::reload::NextLists;
use crate::service::handle::EngineHandle;
use crate::stop::Stop;
use crate::{cli, clock};
use anomalyzer_store::control::{NewSource, SourceKind};
use anomalyzer_store::{SourceId, Store};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A service that no thread works for yet, with the settings that `load` makes of the stores.
pub(super) fn service(
    dir: &Path,
    settings: cli::Settings,
    load: impl FnOnce(&cli::Settings, &Store) -> Loaded,
) -> Arc<Service> {
    let store = Store::open(&dir.join("data"), &anomalyzer_store::Options::default()).unwrap();
    let new = NewSource { kind: SourceKind::Live, name: "sensor".into() };
    store.control().put_source(Some(SourceId::SENSOR), &new, clock::today()).unwrap();
    let loaded = load(&settings, &store);
    Arc::new(Service {
        mode: "run",
        source: SourceId::SENSOR,
        by_the_clock: true,
        settings,
        store,
        hub: anomalyzer_web::Hub::default(),
        engine: EngineHandle::default(),
        next_lists: NextLists::default(),
        stop: Stop::default(),
        capture: Capture::default(),
        health: Health::default(),
        shelf: Arc::default(),
        loaded: Mutex::new(loaded),
        state: Mutex::new(("watching".into(), None)),
        counted: Mutex::default(),
        last_reload: Mutex::default(),
    })
}

/// The same with default settings.
pub(super) fn plain(dir: &Path) -> Arc<Service> {
    let settings = cli::Settings { config: None, set: Vec::new() };
    service(dir, settings, |_, _| Loaded::default())
}
