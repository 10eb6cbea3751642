//! What outlasts a run: taken out of the detectors, and handed back to them.

use super::{Correlator, Running};
use crate::state::{SCHEMA, State};

impl Correlator {
    /// Everything that the next run should know. Parts that were restored and belong to a
    /// detector that is switched off, or to none that this version has, are still there.
    pub fn save(&self) -> State {
        let mut state = self.carried.clone();
        state.schema = SCHEMA;
        state.saved = state.saved.max(self.facts.last());
        for running in &self.running {
            if let Some(part) = running.detector.save() {
                state.detectors.insert(running.spec.id.to_owned(), part);
            }
        }
        state.judgement.remember(&self.view().alerts);
        state
    }

    /// Takes a state back, before the first epoch. Never fails: a detector that cannot use its
    /// part begins afresh, and a sentence says so.
    ///
    /// A state that is later than the input is no error: the input is judged by what was learned
    /// and then learned too, and the state's time stays the later one.
    pub fn restore(&mut self, mut state: State) -> Vec<String> {
        let mut warnings = state.judgement.cut();
        for running in &mut self.running {
            let Some(part) = state.detectors.remove(running.spec.id) else { continue };
            warnings.extend(running.restore(&part, self.seed));
        }
        self.carried = state;
        self.judged_anew();
        warnings
    }
}

impl Running {
    /// Gives the detector what it has saved; a sentence when it cannot use it.
    pub(super) fn restore(&mut self, part: &serde_json::Value, seed: u64) -> Option<String> {
        let problem = self.detector.restore(part).err()?;
        // Whatever it took before it noticed is dropped.
        self.detector = (self.spec.build)(&self.section, seed);
        let id = self.spec.id;
        Some(format!("{id} cannot use what it saved ({problem}); it learns anew"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::detect::DETECTORS;
    use anomalyzer_wire::Timestamp;
    use serde_json::json;
    use std::sync::Arc;

    fn correlator() -> Correlator {
        let mut config = Config::default();
        config.set("flood.enabled", "false").unwrap();
        Correlator::new(&Arc::new(config), 5)
    }

    #[test]
    fn parts_of_nobody_are_carried_along() {
        let mut state = State { saved: Some(Timestamp::from_nanos(7)), ..State::default() };
        state.detectors.insert("flood".into(), json!({"kept": 1}));
        state.detectors.insert("of-a-later-version".into(), json!([1, 2]));
        state.further.insert("notes".into(), json!("x"));
        let mut correlator = correlator();
        assert_eq!(correlator.restore(state.clone()), Vec::<String>::new());
        let saved = correlator.save();
        assert_eq!(saved.saved, state.saved);
        assert_eq!(saved.further, state.further);
        for id in ["flood", "of-a-later-version"] {
            assert_eq!(saved.detectors.get(id), state.detectors.get(id));
        }
    }

    #[test]
    fn whatever_a_part_holds_no_detector_fails() {
        let parts = [json!(null), json!([]), json!({}), json!("x"), json!(-1), json!([[1e308]])];
        for part in parts {
            let ids = DETECTORS.iter().map(|spec| (spec.id.to_owned(), part.clone()));
            let state = State { detectors: ids.collect(), ..State::default() };
            let mut correlator = correlator();
            for warning in correlator.restore(state) {
                assert!(warning.contains("it learns anew"), "{warning}");
            }
            correlator.save().to_bytes().unwrap();
        }
    }
}
