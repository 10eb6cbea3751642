//! The models of the registry at work: which come with the program, and by which flows are scored.

use super::Service;
use crate::clock;
use anomalyzer_engine::score::SCHEMA;
use anomalyzer_learn::built_in;
use anomalyzer_learn::model::Model;
use anomalyzer_web::models::register_built_in;
use std::sync::Arc;

/// What the models that come with the program are.
const CARD: &str = include_str!("../../../../docs/models.md");

/// Takes the models in that come with the program, and has flows scored by the one in use. What
/// goes wrong is told; the service works without them.
pub(super) fn begin(service: &Service) {
    for file in [built_in::ATTACK, built_in::FORM] {
        let control = service.store.control();
        if let Err(error) = register_built_in(control, file, CARD, clock::today()) {
            tracing::warn!("a model that comes with the program cannot be kept: {error}");
        }
    }
    apply(service);
}

/// Has flows scored by the model that is in use for them, from the next marker on.
pub(super) fn apply(service: &Service) {
    let scored = in_use(service).and_then(|model| {
        let put = service.next_lists.put_attack_model(model.as_ref());
        put.map_err(|error| error.to_string())
    });
    if let Err(error) = scored {
        tracing::warn!("flows are scored by the model as before: {error}");
    }
}

fn in_use(service: &Service) -> Result<Option<Arc<Model>>, String> {
    let control = service.store.control();
    let active = control.active_model(SCHEMA).map_err(|error| error.to_string())?;
    let Some(active) = active else { return Ok(None) };
    let file = control.model_file(&active.id).map_err(|error| error.to_string())?;
    let model = Model::read(&file).map_err(|error| format!("model {}: {error}", active.id))?;
    Ok(Some(Arc::new(model)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing;

    #[test]
    fn the_models_of_the_program_are_in_use_until_people_choose_others() {
        let dir = tempfile::tempdir().unwrap();
        let service = testing::plain(dir.path());
        let control = service.store.control();
        let scored_by = || {
            let scorer = service.next_lists.scorer(&service.loaded().config);
            scorer.map(|scorer| scorer.model().id().to_owned())
        };
        for _ in 0..2 {
            begin(&service);
            assert_eq!(control.models().unwrap().len(), 2);
            let active = control.active_model(SCHEMA).unwrap().unwrap();
            assert_eq!(scored_by(), Some(active.id));
        }
        assert!(control.active_model("form").unwrap().is_some());
    }
}
