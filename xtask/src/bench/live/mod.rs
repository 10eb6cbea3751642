//! `cargo xtask bench live`: the highest rate on a wire at which nothing is lost, beside tcpdump
//! and Suricata; writes its section of docs/benchmark.md.

mod tools;

use super::{find, machine, mix};
use crate::lab::{Host, Lab};
use crate::{data, root, section};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tools::Tool;

/// Packets of the capture that is replayed; kept in memory by the sender.
const PACKETS: u64 = 300_000;
/// Seconds of each run.
const SECONDS: u64 = 4;
/// Rates asked for, in packets a second; 0 is as fast as the sender can.
const RATES: [u64; 9] = [50_000, 100_000, 150_000, 200_000, 300_000, 400_000, 600_000, 800_000, 0];
/// Lost up to this share counts as nothing: packets in flight when the counters are read.
const NOTHING: f64 = 0.0001;

/// One run.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// Packets a second that the sender reached.
    rate: f64,
    sent: u64,
    processed: u64,
}

impl Run {
    fn loss(&self) -> f64 {
        1.0 - self.processed.min(self.sent) as f64 / self.sent.max(1) as f64
    }
}

/// Runs all tools at all rates and writes the table.
pub(crate) fn run() -> Result<(), String> {
    if find("tcpreplay").is_none() {
        return Err("tcpreplay is not installed".into());
    }
    let capture = capture()?;
    let tools = tools::installed(&data::binary()?);
    let mut runs: Vec<Vec<Run>> = Vec::new();
    for tool in &tools {
        let mut of_tool = Vec::new();
        for rate in RATES {
            let run = once(tool, &capture, rate)?;
            eprintln!("{}: {:.0} packets/s, lost {:.3} %", tool.name, run.rate, run.loss() * 100.0);
            of_tool.push(run);
        }
        runs.push(of_tool);
    }
    let page = page(&tools, &runs);
    print!("{page}");
    section::write(&root().join("docs/benchmark.md"), "live", &page)
}

/// One tool at one rate, in namespaces of its own.
fn once(tool: &Tool, capture: &Path, rate: u64) -> Result<Run, String> {
    let lab = Lab::new("bench")?;
    let watching = tool.start(&lab)?;
    let (sent, reached) = replay(&lab, capture, rate)?;
    let processed = watching.finish()?;
    Ok(Run { rate: reached, sent, processed })
}

/// Sends; packets that went out and their rate.
fn replay(lab: &Lab, capture: &Path, rate: u64) -> Result<(u64, f64), String> {
    let mut command = lab.command(Host::A, "tcpreplay");
    command.args(["-q", "-K", "--loop=0", &format!("--duration={SECONDS}"), "-i", "a0"]);
    match rate {
        0 => command.arg("--topspeed"),
        rate => command.arg(format!("--pps={rate}")),
    };
    let output = command.arg(capture).output().map_err(|e| format!("tcpreplay: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let number = |label: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(label))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    let sent = number("Successful packets:").ok_or_else(|| format!("tcpreplay said: {text}"))?;
    let rate = text
        .lines()
        .find(|line| line.starts_with("Rated:"))
        .and_then(|line| line.rsplit(',').next()?.split_whitespace().next()?.parse().ok())
        .ok_or_else(|| format!("tcpreplay said: {text}"))?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a count
    Ok((sent as u64, rate))
}

fn capture() -> Result<PathBuf, String> {
    let made = root().join("out/live-mix.pcap");
    if !made.is_file() {
        mix::write(&data::folder().join("pcap/benign"), &made, PACKETS)?;
    }
    Ok(made)
}

fn page(tools: &[Tool], runs: &[Vec<Run>]) -> String {
    let mut text = format!(
        "{PACKETS} packets of the same kind replayed by tcpreplay over a veth pair for {SECONDS} s \
         at rising rates, on {}; sender and watcher share the cores, so the highest rates say as \
         much of the sender. A run at a rate: packets a second that the sender reached, and the \
         share that the watcher did not process.\n\n| asked for |",
        machine(),
    );
    for tool in tools {
        let _ = write!(text, " {} |", tool.name);
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(tools.len()));
    for (row, rate) in RATES.iter().enumerate() {
        let asked = if *rate == 0 { "all it can".to_owned() } else { format!("{rate}/s") };
        let _ = write!(text, "| {asked} |");
        for run in runs.iter().filter_map(|runs| runs.get(row)) {
            let _ = write!(text, " {:.0}/s, {:.2} % lost |", run.rate, run.loss() * 100.0);
        }
        text.push('\n');
    }
    text.push_str("| **highest without loss** |");
    for runs in runs {
        let best = runs.iter().filter(|r| r.loss() <= NOTHING).map(|r| r.rate);
        let _ = write!(text, " **{:.0}/s** |", best.fold(0.0, f64::max));
    }
    text.push('\n');
    for tool in tools {
        let _ = write!(text, "\n- {}: {}", tool.name, tool.what);
    }
    text.push('\n');
    text
}
