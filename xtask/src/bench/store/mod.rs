//! `cargo xtask bench store [FLOWS] [--page]`: the store with ten million flows and a week of
//! series: how fast it is filled, what a flow costs on disk, how long answers take on one thread
//! and on all. With `--page` the table is written into docs/benchmark.md.
//!
//! Build it in release: `cargo run --release -p xtask -- bench store`.

mod flows;
mod week;

use crate::{root, section};
use anomalyzer_store::filter::Filter;
use anomalyzer_store::history::{FlowQuery, FlowSort, GroupBy};
use anomalyzer_store::series::{Dimension, SeriesQuery};
use anomalyzer_store::{Options, Range, SourceId, Store};
use anomalyzer_wire::Timestamp;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const FLOWS: u64 = 10_000_000;
/// Flows that are handed over at once.
const BATCH: u64 = 10_000;
/// Each question is asked so often; the median counts.
const ROUNDS: usize = 5;
/// 2026-11-21T00:00:00Z: the flows are those of one day from here on.
const DAY: i64 = 1_795_219_200;

/// Fills a store in a temporary directory, asks it, and prints the table.
pub(crate) fn run(args: &[&str]) -> Result<(), String> {
    let count = args.iter().find_map(|arg| arg.parse().ok()).unwrap_or(FLOWS);
    let dir = std::env::temp_dir().join(format!("anomalyzer-bench-store-{}", std::process::id()));
    let result = measured(&dir, count);
    let removed = std::fs::remove_dir_all(&dir);
    let page = result?;
    removed.map_err(|e| format!("{}: {e}", dir.display()))?;
    print!("{page}");
    if args.contains(&"--page") {
        section::write(&root().join("docs/benchmark.md"), "store", &page)?;
    }
    Ok(())
}

fn measured(dir: &Path, count: u64) -> Result<String, String> {
    let store = open(dir)?;
    let (written_s, per_flow) = fill(&store, count)?;
    let week_s = week::fill(&store)?;
    drop(store);
    let all = asked(&ask(dir)?);
    let one = alone(dir).map(|text| asked(&text));
    Ok(page(count, [written_s, per_flow, week_s], &all, one.as_deref().unwrap_or_default()))
}

/// Asks the store in `dir`; a line `name<TAB>answer` each. Its own command, so that it can
/// be run on one core.
pub(crate) fn ask_alone(dir: &str) -> Result<(), String> {
    print!("{}", ask(Path::new(dir))?);
    Ok(())
}

fn open(dir: &Path) -> Result<Store, String> {
    let options = Options { history_bytes: u64::MAX, free_bytes_min: 0, ..Options::default() };
    Store::open(dir, &options).map_err(|e| e.to_string())
}

/// Seconds that writing took, and bytes per flow.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn fill(store: &Store, count: u64) -> Result<(f64, f64), String> {
    let mut taken = 0.0;
    let mut maker = flows::Maker::new(count);
    for n in 0..count.div_ceil(BATCH) {
        let start = n * BATCH;
        let batch = maker.batch(start..count.min(start + BATCH));
        let begin = Instant::now();
        let written = store.history().append(SourceId::SENSOR, &batch);
        written.and_then(|()| store.history().flush()).map_err(|e| e.to_string())?;
        taken += begin.elapsed().as_secs_f64();
    }
    Ok((taken, store.history().bytes() as f64 / count as f64))
}

