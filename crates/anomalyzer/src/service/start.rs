//! Starts the parts in an order that leaves each with the rights it needs, and stops them again.

use super::engine::Engine;
use super::feed::Feed;
use super::handle::EngineHandle;
use super::writer::Writer;
use super::{INTERFACES_KEY, Loaded, Service, evidence, rights};
use crate::cli;
use crate::clock::{self, Stopwatch};
use crate::failure::{Failure, Kind};
use crate::memory::Memory;
use crate::stop::Stop;
use crate::terminal::Terminal;
use anomalyzer_capture::{
    LiveOptions, Phase, Sensor, WatchOptions, WatchState, Watcher, default_interface, watch,
};
use anomalyzer_engine::State;
use anomalyzer_store::control::{NewSource, SourceKind};
use anomalyzer_store::{SourceId, Store};
use anomalyzer_web::control::Control;
use anomalyzer_web::{Hub, Server, serve};
use crossbeam_channel::bounded;
use sd_notify::NotifyState;
use signal_hook::consts::SIGHUP;
use signal_hook::iterator::Signals;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// News that may wait for the store writer: some seconds of flows at full speed.
const BULK: usize = 64;
/// Looks at alerts that may wait for the store writer.
const ALERTS: usize = 4;
/// Lists of alerts that may wait for their packets to be cut out.
const EVIDENCE: usize = 16;
/// Time between two looks at whether to go on.
const PAUSE: Duration = Duration::from_millis(100);
/// Time between two looks at how things are, and the longest between two tellings.
const STATUS_PAUSE: Duration = Duration::from_secs(1);
const STATUS_TOLD: Duration = Duration::from_secs(5);
/// Time between two removals of what is too old.
const RETAIN_PAUSE: Duration = Duration::from_mins(1);
/// How long the parts may take to end.
const GRACE: Duration = Duration::from_millis(4_300);

/// What to start.
pub(crate) struct Start {
    /// `run` or `demo`.
    pub(crate) mode: &'static str,
    /// Where everything is kept.
    pub(crate) dir: PathBuf,
    /// Where the settings come from.
    pub(crate) settings: cli::Settings,
    /// Where the frames come from.
    pub(crate) origin: Origin,
    /// Workers of the engine.
    pub(crate) workers: usize,
    /// How to serve.
    pub(crate) web: anomalyzer_web::Options,
    /// A file for an API token with the admin role.
    pub(crate) print_token: Option<PathBuf>,
}

/// Where the frames come from.
pub(crate) enum Origin {
    /// Interfaces.
    Live(Watched),
    /// Something else, as a source of its own or as the sensor.
    Feed {
        /// The source to use again; `None` makes a new one.
        source: Option<SourceId>,
        /// What it is.
        kind: SourceKind,
        /// What it is called.
        name: String,
        /// The frames.
        feed: Feed,
    },
}

/// Which interfaces.
#[derive(Debug)]
pub(crate) struct Watched {
    /// Those named on the command line; empty: those of the last time, else the busiest.
    pub(crate) names: Vec<String>,
    /// A filter that the kernel runs.
    pub(crate) filter: Option<String>,
}

/// Makes the implementation of what the console can ask.
pub(crate) type MakeControl<'a> = &'a dyn Fn(&Arc<Service>) -> Arc<dyn Control>;

/// Loads what the engine works with, the console's own settings and lists included.
pub(crate) type Load = fn(&cli::Settings, &Store) -> Result<Loaded, Failure>;

