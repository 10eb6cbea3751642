//! What a change of settings would do: two runs over the same traffic, one with the settings that
//! hold and one with the change, and which alerts differ.
//!
//! Best is a capture: an uploaded one lies where it was put, and is read again packet by packet.
//! Of the running source the latest packets are in memory, cut to their first bytes; for a longer
//! look back there are stored flow records, from which the observations of flows are made again.
//! Records hold no packets, so detectors that need them are left out of both runs and named.

mod flows;

use super::analyse::capture;
use super::{Controller, failed, missing, refused};
use crate::failure::Failure;
use crate::input::{Files, Gate};
use crate::output::Onlookers;
use crate::pipeline::{self, Input, Observer, Plan, Source};
use crate::progress::Progress;
use crate::reload::NextLists;
use crate::service::{Loaded, Service};
use crate::stop::Stop;
use anomalyzer_capture::Limits;
use anomalyzer_engine::alert::{Comparison, Found, compare};
use anomalyzer_engine::detect::{Backtest, DETECTORS};
use anomalyzer_engine::{Alert, Config, Correlator, FlowRecord, Marker, Output};
use anomalyzer_store::control::SourceKind;
use anomalyzer_store::{Range, SourceId};
use anomalyzer_web::control::{Answer, BacktestAnswer, SettingsChange, TestedAlert};
use anomalyzer_wire::Timestamp;
use std::sync::Arc;

/// Alerts that an answer lists.
const ALERTS_MAX: usize = 500;
/// Equal runs use an equal seed: what the hash tables do must not look like a difference.
const SEED: u64 = 1;

/// What a run is over.
pub(super) struct Over {
    /// In words.
    what: String,
    /// First and last packet time.
    range: Option<(Timestamp, Timestamp)>,
    /// What cannot be seen.
    notes: Vec<String>,
    /// What both runs found.
    found: [Found; 2],
}

impl Controller {
    pub(super) fn test(
        &self,
        change: &SettingsChange,
        source: SourceId,
        range: Option<Range>,
    ) -> Answer<BacktestAnswer> {
        let Ok(_testing) = self.testing.try_lock() else {
            return Err(refused("a back-test runs already; try again when it is done"));
        };
        let row = self.service.store.control().source(source).map_err(|_| missing("source"))?;
        let after = Arc::new(self.tried(change)?);
        let before = self.service.loaded().config;
        let same = before.differences(&after).next().is_none() && change.hosts.is_empty();
        if same {
            return Err(refused("nothing to try: the change leaves every setting as it is"));
        }
        let changed = changed_detectors(&before, &after);
        let configs = [before, after];
        let path = capture(&self.service, source);
        let over = if row.kind == SourceKind::File && path.is_file() {
            over_file(&self.service, &configs, &path, &row.name, range)?
        } else if range.is_none() && source == self.service.source && needs_packets(&changed) {
            over_memory(&self.service, &configs)?
        } else {
            flows::over(&self.service, &configs, source, range)?
        };
        Ok(answer(over, &changed))
    }
}

/// Detectors whose section differs; all when something else differs.
fn changed_detectors(before: &Config, after: &Config) -> Vec<&'static str> {
    let rows = DETECTORS.iter().zip(before.detect.iter().zip(&after.detect));
    let changed: Vec<&str> = rows.filter(|(_, (a, b))| a != b).map(|(spec, _)| spec.id).collect();
    let core = before.differences(after).any(|key| !key.starts_with("detect."));
    if core { DETECTORS.iter().map(|spec| spec.id).collect() } else { changed }
}

fn needs_packets(changed: &[&str]) -> bool {
    DETECTORS.iter().any(|spec| changed.contains(&spec.id) && spec.backtest == Backtest::Capture)
}

fn plan(service: &Service, config: &Arc<Config>) -> Plan {
    let Loaded { matcher, indicators, .. } = service.loaded();
    let next_lists = NextLists::default();
    Plan { config: Arc::clone(config), matcher, next_lists, indicators, workers: 1, seed: SEED }
}

/// A kept capture, read twice side by side.
fn over_file(
    service: &Service,
    configs: &[Arc<Config>; 2],
    path: &std::path::Path,
    name: &str,
    range: Option<Range>,
) -> Answer<Over> {
    let run = |config: &Arc<Config>| -> Result<Ran, Failure> {
        let gate = Gate::new(None, Onlookers::default(), Progress::new(false));
        let paths = [path.to_path_buf()];
        let files = Files::new(&paths, Limits::default(), gate, service.stop.clone());
        let mut source = Within { inner: files, range };
        ran(&plan(service, config), &mut source)
    };
    let [first, second] = both(configs, run)?;
    let mut notes = Vec::new();
    if range.is_some() {
        notes.push("connections that began before the range are seen from their middle".into());
    }
    Ok(Over {
        what: name.to_owned(),
        range: first.range,
        notes,
        found: [first.found, second.found],
    })
}

