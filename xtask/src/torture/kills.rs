//! killed without warning under load, again and again.

use super::Claim;
use crate::lab::{Host, Lab};
use crate::service::{Place, Service, fresh_dir, wait_until};
use anomalyzer_wire::Timestamp;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

const ROUNDS: u64 = 50;
/// Packets a second meanwhile.
const RATE: u64 = 20_000;
/// Seconds of flows that may be missing.
const LOST_MAX: f64 = 2.0;
/// Longest start, by the program's own repair alone.
const START_MAX: Duration = Duration::from_secs(5);

#[derive(Default)]
struct Tally {
    /// Alerts that the API has given out.
    shown: BTreeSet<String>,
    alerts_lost: usize,
    late: usize,
    slowest: Duration,
    /// Most seconds of flows missing.
    lost_s: f64,
    /// Rounds in which there were flows to lose.
    judged: u64,
}

pub(super) fn run(binary: &Path) -> Result<Vec<Claim>, String> {
    let dir = fresh_dir("kill")?;
    let capture = dir.with_extension("pcapng");
    scenario(binary, &capture)?;
    let lab = Lab::new("kill")?;
    let mut traffic = replay(&lab, &capture)?;
    let mut tally = Tally::default();
    let mut newest_before = None;
    for round in 0..ROUNDS {
        let service = Service::start(Place::Inside(&lab), binary, &dir, &["run", "-i", "b0"])?;
        tally.slowest = tally.slowest.max(service.began_after);
        tally.late += usize::from(service.began_after > START_MAX);
        check_alerts(&service, &mut tally)?;
        check_flows(&service, newest_before, &mut tally);
        // From 7 to 10 seconds, another length each time: a closed connection is stored after 5.
        std::thread::sleep(Duration::from_millis(7_000 + round * 7_919 % 3_000));
        remember(&service, &mut tally)?;
        newest_before = newest(&service, None).zip(now());
        service.kill();
    }
    let _ = traffic.kill();
    let _ = traffic.wait();
    let service = Service::start(Place::Inside(&lab), binary, &dir, &["run", "-i", "b0"])?;
    check_alerts(&service, &mut tally)?;
    service.stop()?;
    let verified = verify(binary, &dir);
    let _ = std::fs::remove_dir_all(&dir);
    let _ = std::fs::remove_file(&capture);
    Ok(claims(&tally, &verified))
}

fn claims(tally: &Tally, verified: &Result<(), String>) -> Vec<Claim> {
    let what = format!("killed {ROUNDS} times under {RATE} packets/s");
    let starts = format!("{} late; slowest {:.1} s", tally.late, tally.slowest.as_secs_f64());
    let shown = tally.shown.len();
    vec![
        Claim::new(format!("{what}: starts by itself within 5 s"), starts, tally.late == 0),
        Claim::new(
            format!("{what}: no alert is lost that the API has shown"),
            format!("{} of {shown} lost", tally.alerts_lost),
            tally.alerts_lost == 0 && shown > 0,
        ),
        Claim::new(
            format!("{what}: at most {LOST_MAX} s of flows missing"),
            format!("at most {:.1} s in {} rounds", tally.lost_s, tally.judged),
            tally.lost_s <= LOST_MAX && tally.judged > 0,
        ),
        Claim::new(
            format!("{what}: the store is whole"),
            verified.as_ref().err().cloned().unwrap_or_else(|| "whole".into()),
            verified.is_ok(),
        ),
    ]
}

/// An office with every attack there is.
fn scenario(binary: &Path, capture: &Path) -> Result<(), String> {
    let mut command = Command::new(binary);
    command.args(["scenario", "write"]).arg(capture).args(["--attack", "all"]);
    let status = command.status().map_err(|e| e.to_string())?;
    if status.success() { Ok(()) } else { Err("no scenario was written".into()) }
}

fn replay(lab: &Lab, capture: &Path) -> Result<Child, String> {
    let mut command = lab.command(Host::A, "tcpreplay");
    command.args(["-q", "-K", "--loop=0", &format!("--pps={RATE}"), "-i", "a0"]).arg(capture);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map_err(|e| format!("tcpreplay: {e}"))
}

fn ids(service: &Service<'_>) -> Result<BTreeSet<String>, String> {
    let path = "/api/v1/alerts?limit=1000&severity=info&suppressed=true";
    let page = service.get(path)?;
    let items = page["items"].as_array().ok_or("alerts have no items")?;
    Ok(items.iter().filter_map(|a| a["id"].as_str().map(str::to_owned)).collect())
}

fn remember(service: &Service<'_>, tally: &mut Tally) -> Result<(), String> {
    if tally.shown.len() < 500 {
        tally.shown.extend(ids(service)?);
    }
    Ok(())
}

/// Every alert that was shown is there by its id.
fn check_alerts(service: &Service<'_>, tally: &mut Tally) -> Result<(), String> {
    let there = ids(service)?;
    let missing = tally.shown.iter().filter(|id| !there.contains(*id));
    let gone = missing.filter(|id| service.get(&format!("/api/v1/alerts/{id}?source=1")).is_err());
    tally.alerts_lost += gone.count();
    Ok(())
}

/// The newest flow that ended before now is not older than it was before the kill, but for what
/// may be lost.
fn check_flows(service: &Service<'_>, before: Option<(Timestamp, Timestamp)>, tally: &mut Tally) {
    let Some((newest_then, killed)) = before else { return };
    let Some(newest_now) = newest(service, Some(killed)) else { return };
    // What was stored then must be there now; what came between the look and the kill may not.
    let lost = newest_then.since(newest_now) as f64 / 1e9;
    tally.lost_s = tally.lost_s.max(lost);
    tally.judged += 1;
}

/// When the newest stored flow ended, of those that ended before a time.
fn newest(service: &Service<'_>, before: Option<Timestamp>) -> Option<Timestamp> {
    let to = before.map_or_else(String::new, |time| format!("&to={time}"));
    let mut found = None;
    wait_until(Duration::from_secs(3), || {
        let page = service.get(&format!("/api/v1/flows?limit=1&from=-10m{to}"));
        let last = page.ok().and_then(|page| ended(&page["items"][0]));
        found = last;
        found.is_some()
    });
    found
}

/// When a flow ended.
#[allow(clippy::cast_possible_truncation)] // no flow lasts for centuries
fn ended(flow: &serde_json::Value) -> Option<Timestamp> {
    let first = Timestamp::parse(flow["ts"].as_str()?)?;
    Some(first.plus_nanos((flow["duration"].as_f64()? * 1e9) as i64))
}

#[allow(clippy::disallowed_methods)] // compared with the times of flows that were seen live
fn now() -> Option<Timestamp> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_nanos()).ok().map(Timestamp::from_nanos)
}

pub(super) fn verify(binary: &Path, dir: &Path) -> Result<(), String> {
    let mut command = Command::new(binary);
    let output = command.args(["store", "verify", "--data"]).arg(dir).output();
    let output = output.map_err(|e| e.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("store verify: {}", said.trim()))
}
