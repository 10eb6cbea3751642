//! Training on the scenario's flows.

use super::card;
use super::flows::of_scenario;
use super::vary::{Varied, hash};
use anomalyzer_engine::FlowRecord;
use anomalyzer_engine::score::{self, SCHEMA};
use anomalyzer_learn::data::{NORMAL, Row, Table};
use anomalyzer_learn::train::{Algorithm, FitOptions, Fitted, fit};
use anomalyzer_scenario::{AttackKind, Origin, Plan};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// Offices at work, by seed, workstations and hours after nine: nothing is learned from one alone.
const OFFICES: [(u64, u16, i64); 6] =
    [(101, 24, 0), (102, 60, 3), (103, 8, -1), (104, 120, 5), (105, 40, 10), (106, 16, 16)];
/// Minutes of each office.
const MINUTES: u32 = 40;
/// Seeds of each attack.
const SEEDS: [u64; 4] = [201, 202, 203, 204];
/// Flows of one run of an attack: one kind must not outweigh all others.
const FLOWS_OF_RUN: usize = 400;
/// Flows that are equal in all columns: what a machine repeats must not set the threshold alone.
const EQUAL_MAX: u32 = 4;
/// Share of normal flows that may be taken for attacks.
const FPR: f64 = 0.0005;

/// Columns that tell how the scenario's generator works rather than what the traffic is.
const LEFT_OUT: [&str; 3] = ["flow_iat_mean", "flow_iat_max", "rtt_us"];

/// Attacks that cannot be seen in a flow, since their flows are like any others: what is in the
/// payload, who is talked to, which names are asked for, how much comes together. Their flows are
/// left out.
const UNSEEN: [&str; 14] = [
    "dns-tunnel",
    "dns-tunnel-slow",
    "dns-tunnel-zones",
    "dns-c2",
    "dga",
    "dga-words",
    "keyword",
    "keyword-fragments",
    "threat-list",
    "new-device",
    "rare-port",
    "noisy-host",
    "traffic-spike",
    "malformed",
];

/// A flow with what it is.
pub(crate) type Labelled = (FlowRecord, Option<&'static str>);

/// Trains both models, writes them with their figures, and tells the figures.
pub(crate) fn run(folder: &Path, page: &Path) -> Result<String, String> {
    let flows = flows();
    fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    let attack = attack(&flows)?;
    write(&attack, &folder.join("attack.model"))?;
    let form = super::form::train(&flows)?;
    write(&form, &folder.join("form.model"))?;
    let text = format!(
        "{}## `attack`\n\n{}\n## `form`\n\n{}",
        include_str!("about.md"),
        card::of("attack", &attack),
        card::of("form", &form)
    );
    fs::write(page, &text).map_err(|e| format!("{}: {e}", page.display()))?;
    Ok(text)
}

fn write(fitted: &Fitted, path: &Path) -> Result<(), String> {
    let mut file = Vec::new();
    fitted.model.write(&mut file).map_err(|e| e.to_string())?;
    fs::write(path, file).map_err(|e| format!("{}: {e}", path.display()))
}

/// All flows to learn from.
fn flows() -> Vec<Labelled> {
    let mut flows = Vec::new();
    for (seed, hosts, hours) in OFFICES {
        let office = Plan::office(seed, MINUTES);
        let start = office.start.plus_nanos(hours * 3_600_000_000_000);
        flows.extend(of_scenario(&Plan { hosts, start, ..office }));
    }
    for seed in SEEDS {
        for &kind in AttackKind::ALL {
            for origin in [Origin::Inside, Origin::Outside] {
                let plan = Plan { minutes: 10, ..Plan::attack_alone(seed, kind, origin) };
                flows.extend(of_scenario(&plan).into_iter().take(FLOWS_OF_RUN));
            }
        }
    }
    flows.retain(|(_, kind)| kind.is_none_or(|kind| !UNSEEN.contains(&kind)));
    flows
}

/// True for columns that the attack model learns from: few that say much each, as for the anomaly
/// model.
fn wanted(name: &str) -> bool {
    score::SITE_COLUMNS.contains(&name) && !LEFT_OUT.contains(&name)
}

fn attack(flows: &[Labelled]) -> Result<Fitted, String> {
    let mut table = Table::new(score::columns_of(wanted));
    let mut kinds: HashMap<&str, u16> = HashMap::new();
    let mut equals: HashMap<u64, u32> = HashMap::new();
    let scored = flows.iter().filter(|(record, _)| score::is_scored(record));
    for (number, (record, kind)) in (0_u64..).zip(scored) {
        let kind = kind.map_or(NORMAL, |kind| {
            *kinds.entry(kind).or_insert_with(|| {
                table.kinds.push(kind.to_owned());
                u16::try_from(table.kinds.len() - 1).unwrap_or(u16::MAX)
            })
        });
        let row = score::row(record, &record.features.vector());
        // What was made of one flow stays on one side of every split.
        let group = hash(&row);
        let equal = equals.entry(group).or_insert(0);
        *equal += 1;
        if *equal > EQUAL_MAX {
            continue;
        }
        for varied in Varied::of(&row, number) {
            let named = score::COLUMNS.iter().zip(varied).filter(|((name, _), _)| wanted(name));
            let values: Vec<f32> = named.map(|(_, value)| value).collect();
            table.push(Row { kind, group }, &values);
        }
    }
    let options =
        FitOptions { algorithm: Algorithm::Gbdt, fpr: FPR, threads: 2, ..FitOptions::new(SCHEMA) };
    fit(&table, &options, &mut ()).map_err(|e| e.to_string())
}
