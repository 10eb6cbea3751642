//! The registry of models at work: files that are sent in, training on a thread of its own, the
//! comparison of two models on the same records, and predictions.
//!
//! What is learned and how is the business of `learn`; where it is kept, of the store. Nothing here
//! knows what an attack looks like.

mod card;
mod compare;
mod held;
mod jobs;
pub(crate) mod labels;
mod predictor;
mod preview;
mod registry;
mod shapes;
mod uploads;

pub use compare::{Comparison, compare};
pub use jobs::Job;
pub use registry::{
    RegistryError, Request, import, register_built_in, roll_back, train, train_table,
};

pub(crate) use jobs::{Jobs, Wanted};
pub(crate) use predictor::{NotAsked, Prediction, Predictor};
pub(crate) use preview::{Guess, Preview};
pub(crate) use shapes::{FaultItem, ModelItem, SchemaItem, model_item};
pub(crate) use uploads::{UPLOAD_MAX, Upload, Uploads};

use anomalyzer_store::Store;
use anomalyzer_store::control::ModelRow;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Predictions on their way to the history; of more than that some are missing in it.
const REMEMBERING_MAX: usize = 64;

/// A model of the registry as the API gives it; no line feed.
pub fn record(row: &ModelRow) -> String {
    crate::json::raw(&model_item(row)).get().to_owned()
}

/// What the routes of models share.
#[derive(Debug)]
pub(crate) struct Models {
    /// Files that were sent in.
    pub(crate) uploads: Uploads,
    /// Training runs.
    pub(crate) jobs: Jobs,
    /// The active models, ready to be asked.
    pub(crate) predictor: Predictor,
    /// Predictions that are on their way to the history.
    pub(crate) remembering: Arc<Semaphore>,
}

impl Models {
    /// Over the folder of a store; files of an earlier run are removed.
    pub(crate) fn new(store: &Store) -> Self {
        let uploads = Uploads::new(&store.dir().join("models"));
        let remembering = Arc::new(Semaphore::new(REMEMBERING_MAX));
        Self { uploads, jobs: Jobs::default(), predictor: Predictor::default(), remembering }
    }
}
