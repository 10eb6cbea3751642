//! Models from training to file and back: the same on every machine, and nothing read is trusted.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

use std::ops::ControlFlow;

use anomalyzer_learn::{
    data::{Column, ColumnKind, NORMAL, Row, Table},
    model::{FILE_BYTES_MAX, Model, ModelError, ModelKind},
    train::{Algorithm, FitOptions, Goal, Progress, TrainError, evaluate, fit},
};

/// Numbers that look random and are the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Records of a web server with three kinds of attacks: floods are short and many, leaks are
/// large, and knocking goes to odd services. Some values are missing.
fn table(rows: u64, seed: u64) -> Table {
    let number = |name: &str| Column { name: name.into(), kind: ColumnKind::Number };
    let words = ["http", "dns", "telnet"].map(str::to_owned).to_vec();
    let mut table = Table::new(vec![
        number("bytes"),
        number("packets"),
        Column { name: "service".into(), kind: ColumnKind::Category(words) },
        number("noise"),
    ]);
    table.kinds.extend(["flood", "leak", "knock"].map(str::to_owned));
    let mut dice = Dice(seed);
    for at in 0..rows {
        let kind = if dice.below(2) == 0 { NORMAL } else { 1 + dice.below(3) as u16 };
        let packets = 2 + dice.below(40);
        let (bytes, packets, service) = match kind {
            1 => (40 + dice.below(20), 1, dice.below(2)),
            2 => (500_000 + dice.below(1 << 20), packets * 20, 0),
            3 => (60 + dice.below(200), packets, 2),
            _ => (packets * (80 + dice.below(900)), packets, dice.below(2)),
        };
        let noise = if dice.below(10) == 0 { f32::NAN } else { dice.below(1000) as f32 };
        table.push(Row { kind, group: at }, &[bytes as f32, packets as f32, service as f32, noise]);
    }
    table
}

fn options(algorithm: Algorithm) -> FitOptions {
    FitOptions { algorithm, ..FitOptions::new("test") }
}

fn file(model: &Model) -> Vec<u8> {
    let mut bytes = Vec::new();
    model.write(&mut bytes).unwrap();
    bytes
}

#[test]
fn the_same_seed_gives_the_same_file_with_any_number_of_threads() {
    let table = table(600, 1);
    for algorithm in [Algorithm::Gbdt, Algorithm::Forest, Algorithm::Isolation] {
        let with = |threads, seed| {
            file(
                &fit(&table, &FitOptions { threads, seed, ..options(algorithm) }, &mut ())
                    .unwrap()
                    .model,
            )
        };
        let one = with(1, 1);
        assert!(one == with(2, 1) && one == with(7, 1), "{algorithm:?} depends on threads");
        assert!(one != with(1, 2), "{algorithm:?} does not depend on the seed");
    }
}

/// The digest that this file has on every machine. It changes when the method changes, and only
/// then: a new compiler, processor or system library must not change it.
#[test]
fn the_file_is_the_same_on_every_machine() {
    let model = fit(&table(300, 1), &options(Algorithm::Gbdt), &mut ()).unwrap().model;
    assert_eq!(model.id(), "9c7d8fb339cb");
}

#[test]
fn a_model_finds_attacks_and_says_why() {
    let fitted = fit(&table(2000, 1), &options(Algorithm::Auto), &mut ()).unwrap();
    assert!(fitted.metrics.recall > 0.97 && fitted.metrics.fpr <= 0.03, "{:?}", fitted.metrics);
    let unseen = fitted.unseen.unwrap();
    // A flood is like nothing that was ever normal; the other two kinds use what is normal.
    assert!(unseen.recall > 0.3, "{unseen:?}");
    let fresh = table(1000, 2);
    let measured = evaluate(&fitted.model, &fresh).unwrap();
    assert!(measured.recall > 0.97 && measured.fpr < 0.06, "{measured:?}");

    let telnet = fitted.model.code(2, "telnet");
    let knock = [100.0, 10.0, telnet, 5.0];
    let score = fitted.model.score(&knock);
    assert!(score.anomaly && score.probability >= fitted.model.threshold());
    let reasons = fitted.model.explain(&knock, 3);
    let service = reasons.iter().find(|reason| reason.feature == "service").unwrap();
    assert_eq!(service.value, "telnet");
    assert!(service.weight > 0.0);
    assert_eq!(
        service.text,
        "service is telnet (no normal record of the training data has that): speaks for an attack"
    );
    assert!(!fitted.model.score(&[5000.0, 20.0, 0.0, 5.0]).anomaly);
}

