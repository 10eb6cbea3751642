//! The models on the flows of real captures, none of which they were trained on.

use super::flows::{Meter, of_scenario};
use super::page;
use anomalyzer_capture::{CaptureFile, Limits};
use anomalyzer_engine::FlowRecord;
use anomalyzer_engine::score::{self, SCHEMA, Scorer};
use anomalyzer_learn::data::{NORMAL, Row, Table};
use anomalyzer_learn::model::Model;
use anomalyzer_learn::train::{Algorithm, FitOptions, fit};
use anomalyzer_scenario::Plan;
use anomalyzer_wire::Addr;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

/// One line of truth.csv.
struct Label {
    file: String,
    attack: bool,
    kind: String,
    attacker: Vec<String>,
    level: String,
}

/// Flows that were scored, and those that were suspicious: of the attack model, of the anomaly
/// model.
#[derive(Clone, Copy, Default)]
struct Count {
    flows: u64,
    found: [u64; 2],
}

impl Count {
    fn add(&mut self, suspicious: [bool; 2]) {
        self.flows += 1;
        for (found, suspicious) in self.found.iter_mut().zip(suspicious) {
            *found += u64::from(suspicious);
        }
    }
}

/// Scores every flow of every labelled capture; the section of docs/evaluation.md.
pub(crate) fn run(data: &Path, folder: &Path, page: &Path) -> Result<String, String> {
    let file = fs::read(folder.join("attack.model")).map_err(|e| e.to_string())?;
    let model = Arc::new(Model::read(&file).map_err(|e| e.to_string())?);
    let anomaly = Arc::new(office()?);
    let mut scorers = [
        Scorer::new(&model).map_err(|e| e.to_string())?,
        Scorer::new(&anomaly).map_err(|e| e.to_string())?,
    ];
    let (mut kinds, mut benign) = (BTreeMap::<(String, String), Count>::new(), Count::default());
    let mut loud: Vec<(String, Count)> = Vec::new();
    for label in labels(data)? {
        let mut of_file = Count::default();
        let Some(records) = records(&data.join(&label.file)) else { continue };
        for record in records.iter().filter(|record| score::is_scored(record)) {
            if label.attack && !label.names(record) {
                continue;
            }
            let row = score::row(record, &record.features.vector());
            let suspicious = [0, 1].map(|at| scorers[at].score(&row).suspicion.is_some());
            of_file.add(suspicious);
            if label.attack {
                kinds.entry((label.level.clone(), label.kind.clone())).or_default().add(suspicious);
            } else {
                benign.add(suspicious);
            }
        }
        if !label.attack && of_file.found[0] > 0 {
            loud.push((label.file, of_file));
        }
    }
    let text = section(&kinds, benign, &mut loud);
    page::section(page, "live-models", &text)?;
    Ok(text)
}

/// An anomaly model of the scenario's quiet office, as a site learns its own.
fn office() -> Result<Model, String> {
    let flows = of_scenario(&Plan::office(301, 240));
    let mut table = Table::new(score::columns_named(&score::SITE_COLUMNS));
    for (group, (record, _)) in (0..).zip(flows.iter().filter(|(r, _)| score::is_scored(r))) {
        let row = score::row(record, &record.features.vector());
        let value = |name| score::COLUMNS.iter().zip(row).find(|((known, _), _)| known == name);
        let values = score::SITE_COLUMNS.iter().filter_map(value).map(|(_, value)| value);
        table.push(Row { kind: NORMAL, group }, &values.collect::<Vec<f32>>());
    }
    let options =
        FitOptions { algorithm: Algorithm::Isolation, fpr: 0.005, ..FitOptions::new(SCHEMA) };
    Ok(fit(&table, &options, &mut ()).map_err(|e| e.to_string())?.model)
}

impl Label {
    /// True when the flow is one of the attacker's; of many attackers every flow counts.
    fn names(&self, record: &FlowRecord) -> bool {
        let addresses: Vec<IpAddr> = self.attacker.iter().filter_map(|a| a.parse().ok()).collect();
        let is = |addr: Addr| addresses.iter().any(|known| Addr::from(*known) == addr);
        addresses.is_empty() || is(record.tuple.src) || is(record.tuple.dst)
    }
}

fn labels(data: &Path) -> Result<Vec<Label>, String> {
    let text = fs::read_to_string(data.join("truth.csv")).map_err(|e| e.to_string())?;
    let parse = |line: &str| {
        let cells: Vec<&str> = line.splitn(6, ',').collect();
        let [file, label, kind, attacker, _, notes] = cells.as_slice() else { return None };
        let level = notes.trim_start_matches('"').split([';', ' ', '"']).next().unwrap_or_default();
        Some(Label {
            file: (*file).to_owned(),
            attack: *label == "attack",
            kind: (*kind).to_owned(),
            attacker: attacker.split([' ', ';']).map(str::to_owned).collect(),
            level: level.to_owned(),
        })
    };
    Ok(text.lines().skip(1).filter_map(parse).collect())
}

/// The flows of a capture, as far as it is whole.
fn records(path: &Path) -> Option<Vec<FlowRecord>> {
    let mut file = CaptureFile::open(path, &Limits::default()).ok()?;
    let mut meter = Meter::new();
    while let Ok(Some(frame)) = file.next_frame() {
        meter.frame(&frame);
    }
    Some(meter.finish())
}

fn section(
    kinds: &BTreeMap<(String, String), Count>,
    benign: Count,
    loud: &mut [(String, Count)],
) -> String {
    let share = |n: u64, of: u64| if of == 0 { 0.0 } else { n as f64 * 100.0 / of as f64 };
    let mut text = String::from(
        "## Models on flows\n\nEvery finished flow of the labelled captures with packets of both \
         sides, at least four together, scored on its own. The attack model is the one that comes \
         with the program, trained on the scenario alone (docs/models.md). The anomaly model has \
         learned the scenario's quiet office at a rate of 0.5 %: on a network of its own it would \
         learn that one, so its figures here say what a foreign model is worth. Of attack captures \
         the flows of the named attacker count. Detectors need ten such flows of one host, and \
         half of those it has.\n\n| captures | scored flows | attack model | anomaly model |\n|---|---|---|---|\n",
    );
    let mut row = |what: &str, count: Count| {
        let [attack, anomaly] = count.found.map(|n| share(n, count.flows));
        let _ = writeln!(text, "| {what} | {} | {attack:.1} % | {anomaly:.1} % |", count.flows);
    };
    row("benign: false alarms", benign);
    let levels: BTreeSet<&String> = kinds.keys().map(|(level, _)| level).collect();
    for level in levels {
        let mut all = Count::default();
        for (_, count) in kinds.iter().filter(|((l, _), _)| l == level) {
            all.flows += count.flows;
            all.found = [0, 1].map(|at| all.found[at] + count.found[at]);
        }
        row(&format!("attacks of {level}: found"), all);
    }
    for ((_, kind), count) in kinds {
        row(kind, *count);
    }
    loud.sort_by_key(|(_, count)| std::cmp::Reverse(count.found[0]));
    for (file, count) in loud.iter().take(25) {
        eprintln!("benign {file}: {} of {}", count.found[0], count.flows);
    }
    text
}
