//! The models that come with the program, trained by `make models` on the scenario alone.

use crate::model::Model;
use std::sync::{Arc, OnceLock};

/// The file of the attack model: flow records of a running sensor.
pub const ATTACK: &[u8] = include_bytes!("../models/attack.model");
/// The file of the form model: records as they are typed into the prediction form.
pub const FORM: &[u8] = include_bytes!("../models/form.model");

/// The model for records of a schema: `flow` or `form`; `None` for any other.
pub fn model(schema: &str) -> Option<Arc<Model>> {
    static MODELS: OnceLock<Vec<Arc<Model>>> = OnceLock::new();
    let read =
        || [ATTACK, FORM].into_iter().filter_map(|file| Model::read(file).ok().map(Arc::new));
    let models = MODELS.get_or_init(|| read().collect());
    models.iter().find(|model| model.schema() == schema).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_models_can_be_read_and_are_those_of_the_card() {
        let card = include_str!("../../../docs/models.md");
        for (schema, file) in [("flow", ATTACK), ("form", FORM)] {
            let model = model(schema).unwrap();
            assert_eq!(model.id(), Model::read(file).unwrap().id());
            assert!(file.len() < 512 << 10, "{schema}: {} bytes", file.len());
            for fact in [format!("| id | `{}` |", model.id()), format!("{} bytes |", file.len())] {
                assert!(card.contains(&fact), "docs/models.md lacks {fact}: run `make models`");
            }
        }
        assert!(model("elsewhere").is_none());
    }
}
