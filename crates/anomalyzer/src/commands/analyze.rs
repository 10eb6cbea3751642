//! `analyze`: an input through the engine, and everything that is written about it.

use crate::cli::Analyze;
use crate::clock::Stopwatch;
use crate::failure::{Failure, Kind};
use crate::input::{Files, Gate};
use crate::output::{self, Parts, Sinks};
use crate::pipeline::{self, Outcome, Plan};
use crate::progress::Progress;
use crate::settings;
use crate::stats::Stats;
use crate::stop::Stop;
use crate::terminal::Terminal;
use anomalyzer_capture::Limits;
use anomalyzer_engine::series::Series;
use anomalyzer_engine::{Alert, Severity, Summary, text};
use anomalyzer_report::{Report, Source};
use std::hash::{BuildHasher, Hasher, RandomState};

/// Input below this many bytes is read by one worker: threads would cost more than they save.
const SMALL_INPUT_BYTES: u64 = 8 << 20;
/// Workers by default on a machine with many cores.
const WORKERS_MAX: usize = 4;

/// Reads, reports, and ends with the reason for the exit code.
pub(super) fn run(options: &Analyze, terminal: &Terminal) -> Result<(), Failure> {
    let config = settings::load(&options.settings)?;
    let stop = Stop::listen()?;
    let mut sinks = Sinks::open(options, &stop)?;
    let gate = Gate::new(options.limit, Vec::new(), Progress::new(terminal.progress()));
    let limits = Limits { max_decompressed: options.max_decompressed, ..Limits::default() };
    let mut files = Files::new(&options.files, limits, gate, stop);
    let workers = workers(options, files.total());
    let plan = Plan {
        config: config.into(),
        matcher: settings::matcher(&options.keywords)?.into(),
        workers,
        seed: random(),
    };
    let watch = Stopwatch::start();
    terminal.detail(&format!("reading with {}", text::counted(workers as u64, "worker")));
    let outcome = pipeline::run(&plan, &mut files, &mut sinks)?;
    let (sources, mut gate) = files.into_parts();
    gate.end();
    sinks.finish()?;
    if let Err(failure) = &outcome.stopped
        && failure.kind() != Kind::Interrupted
    {
        return outcome.stopped;
    }
    let found = Found::new(&outcome, sources);
    write(options, terminal, &found)?;
    if options.stats {
        let (summary, seconds) = (&found.summary, watch.elapsed().as_secs_f64());
        Terminal::say(&Stats { gate: &gate, summary, seconds, workers }.to_string());
    }
    verdict(options, &found, outcome.stopped, terminal)
}

/// As asked for, or by the size of the input and the machine.
fn workers(options: &Analyze, total: Option<u64>) -> usize {
    match options.workers {
        Some(workers) => usize::from(workers),
        None if total.is_some_and(|bytes| bytes < SMALL_INPUT_BYTES) => 1,
        None => std::thread::available_parallelism().map_or(1, usize::from).min(WORKERS_MAX),
    }
}

/// A number that nobody can guess, from the operating system by way of the standard library.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Everything there is to tell.
struct Found {
    sources: Vec<Source>,
    summary: Summary,
    series: Series,
    alerts: Vec<Alert>,
}

impl Found {
    fn new(outcome: &Outcome, sources: Vec<Source>) -> Self {
        let Outcome { correlator, pacer, .. } = outcome;
        let mut summary = correlator.summary();
        summary.counters.push(("clock_jumps", pacer.jumps()));
        summary.counters.push(("clock_regressions", pacer.regressions()));
        summary.counters.sort_unstable();
        Self { sources, summary, series: correlator.series().clone(), alerts: correlator.alerts() }
    }

    fn report(&self) -> Report<'_> {
        let Self { sources, summary, series, alerts } = self;
        Report { sources, summary, series, alerts }
    }

    fn at_least(&self, severity: Severity) -> usize {
        self.alerts.iter().filter(|a| a.severity >= severity).count()
    }
}

fn write(options: &Analyze, terminal: &Terminal, found: &Found) -> Result<(), Failure> {
    let report = found.report();
    let parts = Parts::new(&options.only);
    if options.json {
        output::json(&report, parts)?;
    } else {
        output::page(&report, options, terminal)?;
    }
    Ok(())
}

/// The reason for the exit code: what kept us from reading everything comes before what was found.
fn verdict(
    options: &Analyze,
    found: &Found,
    stopped: Result<(), Failure>,
    terminal: &Terminal,
) -> Result<(), Failure> {
    stopped?;
    let damaged: Vec<String> = found.sources.iter().filter_map(damage).collect();
    if let Some((last, others)) = damaged.split_last() {
        for damage in others {
            terminal.complain(damage);
        }
        let kind = if options.strict { Kind::Usage } else { Kind::Partial };
        return Err(Failure::new(kind, last.as_str()));
    }
    match options.fail_on {
        Some(severity) if found.at_least(severity) > 0 => {
            let alerts = text::counted(found.at_least(severity) as u64, "alert");
            let message = format!("{alerts} of severity {} or above", severity.name());
            Err(Failure::new(Kind::AlertsFound, message))
        }
        _ => Ok(()),
    }
}

fn damage(source: &Source) -> Option<String> {
    source.damage.as_ref().map(|damage| format!("{}: {damage}", source.name.escaped()))
}
