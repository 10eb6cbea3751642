//! Trains on one file, judges another, and prints the figures: `figures SCHEMA TRAIN TEST [FPR] [ALGORITHM] [GOAL]`.
//! With `split:SHARE` or `folds:N` for TEST it judges parts of the first file.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use anomalyzer_learn::{
    data, schema,
    train::{Algorithm, FitOptions, Goal, Metrics, cross_validate, evaluate, fit, split},
};
use std::io::BufRead;
use std::ops::ControlFlow;
use std::time::Instant;

struct Stages(String, Instant);
impl anomalyzer_learn::train::Progress for Stages {
    fn tell(&mut self, stage: &str, _: u64, _: u64) -> ControlFlow<()> {
        if stage != self.0 {
            eprintln!("{:.1}s {stage}", self.1.elapsed().as_secs_f64());
            self.0 = stage.into();
        }
        ControlFlow::Continue(())
    }
}

fn read(id: &str, path: &str) -> data::Table {
    let file = std::fs::File::open(path).unwrap();
    let mut input: Box<dyn BufRead> = if path.ends_with(".zst") {
        Box::new(std::io::BufReader::new(zstd::Decoder::new(file).unwrap()))
    } else {
        Box::new(std::io::BufReader::new(file))
    };
    let (table, faults) =
        data::read(schema::by_id(id).unwrap(), &mut input, &data::Limits::default()).unwrap();
    eprintln!("{path}: {} rows, {} faults", table.len(), faults.total);
    table
}

fn say(name: &str, m: &Metrics) {
    println!(
        "{name:10} accuracy {:.4} fpr {:.4} recall {:.4} precision {:.4} f1 {:.4} auc {:.4} pr {:.4} balanced {:.4}",
        m.accuracy, m.fpr, m.recall, m.precision, m.f1, m.roc_auc, m.pr_auc, m.balanced_accuracy
    );
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let arg = |at: usize, default: &str| args.get(at).cloned().unwrap_or(default.into());
    let table = read(&args[1], &args[2]);
    let options = FitOptions {
        fpr: arg(4, "0.03").parse().unwrap(),
        threads: 2,
        algorithm: match arg(5, "gbdt").as_str() {
            "gbdt" => Algorithm::Gbdt,
            "forest" => Algorithm::Forest,
            "isolation" => Algorithm::Isolation,
            _ => Algorithm::Auto,
        },
        goal: if arg(6, "unseen") == "known" { Goal::Accuracy } else { Goal::FalsePositives },
        ..FitOptions::new(&args[1])
    };
    let started = Instant::now();
    let mut stages = Stages(String::new(), started);
    if let Some(folds) = args[3].strip_prefix("folds:") {
        let all = cross_validate(&table, &options, folds.parse().unwrap(), &mut stages).unwrap();
        let mean = |of: fn(&Metrics) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        all.iter().for_each(|m| say("fold", m));
        println!(
            "mean accuracy {:.4} fpr {:.4} auc {:.4}",
            mean(|m| m.accuracy),
            mean(|m| m.fpr),
            mean(|m| m.roc_auc)
        );
        return;
    }
    let (train, test) = match args[3].strip_prefix("split:") {
        Some(share) => {
            let (a, b) = split(&table, share.parse().unwrap(), 1);
            (a, Some(b))
        }
        None if args[3] == "-" => (table, None),
        None => (table, Some(read(&args[1], &args[3]))),
    };
    let fitted = fit(&train, &options, &mut stages).unwrap();
    println!(
        "{:?} fitted in {:.1}s, {} trees, threshold {:.4}, id {}",
        fitted.model.kind(),
        started.elapsed().as_secs_f64(),
        fitted.model.trees(),
        fitted.threshold,
        fitted.model.id()
    );
    say("known", &fitted.metrics);
    if let Some(unseen) = &fitted.unseen {
        say("unseen", unseen);
        for k in &unseen.kinds {
            print!("{} {}/{}  ", k.kind, k.found, k.rows);
        }
        println!();
    }
    if let Some(test) = test {
        let now = Instant::now();
        let m = evaluate(&fitted.model, &test).unwrap();
        println!("{:.2} us a row", now.elapsed().as_secs_f64() * 1e6 / test.len() as f64);
        say("test", &m);
        for k in &m.kinds {
            print!("{} {}/{}  ", k.kind, k.found, k.rows);
        }
        println!();
        let values = test.values(0).to_vec();
        let reading = fitted.model.reading(&test.columns).unwrap();
        let mut v = vec![];
        reading.row(&values, &mut v);
        for c in fitted.model.explain(&v, 5) {
            println!("  {:+.2} {}", c.weight, c.text);
        }
    }
}