/// Runs the service until somebody stops it.
pub(crate) fn run(
    start: Start,
    load: Load,
    control: MakeControl<'_>,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let stop = Stop::listen()?;
    let live = matches!(start.origin, Origin::Live(_));
    rights::keep_few(!live);
    let watching = live.then(|| watch(WatchOptions::default(), &[])).transpose();
    let watching =
        watching.map_err(|e| Failure::runtime(format!("a thread could not start: {e}")))?;
    rights::drop_capture();
    make_folder(&start.dir)?;
    let config = crate::settings::load(&start.settings)?;
    let store =
        Store::open(&start.dir, &super::store_options(&config)).map_err(|e| store_failure(&e))?;
    let loaded = load(&start.settings, &store)?;
    let Start { mode, settings, origin, web, print_token, workers, .. } = start;
    let (feed, source, watched) = source(origin, watching, &store)?;
    let service = Arc::new(Service {
        mode,
        source,
        by_the_clock: !matches!(feed, Feed::Replay(_)),
        settings,
        store,
        hub: Hub::default(),
        engine: EngineHandle::default(),
        next_lists: crate::reload::NextLists::default(),
        stop,
        capture: super::Capture::default(),
        health: super::Health::default(),
        shelf: Arc::default(),
        loaded: std::sync::Mutex::new(loaded),
        state: std::sync::Mutex::new(("reading".into(), None)),
        counted: std::sync::Mutex::default(),
        last_reload: std::sync::Mutex::default(),
    });
    super::models::begin(&service);
    if let Some((watcher, watched)) = watched {
        begin_to_watch(&service, watcher, &watched)?;
    }
    let control = control(&service);
    let server = serve(&web, &service.store, &service.hub, Arc::clone(&control))
        .map_err(|e| web_failure(&e))?;
    if let Some(path) = &print_token {
        let token = server.print_token().map_err(|e| web_failure(&e))?;
        write_token(path, &token)?;
    }
    let parts = Parts::start(&service, feed, workers)?;
    on_hangup(control)?;
    report(&service, &server, terminal);
    tell_system(&[NotifyState::Ready]);
    let ended = attend(&service, &parts);
    tell_system(&[NotifyState::Stopping]);
    let stopped = parts.stop(&service);
    server.stop(Duration::from_millis(300));
    service.capture.set(None);
    ended.and(stopped)
}

/// The feed with its source, and what is to be watched.
#[expect(clippy::type_complexity, reason = "used once, right above")]
fn source(
    origin: Origin,
    watching: Option<(Watcher, Sensor)>,
    store: &Store,
) -> Result<(Feed, SourceId, Option<(Watcher, Watched)>), Failure> {
    let made = |id: Option<SourceId>, kind, name: String| {
        let source = NewSource { kind, name };
        store.control().put_source(id, &source, clock::today()).map_err(|e| store_failure(&e))
    };
    match (origin, watching) {
        (Origin::Live(watched), Some((watcher, sensor))) => {
            let id = made(Some(SourceId::SENSOR), SourceKind::Live, "sensor".into())?;
            Ok((Feed::Live(sensor), id, Some((watcher, watched))))
        }
        (Origin::Feed { source, kind, name, feed }, _) => {
            Ok((feed, made(source, kind, name)?, None))
        }
        (Origin::Live(_), None) => Err(Failure::runtime("no thread watches the interfaces")),
    }
}

/// Chooses the interfaces and opens them. Those named on the command line must be permitted.
fn begin_to_watch(
    service: &Arc<Service>,
    watcher: Watcher,
    watched: &Watched,
) -> Result<(), Failure> {
    let named = !watched.names.is_empty();
    let names = if named { watched.names.clone() } else { chosen(service) };
    watcher.reopen(&watch_options(service, watched.filter.as_ref()));
    watcher.set(&names);
    let states = watcher.tried();
    let refused = |s: &WatchState| s.phase == Phase::NotPermitted;
    if named && !states.is_empty() && states.iter().all(refused) {
        let problem = states.into_iter().find_map(|s| s.problem).unwrap_or_default();
        return Err(Failure::new(Kind::Permission, problem));
    }
    service.capture.set(Some(watcher));
    Ok(())
}

/// The interfaces of the last time; else the busiest.
fn chosen(service: &Service) -> Vec<String> {
    let kept = service.store.control().value(INTERFACES_KEY).ok().flatten();
    if let Some(names) = kept.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
        return names;
    }
    match default_interface() {
        Ok(name) => vec![name],
        Err(error) => {
            service.capture.refuse(Some(format!("{error}; choose one in the settings")));
            Vec::new()
        }
    }
}

fn watch_options(service: &Service, filter: Option<&String>) -> WatchOptions {
    let (live, queues) = super::capture_options(&service.loaded().config);
    WatchOptions { live: LiveOptions { filter: filter.cloned(), ..live }, queues }
}

/// The threads of the service.
struct Parts {
    engine: JoinHandle<Result<(), Failure>>,
    others: Vec<JoinHandle<()>>,
}

