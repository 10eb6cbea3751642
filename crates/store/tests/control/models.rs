//! The registry of models, labels and predictions.

use crate::{Fixture, kind};
use anomalyzer_store::control::{
    ModelOrigin, ModelRow, ModelState, NewLabel, NewModel, NewUser, Role,
};
use anomalyzer_store::{Control, SourceId};

const SENSOR: SourceId = SourceId::SENSOR;

fn model(n: u32, schema: &str) -> NewModel {
    NewModel {
        id: format!("{n:012x}"),
        schema: schema.into(),
        kind: "gbdt".into(),
        origin: ModelOrigin::Trained,
        actor: "ann".into(),
        rows: 1_000,
        digest: "00".repeat(32),
        threshold: 0.25,
        metrics: r#"{"accuracy":0.5}"#.into(),
        card: "What it is.".into(),
        file: n.to_le_bytes().repeat(100),
        held: None,
    }
}

fn active(c: &Control, schema: &str) -> Option<String> {
    c.active_model(schema).unwrap().map(|row| row.id)
}

#[test]
fn a_model_comes_back_as_it_was_put_and_once() {
    let f = Fixture::new();
    let c = f.store.control();
    let new = NewModel { held: Some(vec![7; 9]), ..model(1, "form") };
    let row = c.add_model(&new, 77).unwrap();
    let expected = ModelRow {
        id: new.id.clone(),
        schema: "form".into(),
        kind: "gbdt".into(),
        origin: ModelOrigin::Trained,
        created: 77,
        actor: "ann".into(),
        rows: 1_000,
        digest: new.digest.clone(),
        threshold: 0.25,
        state: ModelState::Candidate,
        before: None,
        metrics: new.metrics.clone(),
        card: new.card.clone(),
    };
    assert_eq!(row, expected);
    assert_eq!(c.models().unwrap(), [expected]);
    assert_eq!(c.model_file(&new.id).unwrap(), new.file);
    assert_eq!(c.model_held(&new.id).unwrap(), new.held);
    assert_eq!(kind(c.add_model(&new, 78)), "conflict");
    let f = f.again();
    assert_eq!(f.store.control().model_file(&new.id).unwrap(), new.file);
}

#[test]
fn one_model_of_a_schema_is_in_use_and_the_way_back_is_one_step() {
    let f = Fixture::new();
    let c = f.store.control();
    for n in 1..=3 {
        c.add_model(&model(n, "form"), 1).unwrap();
    }
    c.add_model(&model(9, "cic"), 1).unwrap();
    let id = |n: u32| model(n, "").id;
    assert_eq!(kind(c.roll_back_model("form")), "missing");
    assert_eq!(c.promote_model(&id(1)).unwrap().state, ModelState::Active);
    assert_eq!(kind(c.roll_back_model("form")), "conflict");
    c.promote_model(&id(9)).unwrap();
    c.promote_model(&id(2)).unwrap();
    c.promote_model(&id(3)).unwrap();
    assert_eq!(kind(c.promote_model(&id(3))), "conflict");
    assert_eq!(kind(c.promote_model("none")), "missing");
    assert_eq!(active(c, "form"), Some(id(3)));
    assert_eq!(c.model(&id(2)).unwrap().state, ModelState::Former);
    assert_eq!(c.roll_back_model("form").unwrap().id, id(2));
    assert_eq!(c.roll_back_model("form").unwrap().id, id(1));
    assert_eq!(kind(c.roll_back_model("form")), "conflict");
    assert_eq!((active(c, "form"), active(c, "cic")), (Some(id(1)), Some(id(9))));
    // The one in use stays; the others may go.
    assert_eq!(kind(c.remove_model(&id(1))), "conflict");
    c.remove_model(&id(3)).unwrap();
    assert_eq!(kind(c.model_file(&id(3))), "missing");
}

