//! `cargo xtask bench`: ours beside other tools on one large capture; writes docs/benchmark.md.

pub(crate) mod indicators;
mod kept;
pub(crate) mod live;
mod mix;
pub(crate) mod store;

use crate::measure::{self, Cost};
use crate::{data, root};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Packets of the capture that is made.
const PACKETS: u64 = 2_000_000;
/// Rounds; each runs every tool once, in turn, so that a slow minute of the machine hits all.
const ROUNDS: usize = 3;

/// Sections of the page that other commands write.
const SECTIONS: [&str; 2] = ["live", "store"];

/// A tool to be measured.
struct Contestant {
    name: &'static str,
    what: &'static str,
    work: Work,
}

enum Work {
    /// A command from its start to its end.
    Command(Vec<OsString>),
    /// Our service, until it has kept everything.
    Kept,
}

/// Runs all that are installed and writes the table.
pub(crate) fn run() -> Result<(), String> {
    let capture = capture()?;
    let binary = data::binary()?;
    let contestants = contestants(&binary, &capture)?;
    let mut costs: Vec<Vec<Cost>> = contestants.iter().map(|_| Vec::new()).collect();
    for round in 1..=ROUNDS {
        for (contestant, costs) in contestants.iter().zip(&mut costs) {
            eprintln!("round {round} of {ROUNDS}: {}", contestant.name);
            costs.push(match &contestant.work {
                Work::Command(command) => measure::run(command)?,
                Work::Kept => kept::run(&binary, &capture)?,
            });
        }
    }
    let mut page = page(&contestants, &costs, size(&capture));
    let (lists, _) = indicators::page()?;
    page.push_str(
        "\nThreat lists, a million indicators of one kind each, looked up in no order:\n\n",
    );
    page.push_str(&lists);
    let path = root().join("docs/benchmark.md");
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    page.push_str(&crate::section::kept(&old, &SECTIONS));
    print!("{page}");
    std::fs::write(path, page).map_err(|e| e.to_string())
}

/// The capture named by `ANOMALYZER_MIX`, or one made out of the benign captures.
fn capture() -> Result<PathBuf, String> {
    if let Some(named) = std::env::var_os("ANOMALYZER_MIX").filter(|v| !v.is_empty()) {
        return Ok(named.into());
    }
    let made = root().join("out/mix.pcap");
    if !made.is_file() {
        eprintln!("making {}", made.display());
        mix::write(&data::folder().join("pcap/benign"), &made, PACKETS)?;
    }
    Ok(made)
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |m| m.len())
}

/// Ours in two forms, then those of the others that are installed.
fn contestants(binary: &Path, capture: &Path) -> Result<Vec<Contestant>, String> {
    let ours = |args: &[&str]| {
        let mut command: Vec<OsString> = vec![binary.into(), "analyze".into(), "--json".into()];
        command.extend(args.iter().map(OsString::from));
        command.push(capture.into());
        Work::Command(command)
    };
    let mut all = vec![
        Contestant {
            name: "anomalyzer, alerts",
            what: "all detectors, keyword lists, flow features; alerts written",
            work: ours(&["--stats", "--only", "alerts", "--workers", "1"]),
        },
        Contestant {
            name: "anomalyzer, flows",
            what: "the same, and every flow record written as NDJSON",
            work: ours(&["--stats", "--workers", "1"]),
        },
        Contestant {
            name: "anomalyzer, 2 workers",
            what: "as the first, on two workers",
            work: ours(&["--stats", "--only", "alerts", "--workers", "2"]),
        },
        Contestant {
            name: "anomalyzer, all kept",
            what: "`run --pcap`: the service with its console; flows, series, alerts in its stores",
            work: Work::Kept,
        },
    ];
    let logs = root().join("out/suricata");
    std::fs::create_dir_all(&logs).map_err(|e| e.to_string())?;
    let file = || OsString::from(capture);
    let others: [(&str, &str, &str, Vec<OsString>); 4] = [
        ("argus", "argus", "flow records only", words(&["-r"], &[file()], &["-w", "/dev/null"])),
        (
            "suricata",
            "Suricata, no rules",
            "decode, flows, application layers; no rules, no outputs",
            words(&["-r"], &[file()], &suricata_options(&logs.to_string_lossy())),
        ),
        (
            "tshark",
            "tshark, statistics",
            "dissection, conversation table",
            words(&["-n", "-q", "-z", "conv,ip", "-r"], &[file()], &[]),
        ),
        (
            "ndpiReader",
            "nDPI reader",
            "application detection",
            words(&["-q", "-i"], &[file()], &[]),
        ),
    ];
    for (program, name, what, args) in others {
        match find(program) {
            Some(path) => {
                let command = std::iter::once(path.into()).chain(args).collect();
                all.push(Contestant { name, what, work: Work::Command(command) });
            }
            None => eprintln!("skipped: {program} is not installed"),
        }
    }
    Ok(all)
}

fn words(before: &[&str], file: &[OsString], after: &[&str]) -> Vec<OsString> {
    let text = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
    [text(before), file.to_vec(), text(after)].concat()
}

/// A program on the search path or where administrators' programs are.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

fn page(contestants: &[Contestant], costs: &[Vec<Cost>], bytes: u64) -> String {
    let mut text = format!(
        "# Benchmark\n\n<!-- Written by `make bench`. -->\n\nOne capture of {:.2} GB of real benign \
         traffic with shifted addresses and valid checksums, read from a file in the cache; the \
         median of {ROUNDS} rounds, all tools in turn on one machine ({}). Processor seconds are \
         user and system time of the whole process. Ratios are to the first row; the tools do \
         different work, which the last column names.\n\n\
         | tool | processor s | ratio | wall s | MiB | what it does |\n|---|---|---|---|---|---|\n",
        bytes as f64 / 1e9,
        machine(),
    );
    let first = costs.first().map_or(1.0, |c| median(c, |c| c.cpu_s));
    for (contestant, costs) in contestants.iter().zip(costs) {
        let cpu = median(costs, |c| c.cpu_s);
        let failed = if costs.iter().any(|c| c.code != 0) { " (ended with an error)" } else { "" };
        let _ = writeln!(
            text,
            "| {} | {cpu:.2} | {:.2} | {:.2} | {:.0} | {}{failed} |",
            contestant.name,
            cpu / first,
            median(costs, |c| c.wall_s),
            median(costs, |c| c.rss_mib),
            contestant.what,
        );
    }
    text
}

pub(crate) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let output = Command::new("uname").arg("-m").output();
    let kind = output.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned());
    format!("{cores} cores, {}", kind.unwrap_or_else(|_| "unknown".into()))
}

fn median(costs: &[Cost], of: fn(&Cost) -> f64) -> f64 {
    let mut values: Vec<f64> = costs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// One worker, no rules, and none of the outputs that the usual configuration switches on.
fn suricata_options(logs: &str) -> Vec<&str> {
    let mut options = vec!["--runmode", "single", "-S", "/dev/null", "-l", logs];
    for off in
        ["outputs.0.fast.enabled=no", "outputs.1.eve-log.enabled=no", "outputs.7.stats.enabled=no"]
    {
        options.extend(["--set", off]);
    }
    options
}
