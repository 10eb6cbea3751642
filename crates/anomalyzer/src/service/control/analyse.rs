//! Uploaded captures: each is analysed as a source of its own, one at a time, on a thread.
//!
//! The file stays in `uploads/` of the data directory until its source is removed: back-tests read
//! it again. What it holds is judged by the settings and lists of the moment.

use super::{missing, refused, store_refused};
use crate::clock;
use crate::failure::Kind;
use crate::input::{Files, Gate};
use crate::output::Onlookers;
use crate::pipeline::{self, Plan};
use crate::progress::Progress;
use crate::reload::NextLists;
use crate::service::recorder::{Counted, Recorder, at};
use crate::service::{Loaded, Service, evidence};
use crate::stop::Stop;
use anomalyzer_capture::Limits;
use anomalyzer_store::SourceId;
use anomalyzer_store::control::{NewSource, Source, SourceKind};
use anomalyzer_web::control::Answer;
use anomalyzer_wire::HostileStr;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Captures that wait.
const QUEUE: usize = 8;
/// Folder of kept captures within the data directory.
const FOLDER: &str = "uploads";
/// Most characters of a source's name.
const NAME_MAX: usize = 200;

/// The thread and what waits for it.
pub(super) struct Analyses {
    jobs: Sender<SourceId>,
    /// Analyses that wait or run, with what ends them.
    open: Arc<Mutex<HashMap<SourceId, Stop>>>,
}

/// Where the capture of a source lies.
pub(super) fn capture(service: &Service, source: SourceId) -> PathBuf {
    service.store.dir().join(FOLDER).join(format!("{}.capture", source.0))
}

/// Before anything new is analysed: what an end of the program has cut short is told, and captures
/// of sources that are gone are removed.
pub(super) fn tidy(service: &Service) {
    let sources = service.store.control().sources().unwrap_or_default();
    for mut source in sources.iter().filter(|s| s.kind == SourceKind::File).cloned() {
        if source.id != service.source && source.state == "reading" {
            "failed".clone_into(&mut source.state);
            source.problem = Some("the program ended meanwhile; send the file again".into());
            let _ = service.store.control().update_source(&source);
        }
    }
    let Ok(folder) = std::fs::read_dir(service.store.dir().join(FOLDER)) else { return };
    for path in folder.filter_map(|entry| Some(entry.ok()?.path())) {
        let known = sources.iter().any(|source| capture(service, source.id) == path);
        if !known && path.is_file() {
            let _ = std::fs::remove_file(&path);
        }
    }
}

impl Analyses {
    /// Starts the thread; it ends with the last sender.
    pub(super) fn start(service: &Arc<Service>) -> Self {
        let (jobs, waiting) = bounded(QUEUE);
        let open = Arc::new(Mutex::new(HashMap::new()));
        let (service, shared) = (Arc::clone(service), Arc::clone(&open));
        let thread = std::thread::Builder::new().name("analysis".into());
        if let Err(error) = thread.spawn(move || work(&service, &waiting, &shared)) {
            // Every upload is refused then.
            tracing::error!("captures cannot be analysed, a thread could not start: {error}");
        }
        Self { jobs, open }
    }

    /// Takes a capture over and queues it.
    pub(super) fn add(&self, service: &Service, path: &Path, name: &str) -> Answer<SourceId> {
        if self.jobs.is_full() {
            return Err(busy());
        }
        let name = HostileStr::from(name.as_bytes()).escaped();
        let name = name.chars().take(NAME_MAX).collect();
        let new = NewSource { kind: SourceKind::File, name };
        let control = service.store.control();
        let id = control.put_source(None, &new, clock::today()).map_err(store_refused)?;
        let kept = keep(path, &capture(service, id)).and_then(|()| {
            let mut source = control.source(id).map_err(|e| e.to_string())?;
            "reading".clone_into(&mut source.state);
            control.update_source(&source).map_err(|e| e.to_string())?;
            service.hub.source(&source);
            self.lock().insert(id, Stop::default());
            self.jobs.try_send(id).map_err(|e| match e {
                TrySendError::Full(_) => busy().message,
                TrySendError::Disconnected(_) => "captures cannot be analysed now".to_owned(),
            })
        });
        kept.map(|()| id).map_err(|problem| {
            self.lock().remove(&id);
            let _ = std::fs::remove_file(capture(service, id));
            let _ = control.remove_source(id);
            refused(problem)
        })
    }

