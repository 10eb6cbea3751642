//! The running service: capture, engine, stores and server joined together.
//!
//! `Service` is what its parts share. Frames go from the capture through the engine to the observer
//! on the correlator's thread; the writer keeps what he hands over and then tells the browsers. Each
//! part is a file of its own; `web::Control` is implemented over it.

mod capture;
mod control;
mod demo;
mod engine;
pub(crate) mod evidence;
mod feed;
pub(crate) mod handle;
mod health;
mod models;
mod news;
mod observer;
pub(crate) mod once;
mod recorder;
mod rights;
mod start;
#[cfg(test)]
mod testing;
mod writer;

pub(crate) use control::{control, load};
pub(crate) use demo::demo;
pub(crate) use feed::{Feed, Maker, Replay};
pub(crate) use start::{Origin, Start, Watched, run};

use crate::cli;
use crate::clock;
use crate::failure::Failure;
use crate::reload::NextLists;
use crate::stop::Stop;
use anomalyzer_capture::{LiveOptions, Phase};
use anomalyzer_engine::Config;
use anomalyzer_engine::keyword::Matcher;
use anomalyzer_engine::threat::Indicators;
use anomalyzer_store::{SourceId, Store};
use anomalyzer_web::Hub;
use anomalyzer_web::control::{Answer, LastReload};
use capture::Capture;
use evidence::Shelf;
use handle::EngineHandle;
use health::Health;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Under what the interfaces to watch are kept.
pub(crate) const INTERFACES_KEY: &str = "capture.interfaces";

/// What the engine works with; replaced as a whole when settings or lists change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loaded {
    /// Settings.
    pub(crate) config: Arc<Config>,
    /// What is searched for in payloads.
    pub(crate) matcher: Arc<Matcher>,
    /// What nobody should have contact with.
    pub(crate) indicators: Arc<Indicators>,
}

/// What the parts of the service share.
#[derive(Debug)]
pub(crate) struct Service {
    /// `run` or `demo`.
    pub(crate) mode: &'static str,
    /// The source that the engine works on.
    pub(crate) source: SourceId,
    /// Packets come by the clock: interfaces, not a replay.
    pub(crate) by_the_clock: bool,
    /// Where the settings come from; the console's own come on top.
    pub(crate) settings: cli::Settings,
    /// All stores.
    pub(crate) store: Store,
    /// The live stream.
    pub(crate) hub: Hub,
    /// The way to the engine.
    pub(crate) engine: EngineHandle,
    /// Takes keyword lists that shall be searched from the next epoch on.
    pub(crate) next_lists: NextLists,
    /// Ends the service.
    pub(crate) stop: Stop,
    /// The interfaces.
    pub(crate) capture: Capture,
    /// How it is doing.
    pub(crate) health: Health,
    /// The latest packets.
    shelf: Arc<Shelf>,
    loaded: Mutex<Loaded>,
    /// State and problem of the source.
    state: Mutex<(String, Option<String>)>,
    /// Counters of the engine at its last look.
    counted: Mutex<Vec<(String, u64)>>,
    /// How the settings were read again the last time.
    last_reload: Mutex<Option<LastReload>>,
}

impl Service {
    /// What the engine works with now.
    pub(crate) fn loaded(&self) -> Loaded {
        lock(&self.loaded).clone()
    }

    /// Notes what the engine works with from now on; a restart of the engine begins with it. The
    /// running engine is told by whoever calls this.
    pub(crate) fn set_loaded(&self, loaded: Loaded) {
        *lock(&self.loaded) = loaded;
    }

    /// Watches these interfaces from now on, and after the next start.
    pub(crate) fn watch(&self, names: &[String]) -> Result<(), Failure> {
        if !self.capture.watch(names) {
            return Err(Failure::usage("this run replays a file: it watches no interfaces"));
        }
        let text = serde_json::to_vec(names).unwrap_or_default();
        let kept = self.store.control().put_value(INTERFACES_KEY, &text);
        kept.map_err(|e| Failure::runtime(format!("watched from now on, but not kept: {e}")))
    }

    /// Notes how the settings were read again just now.
    pub(crate) fn set_last_reload(&self, answer: &Answer<Vec<String>>) {
        *lock(&self.last_reload) = Some(LastReload { at: clock::wall(), answer: answer.clone() });
    }

    /// How the settings were read again the last time; `None` when they were not.
    pub(crate) fn last_reload(&self) -> Option<LastReload> {
        lock(&self.last_reload).clone()
    }

    fn config_problem(&self) -> Option<String> {
        lock(&self.last_reload).as_ref()?.answer.as_ref().err().map(ToString::to_string)
    }

    /// True while an interface is heard.
    fn is_watching(&self) -> bool {
        self.capture.states().iter().any(|s| s.phase == Phase::Watching)
    }

    /// State and problem of the source.
    fn source_state(&self) -> (String, Option<String>) {
        if !self.by_the_clock {
            return lock(&self.state).clone();
        }
        let state = if self.is_watching() { "watching" } else { "stopped" };
        (state.to_owned(), lock(&self.state).1.clone())
    }

    fn set_source_state(&self, state: &str) {
        state.clone_into(&mut lock(&self.state).0);
    }

    fn set_source_problem(&self, problem: Option<String>) {
        lock(&self.state).1 = problem;
    }

    fn set_engine_counters(&self, counters: Vec<(String, u64)>) {
        *lock(&self.counted) = counters;
    }

    fn engine_counters(&self) -> Vec<(String, u64)> {
        lock(&self.counted).clone()
    }

    /// True when evidence may hold payload.
    fn keeps_payload(&self) -> bool {
        lock(&self.loaded).config.store.evidence_payload != 0
    }
}

/// How stores keep things, by the settings.
fn store_options(config: &Config) -> anomalyzer_store::Options {
    let store = &config.store;
    anomalyzer_store::Options {
        history_days: store.history_days,
        history_bytes: store.history_bytes,
        free_bytes_min: store.free_bytes_min,
        alert_days: store.alert_days,
        evidence_bytes: store.evidence_bytes,
    }
}

/// How interfaces are opened, by the settings, and how many rings each has.
fn capture_options(config: &Config) -> (LiveOptions, usize) {
    let capture = &config.capture;
    let live = LiveOptions {
        snaplen: capture.snaplen,
        promiscuous: capture.promiscuous != 0,
        buffer_bytes: capture.buffer_bytes,
        ..LiveOptions::default()
    };
    (live, usize::from(capture.queues))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