#[test]
fn words_are_found_by_name_whatever_their_order() {
    let model = fit(&table(600, 1), &options(Algorithm::Gbdt), &mut ()).unwrap().model;
    let mut other = Table::new(vec![
        Column { name: "extra".into(), kind: ColumnKind::Number },
        Column { name: "noise".into(), kind: ColumnKind::Number },
        Column {
            name: "service".into(),
            kind: ColumnKind::Category(vec!["ssh".into(), "telnet".into()]),
        },
        Column { name: "packets".into(), kind: ColumnKind::Number },
        Column { name: "bytes".into(), kind: ColumnKind::Number },
    ]);
    other.push(Row { kind: NORMAL, group: 0 }, &[9.0, 5.0, 1.0, 10.0, 100.0]);
    let reading = model.reading(&other.columns).unwrap();
    let mut values = Vec::new();
    reading.row(other.values(0), &mut values);
    assert_eq!(values, [100.0, 10.0, 2.0, 5.0]);
    reading.row(&[9.0, 5.0, 0.0, 10.0, 100.0], &mut values);
    assert!(values[2].is_nan(), "ssh is not known");
    other.columns.remove(4);
    let missing = model.reading(&other.columns).unwrap_err();
    assert_eq!(missing, ModelError::Columns(vec!["bytes".into()]));
}

#[test]
fn an_isolation_forest_needs_no_attacks() {
    let mut normal = Table::new(table(0, 1).columns);
    let all = table(2000, 1);
    (0..all.len())
        .filter(|&at| !all.rows()[at].is_attack())
        .for_each(|at| normal.push(all.rows()[at], all.values(at)));
    let options = FitOptions { fpr: 0.02, ..options(Algorithm::Isolation) };
    let model = fit(&normal, &options, &mut ()).unwrap().model;
    assert_eq!(model.kind(), ModelKind::Isolation);
    let measured = evaluate(&model, &all).unwrap();
    assert!(measured.fpr < 0.04 && measured.recall > 0.3, "{measured:?}");
    assert!((model.threshold() - 0.5).abs() < 1e-3);
}

#[test]
fn what_cannot_be_learned_is_told() {
    let check = |table: &Table, options: &FitOptions, wanted: &str| {
        let error = fit(table, options, &mut ()).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    };
    let gbdt = options(Algorithm::Gbdt);
    check(&table(0, 1), &gbdt, "no records");
    check(&Table::default(), &gbdt, "no records");
    check(&table(100, 1), &FitOptions { fpr: 0.0, ..gbdt.clone() }, "between 0 and 1");
    check(&table(100, 1), &FitOptions { fpr: f64::NAN, ..gbdt.clone() }, "between 0 and 1");
    let mut one = Table::new(table(0, 1).columns);
    (0..50).for_each(|at| one.push(Row { kind: NORMAL, group: at }, &[1.0]));
    check(&one, &gbdt, "0 attack records");
}

#[test]
fn few_rows_and_odd_values_are_no_panic() {
    for rows in [8, 20, 60] {
        let mut table = table(rows, 3);
        table.push(
            Row { kind: NORMAL, group: 0 },
            &[f32::INFINITY, f32::NEG_INFINITY, 1e9, f32::MAX],
        );
        table.push(Row { kind: 1, group: 0 }, &[f32::NAN; 4]);
        for algorithm in [Algorithm::Auto, Algorithm::Isolation] {
            for goal in [Goal::Accuracy, Goal::FalsePositives] {
                let options = FitOptions { goal, ..options(algorithm) };
                let Ok(fitted) = fit(&table, &options, &mut ()) else { continue };
                let read = Model::read(&file(&fitted.model)).unwrap();
                for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, -1.0] {
                    assert!(read.score(&[odd; 4]).probability.is_finite());
                    assert!(read.score(&[odd]).probability.is_finite());
                    read.explain(&[odd; 4], 9);
                }
            }
        }
    }
}

