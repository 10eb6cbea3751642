//! What was learned from the site's flows.

use super::profile::Profile;
use super::sample::Values;
use crate::score::{self, SITE_COLUMNS as NAMES};
use anomalyzer_learn::data::{NORMAL, Row, Table};
use anomalyzer_learn::model::{Model, ModelKind};
use anomalyzer_learn::train::{Algorithm, FitOptions, fit};
use anomalyzer_wire::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Reasons given for an odd flow.
const REASONS: usize = 3;
/// Letters of a saved model: several times what a hundred trees over 256 flows need.
const LETTERS_MAX: usize = 4 << 20;

/// A model of the site, with what its flows were like when it was learned.
pub(super) struct Learned {
    model: Model,
    at: Timestamp,
    profile: Profile,
}

/// How it is saved.
#[derive(Serialize, Deserialize)]
struct Saved {
    model: String,
    at_ns: i64,
    profile: Vec<Vec<u64>>,
}

impl Learned {
    /// Learns from flows; `rate` of them may be odd. `None` when they are too few for a model.
    pub(super) fn from(rows: &[Values], rate: f64, at: Timestamp) -> Option<Self> {
        let mut table = Table::new(score::columns_named(&NAMES));
        for (group, values) in (0_u64..).zip(rows) {
            table.push(Row { kind: NORMAL, group }, values);
        }
        let options = FitOptions {
            algorithm: Algorithm::Isolation,
            fpr: rate,
            ..FitOptions::new(score::SCHEMA)
        };
        let model = fit(&table, &options, &mut ()).ok()?.model;
        Some(Self { model, at, profile: Profile::of(rows) })
    }

    /// How odd a flow is, 0 to 1, and whether that is beyond the threshold.
    pub(super) fn score(&self, values: &Values) -> (f32, bool) {
        let score = self.model.score(values);
        (score.probability, score.anomaly)
    }

    /// What makes a flow odd, in words.
    pub(super) fn reasons(&self, values: &Values) -> Vec<String> {
        let moved = self.model.explain(values, 2 * REASONS);
        let odd = moved.into_iter().filter(|c| c.weight > 0.0).take(REASONS);
        odd.map(|c| c.text.split(": speaks").next().unwrap_or_default().to_owned()).collect()
    }

    pub(super) fn id(&self) -> &str {
        self.model.id()
    }

    pub(super) fn threshold(&self) -> f32 {
        self.model.threshold()
    }

    /// When it was learned.
    pub(super) const fn at(&self) -> Timestamp {
        self.at
    }

    /// What flows were like then.
    pub(super) const fn profile(&self) -> &Profile {
        &self.profile
    }

    pub(super) fn save(&self) -> Option<Value> {
        let mut file = Vec::new();
        self.model.write(&mut file).ok()?;
        let saved = Saved {
            model: STANDARD.encode(file),
            at_ns: self.at.nanos(),
            profile: self.profile.to_lists(),
        };
        serde_json::to_value(saved).ok()
    }

    /// Takes back what [`Self::save`] gave, and trusts none of it.
    pub(super) fn restore(saved: &Value) -> Result<Self, String> {
        let saved = Saved::deserialize(saved).map_err(|e| e.to_string())?;
        if saved.model.len() > LETTERS_MAX {
            return Err("the model is larger than any".into());
        }
        let file = STANDARD.decode(saved.model).map_err(|e| e.to_string())?;
        let model = Model::read(&file).map_err(|e| e.to_string())?;
        let names = model.columns().iter().map(|column| column.name.as_str());
        if model.kind() != ModelKind::Isolation || !names.eq(NAMES) {
            return Err("the model is not one of this version's anomaly models".into());
        }
        let profile = Profile::from_lists(&saved.profile).ok_or("the profile is damaged")?;
        Ok(Self { model, at: Timestamp::from_nanos(saved.at_ns), profile })
    }
}
