//! `backtest`: the same captures under two settings, and which alerts come and go.
//!
//! Both runs go side by side, each inline on a thread of its own and each with its own reader, so
//! one takes as long as the other and neither sees what the other found.

use crate::cli::Backtest as Options;
use crate::failure::{Failure, Kind};
use crate::input::{Files, Gate, STDIN};
use crate::output::{self, Onlookers};
use crate::pipeline::{self, Observer, Plan};
use crate::progress::Progress;
use crate::reload::NextLists;
use crate::settings;
use crate::stop::Stop;
use crate::terminal::Terminal;
use anomalyzer_capture::Limits;
use anomalyzer_engine::alert::{Found, compare};
use anomalyzer_engine::{Config, FlowRecord, Output};
use anomalyzer_report::Source;
use anomalyzer_report::backtest::{Backtest, Change};
use std::thread;

/// What one of the two runs gives.
struct Run {
    found: Found,
    sources: Vec<Source>,
}

/// Reads twice, compares, reports.
pub(super) fn run(options: &Options, terminal: &Terminal) -> Result<(), Failure> {
    if options.files.iter().any(|f| f.as_os_str() == STDIN) {
        return Err(Failure::usage("a back-test reads its input twice: save it to a file first"));
    }
    let before =
        settings::load(&crate::cli::Settings { set: Vec::new(), ..options.settings.clone() })?;
    let after = settings::load(&options.settings)?;
    let changes = changes(options, &before, &after)?;
    let stop = Stop::listen()?;
    let plans = [plan(&[], before)?, plan(&options.keywords, after)?];
    let drawn = terminal.progress();
    let [first, second] = &plans;
    let (before, after) = thread::scope(|scope| {
        let other = scope.spawn(|| read(options, second, &stop, false));
        let mine = read(options, first, &stop, drawn);
        let other = other.join().unwrap_or_else(|panic| Err(Failure::panicked(panic.as_ref())));
        (mine, other)
    });
    let (before, after) = (before?, after?);
    let told = Backtest {
        changes: &changes,
        alerts: [before.found.alerts.len(), after.found.alerts.len()],
        comparison: compare(&before.found, &after.found),
    };
    output::backtest(&told, options.json, terminal)?;
    damaged(&before.sources)
}

/// The settings that differ; an error when none does.
fn changes(options: &Options, before: &Config, after: &Config) -> Result<Vec<Change>, Failure> {
    let shown = before.show().into_iter().zip(after.show());
    let mut changes: Vec<Change> = shown
        .filter(|(now, then)| now.value != then.value)
        .map(|(now, then)| Change { key: then.key, now: now.value, then: then.value })
        .collect();
    if !options.keywords.is_empty() {
        let list = |names: &[String]| names.join(", ");
        let (now, then) = (list(&before.keywords), list(&options.keywords));
        changes.push(Change { key: "keywords.lists".into(), now, then });
    }
    if changes.is_empty() {
        let message =
            "nothing to try: --set has to change a setting (see `anomalyzer config show`)";
        return Err(Failure::usage(message));
    }
    Ok(changes)
}

fn plan(keywords: &[String], config: Config) -> Result<Plan, Failure> {
    let matcher = settings::matcher(keywords, &config)?;
    // Nobody gains by knowing the seed of a run over files that are chosen by hand.
    let seed = 1;
    let (indicators, _) = settings::indicators(&[], &config, seed, None)?;
    let (config, matcher, indicators) = (config.into(), matcher.into(), indicators.into());
    let next_lists = NextLists::default();
    Ok(Plan { config, matcher, next_lists, indicators, workers: 1, seed })
}

fn read(options: &Options, plan: &Plan, stop: &Stop, drawn: bool) -> Result<Run, Failure> {
    let mut gate = Gate::new(options.limit, Onlookers::default(), Progress::new(drawn));
    options.filter.as_deref().map_or(Ok(()), |expression| gate.filter(expression))?;
    let mut files = Files::new(&options.files, Limits::default(), gate, stop.clone());
    let outcome = pipeline::run(plan, plan.correlator(), &mut files, &mut Nowhere)?;
    outcome.stopped?;
    let (sources, mut gate) = files.into_parts();
    gate.finish()?;
    Ok(Run { found: outcome.correlator.found(), sources })
}

/// Flows are not what a back-test is about.
struct Nowhere;

impl Observer for Nowhere {}

impl Output for Nowhere {
    fn flow(&mut self, _record: &FlowRecord) {}
}

/// A damaged input is told, as in an analysis.
fn damaged(sources: &[Source]) -> Result<(), Failure> {
    let damage = sources
        .iter()
        .find_map(|s| s.damage.as_ref().map(|d| format!("{}: {d}", s.name.escaped())));
    damage.map_or(Ok(()), |damage| Err(Failure::new(Kind::Partial, damage)))
}