impl Parts {
    fn start(service: &Arc<Service>, feed: Feed, workers: usize) -> Result<Self, Failure> {
        let failed = |e| Failure::runtime(format!("a thread could not start: {e}"));
        let (bulk, bulk_out) = bounded(BULK);
        let (alerts, alerts_out) = bounded(ALERTS);
        let (evidence, wanted) = bounded(EVIDENCE);
        let state_path =
            service.store.dir().join("state").join(format!("{}.bin", service.source.0));
        let (memory, state) = remembered(&state_path);
        let source =
            service.store.control().source(service.source).map_err(|e| store_failure(&e))?;
        let writer = Writer::new(service, memory, source, evidence);
        let mut others = Vec::new();
        let job = move || writer.run(&bulk_out, &alerts_out);
        others.push(Builder::new().name("writer".into()).spawn(job).map_err(failed)?);
        let shared = Arc::clone(service);
        let job = move || evidence::run(&shared, &wanted);
        others.push(Builder::new().name("evidence".into()).spawn(job).map_err(failed)?);
        let shared = Arc::clone(service);
        others.push(
            Builder::new().name("keeper".into()).spawn(move || retain(&shared)).map_err(failed)?,
        );
        let service = Arc::clone(service);
        let engine = Engine { service, feed, workers, state, state_path, bulk, alerts };
        let job = move || engine.run();
        let engine = Builder::new().name("engine".into()).spawn(job).map_err(failed)?;
        Ok(Self { engine, others })
    }

    /// Waits until all have ended, as long as they may take.
    fn stop(self, service: &Service) -> Result<(), Failure> {
        let watch = Stopwatch::start();
        let late = |watch: &Stopwatch| watch.elapsed() >= GRACE;
        while !self.engine.is_finished() && !late(&watch) {
            std::thread::sleep(PAUSE / 5);
        }
        let ended = if self.engine.is_finished() {
            self.engine.join().unwrap_or_else(|panic| Err(Failure::panicked(panic.as_ref())))
        } else {
            tracing::warn!("the engine did not end in time; what it still held is lost");
            Ok(())
        };
        while self.others.iter().any(|part| !part.is_finished()) && !late(&watch) {
            std::thread::sleep(PAUSE / 5);
        }
        if self.others.iter().any(|part| !part.is_finished()) {
            tracing::warn!("not everything could be kept in time");
        }
        let _ = service.store.history().flush();
        ended
    }
}

/// What was learned before. A file that cannot be used is set aside: learning begins anew.
fn remembered(path: &Path) -> (Option<Memory>, State) {
    let folder = path.parent().unwrap_or(Path::new("."));
    if let Err(failure) = make_folder(folder) {
        tracing::warn!("what is learned will not be kept: {failure}");
        return (None, State::default());
    }
    let opened = Memory::open(path).or_else(|failure| {
        tracing::warn!("{failure}; it is set aside and learning begins anew");
        let aside = path.with_extension(format!("corrupt-{}", clock::today()));
        std::fs::rename(path, aside).map_err(|_| failure).and_then(|()| Memory::open(path))
    });
    match opened {
        Ok((memory, state)) => (Some(memory), state),
        Err(failure) => {
            tracing::warn!("what is learned will not be kept: {failure}");
            (None, State::default())
        }
    }
}

/// Removes what is too old or too much, now and then.
fn retain(service: &Service) {
    let mut watch = Stopwatch::start();
    while service.stop.check().is_ok() {
        std::thread::sleep(PAUSE);
        if watch.elapsed() >= RETAIN_PAUSE {
            watch = Stopwatch::start();
            if let Err(error) = service.store.retain(clock::today()) {
                tracing::warn!("what is too old could not be removed: {error}");
            }
        }
    }
}

/// Looks after the service until it shall end.
fn attend(service: &Service, parts: &Parts) -> Result<(), Failure> {
    let every = sd_notify::watchdog_enabled().map_or(Duration::MAX, |every| every / 3);
    let (mut looked, mut told, mut notified) =
        (Stopwatch::start(), Stopwatch::start(), Stopwatch::start());
    let mut before = None;
    while service.stop.check().is_ok() {
        if parts.engine.is_finished() {
            service.stop.close();
            return Ok(());
        }
        if parts.others.iter().any(JoinHandle::is_finished) {
            service.stop.close();
            return Err(Failure::runtime("a thread that keeps what is found has failed"));
        }
        std::thread::sleep(PAUSE);
        if looked.elapsed() >= STATUS_PAUSE {
            looked = Stopwatch::start();
            service.capture.sample();
            let status = service.status();
            let now = Some((status.problems.clone(), states(&status)));
            if now != before || told.elapsed() >= STATUS_TOLD {
                told = Stopwatch::start();
                before = now;
                service.hub.status(&status);
            }
        }
        if notified.elapsed() >= every && service.health.is_alive() {
            notified = Stopwatch::start();
            tell_system(&[NotifyState::Watchdog]);
        }
    }
    Ok(())
}