#[test]
fn a_run_can_be_cancelled_at_any_step() {
    struct After(u64);
    impl Progress for After {
        fn tell(&mut self, _: &str, done: u64, of: u64) -> ControlFlow<()> {
            assert!(done <= of, "{done} of {of}");
            self.0 = self.0.saturating_sub(1);
            if self.0 == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    for steps in [1, 2, 7, 50, 500] {
        let result = fit(&table(300, 1), &options(Algorithm::Gbdt), &mut After(steps));
        assert_eq!(result.err(), Some(TrainError::Cancelled), "after {steps} steps");
    }
}

#[test]
fn a_file_comes_back_as_it_was() {
    let model = fit(&table(600, 1), &options(Algorithm::Gbdt), &mut ()).unwrap().model;
    let bytes = file(&model);
    let read = Model::read(&bytes).unwrap();
    assert_eq!(file(&read), bytes);
    assert_eq!(read.id(), model.id());
    let values = [100.0, 10.0, 2.0, f32::NAN];
    assert_eq!(read.score(&values), model.score(&values));
    assert_eq!(read.explain(&values, 9), model.explain(&values, 9));
}

#[test]
fn files_that_are_cut_or_changed_are_refused() {
    let bytes = file(&fit(&table(200, 1), &options(Algorithm::Isolation), &mut ()).unwrap().model);
    for length in (0..bytes.len()).filter(|at| at % 61 == 0 || *at < 600 || at + 100 > bytes.len())
    {
        let error = Model::read(&bytes[..length]).unwrap_err();
        assert!(matches!(error, ModelError::Short { .. }), "{length} bytes: {error}");
    }
    let mut changed = bytes.clone();
    for at in (0..bytes.len()).filter(|at| at % 61 == 0 || *at < 600) {
        for bit in [0, 4, 7] {
            changed[at] ^= 1 << bit;
            assert!(Model::read(&changed).is_err(), "bit {bit} of byte {at}");
            changed[at] = bytes[at];
        }
    }
    changed.push(0);
    assert!(Model::read(&changed).is_err());
}

/// Changes with a digest that fits: what a forger can do. Nothing of it may panic.
#[test]
fn forged_files_never_panic() {
    let bytes = file(&fit(&table(200, 1), &options(Algorithm::Isolation), &mut ()).unwrap().model);
    let mut dice = Dice(9);
    let (mut refused, mut taken) = (0, 0);
    for _ in 0..3000 {
        let mut forged = bytes[..bytes.len() - 32].to_vec();
        for _ in 0..=dice.below(3) {
            let at = 14 + dice.below(forged.len() as u64 - 14) as usize;
            forged[at] = dice.below(256) as u8;
        }
        forged.extend_from_slice(ring::digest::digest(&ring::digest::SHA256, &forged).as_ref());
        match Model::read(&forged) {
            Ok(model) => {
                taken += 1;
                let score = model.score(&[1.0, 2.0, 1.0, f32::NAN]);
                assert!(!score.raw.is_nan());
                model.explain(&[1.0, 2.0, 1.0, 4.0], 4);
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 100 && taken > 100, "{refused} refused, {taken} taken");
}

#[test]
fn files_of_other_programs_are_named() {
    let check = |file: &[u8], wanted: &[&str]| {
        let error = Model::read(file).unwrap_err().to_string();
        assert!(wanted.iter().all(|words| error.contains(words)), "{error}");
    };
    check(b"\x80\x04\x95\x10", &["Python pickle", "run any code", "model train"]);
    check(b"PK\x03\x04....", &["zip archive", "run any code"]);
    check(b"\x78\x9c....", &["joblib", "run any code"]);
    check(b"(lp0\nI1\na.", &["pickle"]);
    check(b"\x1f\x8b....", &["gzip", "unpack"]);
    check(b"\x28\xb5\x2f\xfd...", &["zstd", "unpack"]);
    check(b"{\"a\":1}", &["JSON", "model train"]);
    check(b"hello", &["ANOMODEL"]);
    check(b"", &["cut short"]);
    check(b"ANOMODEL\x09\x00........................................", &["version 9", "update"]);
    let large = [b"ANOMODEL".as_slice(), &vec![0; FILE_BYTES_MAX]].concat();
    check(&large, &["at most"]);
}