/// The latest packets, which are in memory.
fn over_memory(service: &Service, configs: &[Arc<Config>; 2]) -> Answer<Over> {
    let packets = crate::service::evidence::recent(service);
    if packets.is_empty() {
        return Err(refused(
            "no packets are in memory yet; try again in a minute, or upload a capture",
        ));
    }
    let run = |config: &Arc<Config>| {
        ran(&plan(service, config), &mut Memory { packets: &packets, stop: &service.stop })
    };
    let [first, second] = both(configs, run)?;
    let minutes = first.range.map_or(0, |(from, to)| to.since(from) / 60_000_000_000);
    let bytes = crate::service::evidence::PACKET_BYTES;
    let notes = vec![
        format!(
            "only the packets of the last {minutes} min are in memory; upload a capture to look further back"
        ),
        format!(
            "of each packet the first {bytes} bytes are kept: keywords behind them are not found in either run"
        ),
        "both runs begin without what was learned before".to_owned(),
    ];
    let what = format!("the packets of the last {minutes} min");
    Ok(Over { what, range: first.range, notes, found: [first.found, second.found] })
}

/// Both runs at once, each on a thread.
fn both<T: Send>(
    configs: &[Arc<Config>; 2],
    run: impl Fn(&Arc<Config>) -> Result<T, Failure> + Sync,
) -> Answer<[T; 2]> {
    let [before, after] = configs;
    let (first, second) = std::thread::scope(|scope| {
        let other = scope.spawn(|| run(after));
        let mine = run(before);
        let other = other.join().unwrap_or_else(|panic| Err(Failure::panicked(panic.as_ref())));
        (mine, other)
    });
    Ok([first.map_err(failed)?, second.map_err(failed)?])
}

/// What a run gave.
struct Ran {
    found: Found,
    range: Option<(Timestamp, Timestamp)>,
}

fn ran(plan: &Plan, source: &mut impl Source) -> Result<Ran, Failure> {
    let outcome = pipeline::run(plan, plan.correlator(), source, &mut Nowhere)?;
    outcome.stopped?;
    Ok(of(&outcome.correlator))
}

fn of(correlator: &Correlator) -> Ran {
    let summary = correlator.summary();
    Ran { found: correlator.found(), range: summary.first.zip(summary.last) }
}

/// Flows are not what a back-test is about.
struct Nowhere;

impl Output for Nowhere {
    fn flow(&mut self, _record: &FlowRecord) {}
}

impl Observer for Nowhere {
    fn epoch(&mut self, _correlator: &mut Correlator, _marker: &Marker) {}
}

/// Frames of a file within a range.
struct Within {
    inner: Files,
    range: Option<Range>,
}

impl Source for Within {
    fn pump(&mut self, sink: &mut impl FnMut(Input<'_>) -> bool) -> Result<(), Failure> {
        let range = self.range;
        self.inner.pump(&mut |input| match (&input, range) {
            (Input::Frame(frame), Some(range))
                if frame.time < range.from || frame.time >= range.to =>
            {
                true
            }
            _ => sink(input),
        })
    }
}

/// Packets in memory.
struct Memory<'a> {
    packets: &'a crate::service::evidence::Recent,
    stop: &'a Stop,
}

impl Source for Memory<'_> {
    fn pump(&mut self, sink: &mut impl FnMut(Input<'_>) -> bool) -> Result<(), Failure> {
        let mut going = true;
        self.packets.each(&mut |frame| {
            going = going && sink(Input::Frame(frame));
            going
        });
        self.stop.check()
    }
}

fn answer(over: Over, changed: &[&str]) -> BacktestAnswer {
    let [before, after] = &over.found;
    let comparison = compare(before, after);
    let row = |change: &str, before: Option<&Alert>, after: Option<&Alert>| {
        let alert = after.or(before)?;
        Some(TestedAlert {
            change: change.to_owned(),
            before: before.map(|a| a.severity.name().to_owned()),
            after: after.map(|a| a.severity.name().to_owned()),
            detector: alert.detector.to_owned(),
            title: alert.title.clone(),
            first: alert.first.to_string(),
            id: alert.id.clone(),
        })
    };
    let come = comparison.come.iter().map(|a| row("come", None, Some(a)));
    let gone = comparison.gone.iter().map(|a| row("gone", Some(a), None));
    let other = comparison.changed.iter().map(|(b, a)| row("changed", Some(b), Some(a)));
    let mut alerts: Vec<TestedAlert> = come.chain(gone).chain(other).flatten().collect();
    alerts.sort_by(|a, b| a.first.cmp(&b.first).then(a.id.cmp(&b.id)));
    let mut notes = over.notes;
    let left = alerts.len().saturating_sub(ALERTS_MAX);
    if left > 0 {
        alerts.truncate(ALERTS_MAX);
        notes.push(format!("{left} more alerts come, go or change"));
    }
    let indirect = alerts.iter().any(|alert| !changed.contains(&alert.detector.as_str()));
    if indirect {
        notes.push(
            "alerts of other detectors differ too, because an alert that explains them comes or goes"
                .to_owned(),
        );
    }
    notes.extend(within(&comparison));
    BacktestAnswer {
        over: over.what,
        range: over.range.map(|(from, to)| (from.to_string(), to.to_string())),
        alerts,
        same: comparison.same as u64,
        notes,
    }
}

/// Alerts that another one takes in with one of the settings are neither gone nor new.
fn within(comparison: &Comparison<'_>) -> impl Iterator<Item = String> {
    let told = |alerts: &[&Alert], how: &str| {
        let count = alerts.len();
        (count > 0).then(|| format!("alerts told {how}: {count}; they are neither gone nor new"))
    };
    let joined = told(&comparison.joined, "within another alert with the change, alone without it");
    let parted = told(&comparison.parted, "within another alert now, alone with the change");
    joined.into_iter().chain(parted)
}
