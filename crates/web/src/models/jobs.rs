//! Training runs: one at a time, on a thread of its own, with progress and a way to stop it.

use super::registry::{self, RegistryError, Request};
use super::shapes::FaultItem;
use super::{Upload, labels};
use crate::audit;
use crate::clock;
use crate::error::Problem;
use crate::json::seconds;
use crate::state::AppState;
use anomalyzer_learn::data::Faults;
use anomalyzer_learn::schema;
use anomalyzer_learn::train::{Progress, TrainError};
use anomalyzer_store::StoreError;
use anomalyzer_store::control::NewModel;
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use utoipa::ToSchema;

/// Runs that wait.
const WAITING_MAX: usize = 4;
/// Runs that are remembered.
const JOBS_MAX: usize = 50;
/// Faults that a run tells.
const FAULTS_MAX: usize = 50;
/// Shortest time between two tellings of progress.
const TOLD_EACH: Duration = Duration::from_millis(250);
/// Bytes that are read at once.
const BUFFER: usize = 256 << 10;

/// A training run.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Job {
    /// Names it.
    pub id: String,
    /// `waiting`, `running`, `done`, `failed`, `cancelled`.
    pub state: &'static str,
    /// What it is doing.
    pub stage: String,
    /// Steps of the stage that are done.
    pub done: u64,
    /// Steps of the stage.
    pub of: u64,
    /// Whose records it learns from.
    pub schema: String,
    /// The model that came of it: a candidate.
    pub model: Option<String>,
    /// Why none came.
    pub problem: Option<String>,
    /// When it began.
    pub started: Option<String>,
    /// When it was over.
    pub ended: Option<String>,
    /// Rows that could not be read, at most 50.
    pub faults: Vec<FaultItem>,
    /// All such rows.
    pub faults_total: u64,
}

/// What a run is made of.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) request: Request,
    /// Records of a file, and field of the schema by column of it.
    pub(crate) upload: Option<(Arc<Upload>, BTreeMap<String, String>)>,
    /// Flows that users labelled.
    pub(crate) labels: bool,
}

/// All runs.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: VecDeque<Entry>,
    last: u64,
    /// A thread works on them.
    working: bool,
}

#[derive(Debug)]
struct Entry {
    job: Job,
    cancel: Arc<AtomicBool>,
    wanted: Option<Wanted>,
}

impl Jobs {
    /// All runs, the latest first.
    pub(crate) fn list(&self) -> Vec<Job> {
        self.lock().entries.iter().rev().map(|entry| entry.job.clone()).collect()
    }

    /// Takes a run in. Blocks for a moment only.
    pub(crate) fn submit(app: &AppState, wanted: Wanted) -> Result<Job, Problem> {
        let (job, start) = {
            let mut inner = app.models.jobs.lock();
            let waiting = inner.entries.iter().filter(|entry| entry.wanted.is_some()).count();
            if waiting >= WAITING_MAX {
                let what = format!("{waiting} training runs wait already; try again later");
                return Err(Problem::busy(30, what));
            }
            inner.last += 1;
            let job = new_job(inner.last, &wanted.request.options.schema);
            let entry = Entry { job: job.clone(), cancel: Arc::default(), wanted: Some(wanted) };
            inner.entries.push_back(entry);
            if inner.entries.len() > JOBS_MAX {
                inner.entries.pop_front();
            }
            (job, !std::mem::replace(&mut inner.working, true))
        };
        if start {
            let worker = app.clone();
            let spawned =
                std::thread::Builder::new().name("training".into()).spawn(move || work(&worker));
            if let Err(error) = spawned {
                app.models.jobs.lock().working = false;
                return Err(Problem::internal(&error));
            }
        }
        app.hub.job(&job);
        Ok(job)
    }

    /// Stops a run, or takes one that waits out; false when there is none that could be stopped.
    pub(crate) fn cancel(&self, id: &str) -> bool {
        let mut inner = self.lock();
        let found = inner.entries.iter_mut().find(|entry| entry.job.id == id);
        let Some(entry) = found else { return false };
        if entry.job.ended.is_some() {
            return false;
        }
        entry.cancel.store(true, Ordering::Relaxed);
        if entry.wanted.take().is_some() {
            entry.job.state = "cancelled";
            entry.job.ended = Some(seconds(clock::now()));
        }
        true
    }

    /// Stops all: the program ends.
    pub(crate) fn cancel_all(&self) {
        for entry in &mut self.lock().entries {
            entry.cancel.store(true, Ordering::Relaxed);
            entry.wanted = None;
        }
    }

