//! Other keyword lists and models for a run that goes on: SIGHUP has the lists read again.
//!
//! A thread of its own reads and compiles the lists while packets go on being read; the reader
//! takes the result at the next marker and hands it to every worker in-band, so all of them change
//! at the same point of the input. Lists that cannot be read leave the present ones in place.

use crate::failure::Failure;
use crate::settings;
use crate::terminal::Terminal;
use anomalyzer_engine::Config;
use anomalyzer_engine::detect::DETECTORS;
use anomalyzer_engine::keyword::Matcher;
use anomalyzer_engine::score::{SCHEMA, Scorer};
use anomalyzer_engine::text::counted;
use anomalyzer_learn::built_in;
use anomalyzer_learn::model::{Model, ModelError};
use signal_hook::consts::SIGHUP;
use signal_hook::iterator::Signals;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keyword lists and attack models that wait to take the place of the present ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct NextLists {
    ready: Arc<AtomicBool>,
    next: Arc<Mutex<Next>>,
    /// What workers begin with.
    attack_model: Arc<Mutex<AttackModel>>,
}

/// What takes the place of what is there.
#[derive(Debug, Default)]
pub(crate) struct Next {
    /// Other keyword lists.
    pub(crate) matcher: Option<Arc<Matcher>>,
    /// Another attack model.
    pub(crate) scorer: Option<NextScorer>,
}

/// The attack model that takes the place of the present one; `None` when none shall score.
#[derive(Debug)]
pub(crate) struct NextScorer(pub(crate) Option<Scorer>);

/// The attack model that holds.
#[derive(Debug, Default)]
enum AttackModel {
    /// The one that comes with the program.
    #[default]
    BuiltIn,
    /// One that somebody chose, or none.
    Chosen(Option<Scorer>),
}

impl NextLists {
    /// Has these lists searched from the next marker on.
    pub(crate) fn put(&self, matcher: Arc<Matcher>) {
        self.next().matcher = Some(matcher);
        self.ready.store(true, Ordering::Release);
    }

    /// Has finished flows scored by this attack model from the next marker on, or by none; also
    /// after the engine has started again. An error when it is a model of other records.
    pub(crate) fn put_attack_model(&self, model: Option<&Arc<Model>>) -> Result<(), ModelError> {
        let scorer = model.map(Scorer::new).transpose()?;
        *self.attack_model() = AttackModel::Chosen(scorer.clone());
        self.next().scorer = Some(NextScorer(scorer));
        self.ready.store(true, Ordering::Release);
        Ok(())
    }

    /// The attack model that a worker begins with; none where the detector is switched off.
    pub(crate) fn scorer(&self, config: &Config) -> Option<Scorer> {
        let spec = DETECTORS.iter().find(|spec| spec.id == "attack-model")?;
        if !config.section(spec)?.enabled {
            return None;
        }
        match &*self.attack_model() {
            AttackModel::BuiltIn => Scorer::new(&built_in::model(SCHEMA)?).ok(),
            AttackModel::Chosen(scorer) => scorer.clone(),
        }
    }

    /// What waits; cheap to ask for at each marker.
    pub(crate) fn take(&self) -> Option<Next> {
        if !self.ready.swap(false, Ordering::Acquire) {
            return None;
        }
        Some(std::mem::take(&mut *self.next()))
    }

    fn next(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn attack_model(&self) -> MutexGuard<'_, AttackModel> {
        self.attack_model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the lists again at every SIGHUP.
    pub(crate) fn on_hangup(&self, names: &[String], config: &Arc<Config>) -> Result<(), Failure> {
        let failed = |e: std::io::Error| Failure::runtime(format!("cannot listen to signals: {e}"));
        let mut signals = Signals::new([SIGHUP]).map_err(failed)?;
        let (next, names, config) = (self.clone(), names.to_vec(), Arc::clone(config));
        let job = move || {
            for _ in signals.forever() {
                match settings::matcher(&names, &config) {
                    Ok(matcher) => {
                        let patterns = counted(matcher.len() as u64, "pattern");
                        next.put(matcher.into());
                        Terminal::say(&format!("keyword lists read again: {patterns}\n"));
                    }
                    Err(failure) => {
                        Terminal::say(&format!("keyword lists stay as they were: {failure}\n"));
                    }
                }
            }
        };
        std::thread::Builder::new().name("keywords".into()).spawn(job).map_err(failed)?;
        Ok(())
    }
}
