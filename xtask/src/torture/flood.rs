//! Ten million packets from as many sources against one host, amid 1,000 honest connections.

use super::Claim;
use crate::measure;
use anomalyzer_capture::{PcapWriter, SNAPLEN_MAX};
use anomalyzer_scenario::floods::{FloodPlan, LegitimateFlow, VICTIM};
use anomalyzer_wire::{LinkType, RawFrame, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::thread;

/// Most memory that may be resident, in MiB.
const MEMORY_MIB: f64 = 512.0;
/// Share of the honest connections that must be exact.
const EXACT_SHARE: f64 = 0.99;
const PLAN: FloodPlan = FloodPlan::ten_million(1, Timestamp::from_secs_nanos(1_770_000_000, 0));

/// What the program wrote.
#[derive(Default)]
struct Written {
    /// Packets and bytes of both directions by client, for flows that are not the flood's.
    flows: BTreeMap<(String, u64), [u64; 4]>,
    alerts: Vec<Value>,
    packets: u64,
}

/// Streams the flood through a pipe.
pub(super) fn run(binary: &Path, workers: &str) -> Result<Vec<Claim>, String> {
    let report = std::env::temp_dir().join(format!("anomalyzer-flood-{}", std::process::id()));
    let this = std::env::current_exe().map_err(|e| e.to_string())?;
    let mut child = Command::new(this)
        .arg("measure")
        .arg(&report)
        .arg(binary)
        .args(["analyze", "-", "--json", "--quiet", "--workers", workers])
        .args(["--only", "flows,alerts,summary"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| e.to_string())?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let (stdin, stdout) = stdin.zip(stdout).ok_or("no pipes")?;
    let feeder = thread::spawn(move || feed(stdin));
    let written = read(BufReader::with_capacity(1 << 20, stdout))?;
    child.wait().map_err(|e| e.to_string())?;
    feeder.join().map_err(|_| "the feeder panicked")?.map_err(|e| e.to_string())?;
    let cost = measure::take(&report)?;
    Ok(claims(&written, &cost, workers))
}

fn feed(stdin: ChildStdin) -> io::Result<()> {
    let out = BufWriter::with_capacity(1 << 20, stdin);
    let mut writer = PcapWriter::new(out, LinkType::ETHERNET, SNAPLEN_MAX)?;
    let (mut flood, mut data) = (PLAN.generate(), Vec::new());
    while let Some(time) = flood.next_into(&mut data) {
        let orig_len = u32::try_from(data.len()).unwrap_or(u32::MAX);
        writer.write(&RawFrame { time, link: LinkType::ETHERNET, orig_len, data: &data })?;
    }
    writer.finish()?.flush()
}

fn read(lines: impl BufRead) -> Result<Written, String> {
    let mut written = Written::default();
    let victim = format!("\"dst\":\"{}\"", IpAddr::from(VICTIM));
    for line in lines.lines() {
        let line = line.map_err(|e| e.to_string())?;
        // Nearly all lines are flows of the flood: told by the victim, without parsing.
        if line.contains("\"type\":\"flow\"") && line.contains(&victim) {
            continue;
        }
        let value: Value = serde_json::from_str(&line).map_err(|e| format!("{e}: {line}"))?;
        match value["type"].as_str() {
            Some("alert") => written.alerts.push(value),
            Some("summary") => written.packets = value["packets"].as_u64().unwrap_or(0),
            Some("flow") => {
                let key = (
                    value["src"].as_str().unwrap_or_default().to_owned(),
                    value["src_port"].as_u64().unwrap_or(0),
                );
                let sum = written.flows.entry(key).or_default();
                let sides = ["orig", "resp"].into_iter().flat_map(|side| {
                    let value = &value;
                    ["packets", "bytes"].into_iter().map(move |of| value[side][of].as_u64())
                });
                for (slot, count) in sum.iter_mut().zip(sides) {
                    *slot += count.unwrap_or(0);
                }
            }
            _ => {}
        }
    }
    Ok(written)
}

fn claims(written: &Written, cost: &measure::Cost, workers: &str) -> Vec<Claim> {
    let exact = |flow: &&LegitimateFlow| {
        let key = (flow.client.0.to_string(), u64::from(flow.client.1));
        let expected = [
            flow.sent.packets,
            flow.sent.frame_bytes,
            flow.received.packets,
            flow.received.frame_bytes,
        ];
        written.flows.get(&key) == Some(&expected)
    };
    let ledger = PLAN.ledger();
    let good = ledger.iter().filter(exact).count();
    let share = good as f64 / ledger.len().max(1) as f64;
    let attacks: Vec<&Value> = written
        .alerts
        .iter()
        .filter(|a| !matches!(a["severity"].as_str(), Some("info" | "low")))
        .collect();
    let named = |alert: &&Value| {
        let victim = IpAddr::V4(Ipv4Addr::from(VICTIM)).to_string();
        matches!(alert["detector"].as_str(), Some("ddos" | "flood"))
            && alert["dst"].as_array().is_some_and(|d| d.iter().any(|a| *a == *victim))
    };
    let one = attacks.len() == 1 && attacks.first().is_some_and(named);
    let titles: Vec<&str> = attacks.iter().filter_map(|a| a["title"].as_str()).collect();
    let flood = format!("flood of 10,000,000 packets from 10,000,000 sources, {workers} worker(s)");
    vec![
        Claim::new(format!("{flood}: every packet counted"), written.packets.to_string(), {
            written.packets > PLAN.packets && cost.code == 0
        }),
        Claim::new(
            format!("{flood}: at most {MEMORY_MIB} MiB resident"),
            format!("{:.0} MiB", cost.rss_mib),
            cost.rss_mib <= MEMORY_MIB,
        ),
        Claim::new(
            format!("{flood}: 99 % of 1,000 honest connections exact"),
            format!("{good} of {}", ledger.len()),
            share >= EXACT_SHARE,
        ),
        Claim::new(format!("{flood}: one incident, naming the victim"), titles.join("; "), one),
    ]
}