    /// Stops the analysis of a source, if it goes on, and removes what is kept of it.
    pub(super) fn remove(&self, service: &Service, id: SourceId) -> Answer<()> {
        if id == SourceId::SENSOR || id == service.source {
            return Err(refused("what this program itself sees cannot be removed"));
        }
        let control = service.store.control();
        if control.source(id).is_err() {
            return Err(missing("source"));
        }
        let stop = self.lock().get(&id).cloned();
        if let Some(stop) = stop {
            stop.close();
            // It looks at each batch of frames: soon.
            for _ in 0..100 {
                if !self.lock().contains_key(&id) {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
        }
        if self.lock().contains_key(&id) {
            return Err(refused("the analysis is being stopped; try again in a few seconds"));
        }
        service.store.history().remove(id).map_err(store_refused)?;
        remove_series(service, id)?;
        evidence::remove(service, id).map_err(|e| refused(e.to_string()))?;
        let _ = std::fs::remove_file(capture(service, id));
        control.remove_source(id).map_err(store_refused)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SourceId, Stop>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn busy() -> anomalyzer_web::control::Refusal {
    refused(format!("{QUEUE} captures wait already; try again when one is done"))
}

fn remove_series(service: &Service, id: SourceId) -> Answer<()> {
    service.store.series().remove(id).map_err(store_refused)
}

/// Moves the file, also to another file system.
fn keep(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("the capture cannot be kept: {e}");
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    if std::fs::rename(from, to).is_ok() {
        return Ok(());
    }
    std::fs::copy(from, to).map_err(failed)?;
    std::fs::remove_file(from).map_err(failed)
}

/// The life of the thread.
fn work(
    service: &Arc<Service>,
    waiting: &Receiver<SourceId>,
    open: &Mutex<HashMap<SourceId, Stop>>,
) {
    let lock = || open.lock().unwrap_or_else(PoisonError::into_inner);
    for id in waiting {
        if service.stop.check().is_err() {
            return;
        }
        let Some(stop) = lock().get(&id).cloned() else { continue };
        let source = service.store.control().source(id);
        if let (Ok(mut source), Ok(())) = (source, stop.check()) {
            let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                one(service, &mut source, &stop);
            }));
            if ran.is_err() {
                source.state = "failed".into();
                source.problem = Some("an internal error; please report it".into());
            }
            let _ = service.store.control().update_source(&source);
            service.hub.source(&source);
        }
        lock().remove(&id);
    }
}

/// Analyses one capture; how it went is in `source`.
fn one(service: &Arc<Service>, source: &mut Source, stop: &Stop) {
    let path = capture(service, source.id);
    let Loaded { config, matcher, indicators } = service.loaded();
    let seed = super::load::seed();
    let next_lists = NextLists::default();
    // Inline: the live engine keeps the other cores.
    let plan = Plan { config, matcher, next_lists, indicators, workers: 1, seed };
    let gate = Gate::new(None, Onlookers::default(), Progress::new(false));
    let paths = [path.clone()];
    let mut files = Files::new(&paths, Limits::default(), gate, stop.clone());
    let mut shown = source.clone();
    let progress = |counted: &Counted| {
        note(&mut shown, counted);
        let _ = service.store.control().update_source(&shown);
        service.hub.source(&shown);
        if service.stop.check().is_err() {
            stop.close();
        }
    };
    let mut recorder = Recorder::new(&service.store, Some(&service.hub), source.id, progress);
    let outcome = pipeline::run(&plan, plan.correlator().live(), &mut files, &mut recorder);
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(failure) => {
            return (source.state, source.problem) = ("failed".into(), Some(failure.to_string()));
        }
    };
    let (alerts, counted, kept) = recorder.finish(&outcome.correlator);
    note(source, &counted);
    let (sources, _) = files.into_parts();
    // The file's own name says nothing to the one who sent it.
    let damage = sources.into_iter().find_map(|s| s.damage);
    (source.state, source.problem) = match outcome.stopped {
        Err(failure) if matches!(failure.kind(), Kind::PipeClosed | Kind::Interrupted) => {
            ("stopped".into(), Some("stopped before its end".into()))
        }
        Err(failure) => {
            let text = failure.to_string();
            let text = text.replace(&format!("{}: ", path.display()), "");
            ("failed".into(), Some(text))
        }
        Ok(()) => ("done".into(), damage),
    };
    if let Err(problem) = kept {
        source.problem = Some(format!("not everything could be kept: {problem}"));
    }
    if source.state == "done"
        && let Err(problem) = evidence::from_file(service, source.id, &path, &alerts)
    {
        tracing::warn!("packets of the alerts of source {}: {problem}", source.id.0);
    }
}

fn note(source: &mut Source, counted: &Counted) {
    if let Some((first, last)) = counted.seconds {
        (source.first, source.last) = (Some(at(first)), Some(at(last)));
    }
    (source.packets, source.bytes) = (counted.packets, counted.bytes);
}
