//! A supervised model at work on flows.

use super::row::{Row, columns};
use anomalyzer_learn::model::{Model, ModelError, Reading};
use std::sync::Arc;

/// Reasons that are given for a suspicious flow.
const REASONS: usize = 3;

/// What a model said about a flow.
#[derive(Clone, Debug)]
pub struct FlowScore {
    /// Probability of an attack, if attacks were as frequent as normal flows; 0 to 1.
    pub probability: f32,
    /// More, when the score reached the model's threshold.
    pub suspicion: Option<Box<Suspicion>>,
}

/// Why a flow is suspicious.
#[derive(Clone, Debug)]
pub struct Suspicion {
    /// Id of the model.
    pub model: Arc<str>,
    /// Probability from which this model calls a flow suspicious.
    pub threshold: f32,
    /// The columns that speak for an attack most, in words, the strongest first.
    pub reasons: Vec<String>,
}

/// Scores flows by one model.
#[derive(Clone, Debug)]
pub struct Scorer {
    pub(super) model: Arc<Model>,
    id: Arc<str>,
    pub(super) reading: Reading,
    /// The values as the model takes them, kept for the room.
    pub(super) values: Vec<f32>,
}

impl Scorer {
    /// A scorer; an error when the model asks for columns that flows do not have.
    pub fn new(model: &Arc<Model>) -> Result<Self, ModelError> {
        let reading = model.reading(&columns())?;
        Ok(Self { model: Arc::clone(model), id: model.id().into(), reading, values: Vec::new() })
    }

    /// The model.
    pub const fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Scores a flow.
    pub fn score(&mut self, row: &Row) -> FlowScore {
        self.reading.row(row, &mut self.values);
        let score = self.model.score(&self.values);
        let suspicion = score.anomaly.then(|| Box::new(self.suspicion()));
        FlowScore { probability: score.probability, suspicion }
    }

    /// Why the flow whose values are at hand is suspicious.
    fn suspicion(&self) -> Suspicion {
        // Some of what moved the score most speaks against an attack: it is no reason.
        let moved = self.model.explain(&self.values, 2 * REASONS);
        let reasons = moved.into_iter().filter(|c| c.weight > 0.0).take(REASONS);
        let cut = |text: String| text.split(": speaks").next().unwrap_or_default().to_owned();
        Suspicion {
            model: Arc::clone(&self.id),
            threshold: self.model.threshold(),
            reasons: reasons.map(|c| cut(c.text)).collect(),
        }
    }
}