    /// The next run, which is running from now on; without one nobody works any more.
    fn next(&self) -> Option<(String, Wanted, Arc<AtomicBool>)> {
        let mut inner = self.lock();
        let next = inner.entries.iter_mut().find_map(|entry| {
            let wanted = entry.wanted.take()?;
            entry.job.state = "running";
            entry.job.started = Some(seconds(clock::now()));
            Some((entry.job.id.clone(), wanted, Arc::clone(&entry.cancel)))
        });
        inner.working = next.is_some();
        next
    }

    /// Changes a run; as it is then.
    fn change(&self, id: &str, change: impl FnOnce(&mut Job)) -> Option<Job> {
        let mut inner = self.lock();
        let entry = inner.entries.iter_mut().find(|entry| entry.job.id == id)?;
        change(&mut entry.job);
        Some(entry.job.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn new_job(id: u64, schema: &str) -> Job {
    Job {
        id: id.to_string(),
        state: "waiting",
        stage: String::new(),
        done: 0,
        of: 0,
        schema: schema.to_owned(),
        model: None,
        problem: None,
        started: None,
        ended: None,
        faults: Vec::new(),
        faults_total: 0,
    }
}

/// Works on runs until none is left.
fn work(app: &AppState) {
    while let Some((id, wanted, cancel)) = app.models.jobs.next() {
        let mut told = Told { app, id: &id, cancel: &cancel, next: clock::instant() };
        let ran = catch_unwind(AssertUnwindSafe(|| train(&wanted, app, &mut told)));
        let ended = match ran {
            Ok(Ok((model, faults))) => keep(app, &id, &model, &faults),
            Ok(Err(RegistryError::Train(TrainError::Cancelled))) => Err(None),
            Ok(Err(error)) => Err(Some(error.to_string())),
            Err(_) => Err(Some("internal error, please report it: training broke off".into())),
        };
        let job = app.models.jobs.change(&id, |job| {
            job.ended = Some(seconds(clock::now()));
            match ended {
                Ok(model) => (job.state, job.model) = ("done", Some(model)),
                Err(None) => job.state = "cancelled",
                Err(Some(problem)) => (job.state, job.problem) = ("failed", Some(problem)),
            }
        });
        if let Some(job) = job {
            app.hub.job(&job);
        }
    }
}

fn train(
    wanted: &Wanted,
    app: &AppState,
    told: &mut Told<'_>,
) -> Result<(NewModel, Faults), RegistryError> {
    if wanted.labels {
        let labels = app.store.control().labels()?;
        let table = labels::table(&labels);
        let model = registry::train_table(&table, &wanted.request, told)?;
        return Ok((model, Faults::default()));
    }
    let Some((upload, mapping)) = &wanted.upload else { return Err(TrainError::Empty.into()) };
    let schema = schema::by_id(&wanted.request.options.schema)
        .ok_or_else(|| RegistryError::Schema(wanted.request.options.schema.clone()))?;
    let file = File::open(&upload.path)
        .map_err(|error| StoreError::Io { path: upload.path.clone(), source: error })?;
    let mut input = BufReader::with_capacity(BUFFER, file);
    registry::train(schema, mapping, &mut input, &wanted.request, told)
}

/// Keeps the model; its id, or what is wrong.
fn keep(
    app: &AppState,
    id: &str,
    model: &NewModel,
    faults: &Faults,
) -> Result<String, Option<String>> {
    app.models.jobs.change(id, |job| {
        job.faults_total = faults.total;
        job.faults = faults.list.iter().take(FAULTS_MAX).map(FaultItem::from).collect();
    });
    match app.store.control().add_model(model, clock::now()) {
        // The same records, options and seed give the same model: it is there.
        Ok(_) | Err(StoreError::Conflict(_)) => {}
        Err(error) => return Err(Some(error.to_string())),
    }
    let detail = json!({ "schema": model.schema, "rows": model.rows, "digest": model.digest });
    let event = audit::Event { action: "model.trained", target: &model.id, detail, result: "ok" };
    audit::write(app, &model.actor, None, &event)
        .map_err(|_| Some("the audit trail could not be written".to_owned()))?;
    Ok(model.id.clone())
}

/// Tells browsers how far a run is.
struct Told<'a> {
    app: &'a AppState,
    id: &'a str,
    cancel: &'a AtomicBool,
    next: Instant,
}

impl Progress for Told<'_> {
    fn tell(&mut self, stage: &str, done: u64, of: u64) -> ControlFlow<()> {
        if self.cancel.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        let now = clock::instant();
        let job = self.app.models.jobs.change(self.id, |job| {
            stage.clone_into(&mut job.stage);
            (job.done, job.of) = (done, of);
        });
        if now >= self.next
            && let Some(job) = job
        {
            self.next = now + TOLD_EACH;
            self.app.hub.job(&job);
        }
        ControlFlow::Continue(())
    }
}