#[test]
fn a_way_back_to_a_removed_model_is_told() {
    let f = Fixture::new();
    let c = f.store.control();
    for n in 1..=2 {
        c.add_model(&model(n, "form"), 1).unwrap();
        c.promote_model(&model(n, "").id).unwrap();
    }
    c.remove_model(&model(1, "").id).unwrap();
    assert_eq!(kind(c.roll_back_model("form")), "conflict");
    assert_eq!(active(c, "form"), Some(model(2, "").id));
}

#[test]
fn the_registry_is_bounded() {
    let f = Fixture::new();
    let c = f.store.control();
    let large = NewModel { file: vec![0; (16 << 20) + 1], ..model(1, "form") };
    assert_eq!(kind(c.add_model(&large, 1)), "limit");
    let site = |n| NewModel { origin: ModelOrigin::Site, ..model(n, "flow") };
    c.add_model(&site(1_000), 1).unwrap();
    c.promote_model(&site(1_000).id).unwrap();
    for n in 1_001..1_010 {
        c.add_model(&site(n), 1).unwrap();
    }
    let kept: Vec<String> = c.models().unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(kept, [1_009, 1_008, 1_007, 1_000].map(|n| site(n).id));
    for n in 4..64 {
        c.add_model(&model(n, "form"), 1).unwrap();
    }
    assert_eq!(kind(c.add_model(&model(64, "form"), 1)), "limit");
    c.remove_model(&model(5, "").id).unwrap();
    c.add_model(&model(64, "form"), 1).unwrap();
}

#[test]
fn what_was_said_last_of_a_flow_holds() {
    let f = Fixture::new();
    let c = f.store.control();
    let label = |flow: &str, attack| NewLabel {
        flow: flow.into(),
        attack,
        kind: if attack { "flood".into() } else { String::new() },
        vector: vec![1.0, -2.5, f32::INFINITY],
    };
    c.put_labels(SENSOR, &[label("a", true), label("b", false)], "ann", 1).unwrap();
    assert_eq!(c.label_counts().unwrap(), (1, 1));
    c.put_labels(SENSOR, &[label("a", false)], "bob", 2).unwrap();
    assert_eq!(c.label_counts().unwrap(), (0, 2));
    let kept = c.labels().unwrap();
    assert_eq!((kept.len(), kept[1].attack), (2, false));
    assert_eq!(kept[0].vector, [1.0, -2.5, f32::INFINITY]);
    assert_eq!(kind(c.put_labels(SENSOR, &[label("", true)], "ann", 1)), "invalid");
    let long = NewLabel { vector: vec![0.0; 2_000], ..label("c", true) };
    assert_eq!(kind(c.put_labels(SENSOR, &[long], "ann", 1)), "invalid");
    assert_eq!(kind(c.put_labels(SourceId(77), &[label("a", true)], "ann", 1)), "missing");
}

#[test]
fn of_each_user_the_last_predictions_stay() {
    let f = Fixture::new();
    let c = f.store.control();
    let user = |name: &str| {
        let new = NewUser { name: name.into(), role: Role::Viewer, password: String::new() };
        c.add_user(&new, 1).unwrap()
    };
    let (ann, bob) = (user("ann"), user("bob"));
    for n in 0..130 {
        c.add_prediction(ann, &format!("{n}"), n).unwrap();
    }
    c.add_prediction(bob, "bob's", 1).unwrap();
    let kept = c.predictions(ann, 1_000).unwrap();
    assert_eq!((kept.len(), kept[0].as_str(), kept[99].as_str()), (100, "129", "30"));
    assert_eq!(c.predictions(ann, 2).unwrap(), ["129", "128"]);
    assert_eq!(c.predictions(bob, 100).unwrap(), ["bob's"]);
    c.remove_user(ann).unwrap();
    assert_eq!(c.predictions(ann, 100).unwrap().len(), 0);
    assert_eq!(kind(c.add_prediction(bob, &"x".repeat(70_000), 1)), "invalid");
}