/// What of the interfaces is told at once when it changes.
fn states(status: &anomalyzer_web::control::Status) -> Vec<(String, String)> {
    status.interfaces.iter().map(|i| (i.name.clone(), i.state.clone())).collect()
}

/// Reads the configuration again at every SIGHUP. What is wrong with it is told and changes
/// nothing.
fn on_hangup(control: Arc<dyn Control>) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::runtime(format!("cannot listen to signals: {e}"));
    let mut signals = Signals::new([SIGHUP]).map_err(failed)?;
    let job = move || {
        for _ in signals.forever() {
            match control.reload() {
                Ok(changed) => {
                    tracing::info!("configuration read again: {} changes", changed.len());
                }
                Err(refusal) => tracing::error!("configuration stays as it was: {refusal}"),
            }
        }
    };
    Builder::new().name("signals".into()).spawn(job).map_err(failed)?;
    Ok(())
}

/// Says what runs where, and how to open it.
fn report(service: &Service, server: &Server, terminal: &Terminal) {
    let mut lines = vec![format!("anomalyzer {}", env!("CARGO_PKG_VERSION"))];
    if service.by_the_clock && service.mode == "run" {
        lines.extend(service.capture.states().iter().map(watched_line));
        lines.extend(service.capture.refusal().map(|why| format!("  watching  nothing: {why}")));
    }
    lines.push(format!("  data      {}", service.store.dir().display()));
    if let Some(fingerprint) = &server.fingerprint {
        lines.push(format!("  TLS       SHA-256 {fingerprint}"));
    }
    lines.push(format!("  console   {}", with_source(&server.link, service.source)));
    lines.push("  Ctrl-C ends it".to_owned());
    terminal.note(&lines.join("\n"));
    tracing::debug!("listening on {}", server.addr);
}

/// The link, speaking of this source: the console shows the sensor unless told otherwise, and a
/// replay is none.
fn with_source(link: &str, source: SourceId) -> String {
    if source == SourceId::SENSOR {
        return link.to_owned();
    }
    let (page, secret) = link.find('#').map_or((link, ""), |at| link.split_at(at));
    format!("{page}?source={}{secret}", source.0)
}

fn watched_line(state: &WatchState) -> String {
    match &state.problem {
        None => format!("  watching  {}", state.name),
        Some(problem) => format!("  watching  {}: {}: {problem}", state.name, state.phase.name()),
    }
}

/// Tells systemd, when it is there.
fn tell_system(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!("systemd could not be told: {error}");
    }
}

/// Makes a folder for the owner's eyes only.
fn make_folder(path: &Path) -> Result<(), Failure> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|e| Failure::writing(&path.display().to_string(), &e))
}

/// Writes the token whole or not at all, for the owner's eyes only.
fn write_token(path: &Path, token: &str) -> Result<(), Failure> {
    let failed = |e| Failure::writing(&path.display().to_string(), &e);
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let _ = std::fs::remove_file(&beside);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .map_err(failed)?;
    writeln!(file, "{token}").map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)
}

fn store_failure(error: &anomalyzer_store::StoreError) -> Failure {
    use anomalyzer_store::StoreError;
    let kind = match error {
        StoreError::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            Kind::Permission
        }
        _ => Kind::Runtime,
    };
    Failure::new(kind, error.to_string())
}

fn web_failure(error: &anomalyzer_web::WebError) -> Failure {
    use anomalyzer_web::WebError;
    let kind = match error {
        WebError::Refused(_) | WebError::Tls(_) => Kind::Usage,
        WebError::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            Kind::Permission
        }
        _ => Kind::Runtime,
    };
    Failure::new(kind, error.to_string())
}

#[cfg(test)]
mod tests;