type Question = (&'static str, Box<dyn Fn(&Store) -> Result<u64, anomalyzer_store::StoreError>>);

/// Asks every question; a line each.
fn ask(dir: &Path) -> Result<String, String> {
    let store = open(dir)?;
    let mut text = String::new();
    for (name, question) in questions()? {
        eprintln!("{name}");
        let times: Result<Vec<f64>, String> =
            (0..ROUNDS).map(|_| timed(&store, &question)).collect();
        let answer = match times {
            Ok(mut times) => {
                times.sort_by(f64::total_cmp);
                format!("{:.1} ms", times.get(ROUNDS / 2).copied().unwrap_or(0.0))
            }
            // Such as that it took longer than a query may.
            Err(why) => why,
        };
        let _ = writeln!(text, "{name}\t{answer}");
    }
    Ok(text)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn timed(
    store: &Store,
    question: &dyn Fn(&Store) -> Result<u64, anomalyzer_store::StoreError>,
) -> Result<f64, String> {
    let begin = Instant::now();
    let rows = question(store).map_err(|e| e.to_string())?;
    let taken = begin.elapsed().as_secs_f64() * 1e3;
    if rows == 0 { Err("a question has no answer".to_owned()) } else { Ok(taken) }
}

fn questions() -> Result<Vec<Question>, String> {
    let range = |seconds: i64| Range {
        from: Timestamp::from_secs_nanos(DAY + 86_400 - seconds, 0),
        to: Timestamp::from_secs_nanos(DAY + 86_400, 0),
    };
    let (hour, day) = (range(3_600), range(86_400));
    Ok(vec![
        ("the 100 latest flows", page_of(hour, "", FlowSort::Last)?),
        (
            "the 100 latest of a filter that few pass",
            page_of(day, "dport:22 bytes>100k", FlowSort::Last)?,
        ),
        ("the 100 largest of a day", page_of(day, "", FlowSort::Bytes)?),
        (
            "the 100 largest of a filter on names",
            page_of(day, "name:*.example.org", FlowSort::Bytes)?,
        ),
        ("flows by port, a day", groups(day, "", GroupBy::DstPort)?),
        ("flows by source, a day", groups(day, "", GroupBy::Src)?),
        ("flows by pair, a day", groups(day, "", GroupBy::Pair)?),
        ("flows by application of one network", groups(day, "src:10.1.0.0/16", GroupBy::App)?),
        ("flows by port, an hour", groups(hour, "", GroupBy::DstPort)?),
        ("total of 7 days, 600 points", chart(Dimension::Total, 1)),
        ("8 applications of 7 days", chart(Dimension::App, 8)),
        ("8 ports of 7 days", chart(Dimension::Port, 8)),
        ("8 devices of 7 days", chart(Dimension::Device, 8)),
        ("dashboard of 7 days: all four and the top of each", Box::new(dashboard)),
    ])
}

type Ask = Box<dyn Fn(&Store) -> Result<u64, anomalyzer_store::StoreError>>;

fn page_of(range: Range, filter: &str, sort: FlowSort) -> Result<Ask, String> {
    let filter = Filter::parse(filter).map_err(|e| e.to_string())?;
    let (source, descending, limit, cursor) = (SourceId::SENSOR, true, 100, None);
    let query = FlowQuery { source, range, filter, sort, descending, limit, cursor };
    Ok(Box::new(move |store| Ok(store.history().query(&query)?.rows.len() as u64)))
}

fn groups(range: Range, filter: &str, by: GroupBy) -> Result<Ask, String> {
    let filter = Filter::parse(filter).map_err(|e| e.to_string())?;
    let ask = move |store: &Store| {
        Ok(store.history().groups(SourceId::SENSOR, range, &filter, by, 50)?.len() as u64)
    };
    Ok(Box::new(ask))
}

fn chart(dimension: Dimension, top: usize) -> Ask {
    let (source, range, keys) = (SourceId::SENSOR, week::range(), Vec::new());
    let query = SeriesQuery { source, range, dimension, keys, top, points: 600 };
    Box::new(move |store| Ok(store.series().query(&query)?.series.len() as u64))
}

fn dashboard(store: &Store) -> Result<u64, anomalyzer_store::StoreError> {
    let mut rows = 0;
    for (dimension, top) in
        [(Dimension::Total, 1), (Dimension::App, 8), (Dimension::Port, 8), (Dimension::Device, 8)]
    {
        rows += chart(dimension, top)(store)?;
        let totals = store.series().totals(SourceId::SENSOR, week::range(), dimension, 10)?;
        rows += totals.len() as u64;
    }
    Ok(rows)
}

/// The same questions by this program on one core; `None` when that cannot be arranged.
fn alone(dir: &Path) -> Option<String> {
    let this: PathBuf = std::env::current_exe().ok()?;
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(this).args(["bench", "store-ask"]).arg(dir);
    let output = command.output().ok().filter(|o| o.status.success())?;
    String::from_utf8(output.stdout).ok()
}

fn asked(text: &str) -> Vec<(String, String)> {
    let line = |line: &str| line.split_once('\t').map(|(a, b)| (a.to_owned(), b.to_owned()));
    text.lines().filter_map(line).collect()
}

fn page(
    count: u64,
    [written_s, per_flow, week_s]: [f64; 3],
    all: &[(String, String)],
    one: &[(String, String)],
) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = format!(
        "## The store\n\n{} million flows of one day in one source, a third of them with names; a \
         week of series with {} applications, {} ports and {} devices. Files in the cache, the \
         median of {ROUNDS} rounds ({}).\n\n\
         | what | {cores} threads | 1 thread |\n|---|---|---|\n",
        count as f64 / 1e6,
        week::APPS,
        week::PORTS,
        week::DEVICES,
        super::machine(),
    );
    let _ = writeln!(text, "| flows written per second | | {:.0} |", count as f64 / written_s);
    let _ = writeln!(text, "| bytes per flow on disk | {per_flow:.0} | |");
    let _ = writeln!(
        text,
        "| seconds of series written per second | | {:.0} |",
        week::SECONDS / week_s
    );
    for (name, ms) in all {
        let alone = one.iter().find(|(n, _)| n == name).map_or("", |(_, ms)| ms.as_str());
        let _ = writeln!(text, "| {name} | {ms} | {alone} |");
    }
    text
}
