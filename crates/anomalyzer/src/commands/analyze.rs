//! `analyze`: an input through the engine, and everything that is written about it.

use crate::cli::Analyze;
use crate::clock::Stopwatch;
use crate::failure::{Failure, Kind};
use crate::input::{Files, Gate, Live};
use crate::memory::Memory;
use crate::output::{self, Onlookers, Sinks};
use crate::pipeline::{self, Outcome, Plan};
use crate::progress::Progress;
use crate::reload::NextLists;
use crate::settings;
use crate::stats::Stats;
use crate::stop::Stop;
use crate::terminal::Terminal;
use anomalyzer_capture::{Limits, LiveStats};
use anomalyzer_engine::threat::Indicators;
use anomalyzer_engine::{Config, Correlator, Severity, Summary, View, text};
use anomalyzer_report::{Report, Source};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// Input below this many bytes is read by one worker: threads would cost more than they save.
const SMALL_INPUT_BYTES: u64 = 8 << 20;

/// Reads, reports, and ends with the reason for the exit code.
pub(super) fn run(options: &Analyze, terminal: &Terminal) -> Result<(), Failure> {
    output::check_plot(options)?;
    let config = settings::load(&options.settings)?;
    let matcher = settings::matcher(&options.keywords, &config)?;
    let seed = random();
    let indicators = indicators(options, &config, seed, terminal)?.into();
    let total = Files::total(&options.files);
    let workers = workers(options, total);
    terminal.detail(&format!("reading with {}", text::counted(workers as u64, "worker")));
    let (config, matcher) = (config.into(), matcher.into());
    let next_lists = NextLists::default();
    let plan = Plan { config, matcher, next_lists, indicators, workers, seed };
    if goes_on(options) {
        plan.next_lists.on_hangup(&options.keywords, &plan.config)?;
    }
    let (memory, correlator) = correlator(options, &plan, terminal)?;
    let stop = Stop::listen()?;
    let mut sinks = Sinks::open(options, &stop)?;
    let watch = Stopwatch::start();
    let mut read = read(options, terminal, (&plan, correlator), &mut sinks, stop)?;
    let facts = Facts::new(read.outcome, read.sources);
    read.gate.finish()?;
    sinks.finish(options, terminal, &facts.report())?;
    if let Some(memory) = memory {
        memory.overlap(facts.summary.first).iter().for_each(|word| terminal.note(word));
        memory.write(&facts.outcome.correlator.save())?;
    }
    if options.stats {
        let seconds = watch.elapsed().as_secs_f64();
        let (gate, live, summary) = (&read.gate, read.live, &facts.summary);
        Terminal::say(&Stats { gate, live, summary, seconds, workers }.to_string());
    }
    verdict(options, &facts, terminal)
}

/// A correlator that knows what the state file says, and the file to write at the end.
fn correlator(
    options: &Analyze,
    plan: &Plan,
    terminal: &Terminal,
) -> Result<(Option<Memory>, Correlator), Failure> {
    let mut correlator = plan.correlator();
    let Some(path) = &options.state else { return Ok((None, correlator)) };
    let (memory, state) = Memory::open(path)?;
    for warning in correlator.restore(state) {
        terminal.note(&format!("{}: {warning}", path.display()));
    }
    Ok((Some(memory), correlator))
}

/// The threat lists; says what was left out of them.
fn indicators(
    options: &Analyze,
    config: &Config,
    seed: u64,
    terminal: &Terminal,
) -> Result<Indicators, Failure> {
    let (indicators, reports) = settings::indicators(&options.threat_list, config, seed, None)?;
    for report in &reports {
        let taken = text::counted(report.total(), "indicator");
        if report.skipped_total() > 0 {
            let skipped = text::thousands(report.skipped_total());
            let see = "see `anomalyzer indicators check`";
            terminal.note(&format!("{}: {taken}, {skipped} skipped ({see})", report.path));
        } else {
            terminal.detail(&format!("{}: {taken}", report.path));
        }
    }
    Ok(indicators)
}

/// True for an input that may last: an interface or standard input.
fn goes_on(options: &Analyze) -> bool {
    options.interface.is_some() || options.files.iter().any(|file| file.as_os_str() == "-")
}

/// What reading gave.
struct Read {
    outcome: Outcome,
    sources: Vec<Source>,
    gate: Gate,
    live: Option<LiveStats>,
}

/// Reads the input through the engine. An input that could not be read at all is a failure; one
/// that was interrupted or damaged is not.
fn read(
    options: &Analyze,
    terminal: &Terminal,
    (plan, correlator): (&Plan, Correlator),
    sinks: &mut Sinks,
    stop: Stop,
) -> Result<Read, Failure> {
    let onlookers = Onlookers::open(options.csv.as_deref(), options.print_packets)?;
    let drawn = terminal.progress() && !options.print_packets;
    let mut gate = Gate::new(options.limit, onlookers, Progress::new(drawn));
    let filter = options.filter.as_deref();
    let read = if let Some(interface) = &options.interface {
        let duration = options.duration.map(Duration::from_secs);
        let mut live = Live::open(interface, filter, duration, gate, stop)?;
        terminal.note(&format!("looking at {interface}; Ctrl-C ends it with a report"));
        let outcome = pipeline::run(plan, correlator, &mut live, sinks)?;
        let (sources, gate, live) = live.into_parts();
        Read { outcome, sources, gate, live }
    } else {
        filter.map_or(Ok(()), |expression| gate.filter(expression))?;
        let limits = Limits { max_decompressed: options.max_decompressed, ..Limits::default() };
        let mut files = Files::new(&options.files, limits, gate, stop);
        let outcome = pipeline::run(plan, correlator, &mut files, sinks)?;
        let (sources, gate) = files.into_parts();
        Read { outcome, sources, gate, live: None }
    };
    match read.outcome.stopped {
        Err(failure) if failure.kind() != Kind::Interrupted => Err(failure),
        _ => Ok(read),
    }
}

/// As asked for, or by the size of the input and the machine.
fn workers(options: &Analyze, total: Option<u64>) -> usize {
    match options.workers {
        None if total.is_some_and(|bytes| bytes < SMALL_INPUT_BYTES) => 1,
        // On two cores one worker, which runs inline and copies nothing, is as fast as two and
        // costs a third less.
        asked => super::workers(asked),
    }
}

/// A number that nobody can guess, from the operating system by way of the standard library.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Everything there is to tell.
struct Facts {
    outcome: Outcome,
    sources: Vec<Source>,
    summary: Summary,
    view: View,
}

impl Facts {
    fn new(outcome: Outcome, sources: Vec<Source>) -> Self {
        let (correlator, pacer) = (&outcome.correlator, &outcome.pacer);
        let mut summary = correlator.summary();
        summary.counters.push(("clock_jumps", pacer.jumps()));
        summary.counters.push(("clock_regressions", pacer.regressions()));
        let view = correlator.view();
        summary.suppressed.clone_from(&view.hidden);
        summary.counters.extend(view.counters());
        summary.counters.sort_unstable();
        Self { outcome, sources, summary, view }
    }

    fn report(&self) -> Report<'_> {
        let Self { outcome, sources, summary, view } = self;
        Report {
            sources,
            summary,
            series: outcome.correlator.series(),
            alerts: &view.alerts,
            incidents: &view.incidents.list,
            hosts: &view.hosts.list,
        }
    }

    fn at_least(&self, severity: Severity) -> usize {
        self.view.alerts.iter().filter(|a| a.severity >= severity).count()
    }
}

/// The reason for the exit code: what kept us from reading everything comes before what was found.
fn verdict(options: &Analyze, facts: &Facts, terminal: &Terminal) -> Result<(), Failure> {
    if let Err(stopped) = &facts.outcome.stopped {
        return Err(Failure::new(stopped.kind(), stopped.to_string()));
    }
    let damaged: Vec<String> = facts.sources.iter().filter_map(damage).collect();
    if let Some((last, others)) = damaged.split_last() {
        for damage in others {
            terminal.complain(damage);
        }
        let kind = if options.strict { Kind::Usage } else { Kind::Partial };
        return Err(Failure::new(kind, last.as_str()));
    }
    match options.fail_on {
        Some(severity) if facts.at_least(severity) > 0 => {
            let alerts = text::counted(facts.at_least(severity) as u64, "alert");
            let message = format!("{alerts} of severity {} or above", severity.name());
            Err(Failure::new(Kind::AlertsFound, message))
        }
        _ => Ok(()),
    }
}

fn damage(source: &Source) -> Option<String> {
    source.damage.as_ref().map(|damage| format!("{}: {damage}", source.name.escaped()))
}
