//! interfaces that go down, come back, vanish and are made again.

use super::Claim;
use crate::lab::{Host, Lab};
use crate::service::{Place, Service, fresh_dir, wait_until};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

const DOWN_UP: usize = 100;
const DELETE_ADD: usize = 20;
/// Longest from carrier to the first counted frame, and from a new interface.
const RESUME: Duration = Duration::from_secs(5);
const REMADE: Duration = Duration::from_secs(10);
/// Longest until the state is told.
const TOLD: Duration = Duration::from_secs(2);
/// Seconds over which processor time is measured while the interface is down.
const IDLE: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Tally {
    untold: usize,
    slow: usize,
    slowest: Duration,
}

pub(super) fn run(binary: &Path) -> Result<Vec<Claim>, String> {
    let lab = Lab::new("flap")?;
    let dir = fresh_dir("flap")?;
    let mut service = Service::start(Place::Inside(&lab), binary, &dir, &["run", "-i", "b0"])?;
    let mut ping = ping(&lab)?;
    let flaps = cycle(&lab, &service, DOWN_UP, RESUME, &|lab, up| {
        lab.ip(Host::B, &["link", "set", "b0", if up { "up" } else { "down" }])
    })?;
    let remade = cycle(&lab, &service, DELETE_ADD, REMADE, &|lab, there| {
        if there { lab.join() } else { lab.ip(Host::B, &["link", "delete", "b0"]) }
    })?;
    lab.ip(Host::B, &["link", "set", "b0", "down"])?;
    let before = service.cpu_s();
    std::thread::sleep(IDLE);
    let idle = (service.cpu_s() - before) / IDLE.as_secs_f64() * 100.0;
    let alive = service.runs();
    let _ = ping.kill();
    let _ = ping.wait();
    let _ = service.stop();
    let _ = std::fs::remove_dir_all(&dir);
    let mut claims = claims(&format!("{DOWN_UP} times down and up"), &flaps, RESUME);
    claims.extend(claims_of_remade(&remade));
    claims.push(Claim::new(
        "an interface that is down costs at most 5 % of a core",
        format!("{idle:.1} %"),
        idle <= 5.0,
    ));
    claims.push(Claim::new(
        "the service never ended over it",
        if alive { "it runs" } else { "it ended" },
        alive,
    ));
    Ok(claims)
}

fn claims_of_remade(tally: &Tally) -> Vec<Claim> {
    claims(&format!("{DELETE_ADD} times deleted and made again"), tally, REMADE)
}

fn claims(what: &str, tally: &Tally, limit: Duration) -> Vec<Claim> {
    let seconds = limit.as_secs();
    vec![
        Claim::new(
            format!("interface {what}: frames are counted again within {seconds} s"),
            format!("{} late; slowest {:.1} s", tally.slow, tally.slowest.as_secs_f64()),
            tally.slow == 0,
        ),
        Claim::new(
            format!("interface {what}: its state is told within 2 s"),
            format!("{} late", tally.untold),
            tally.untold == 0,
        ),
    ]
}

fn cycle(
    lab: &Lab,
    service: &Service<'_>,
    times: usize,
    limit: Duration,
    set: &dyn Fn(&Lab, bool) -> Result<(), String>,
) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for _ in 0..times {
        set(lab, false)?;
        let told = wait_until(TOLD, || state(service).is_some_and(|(s, _)| s != "watching"));
        tally.untold += usize::from(told.is_none());
        let (_, before) = state(service).unwrap_or_default();
        set(lab, true)?;
        match wait_until(limit * 2, || state(service).is_some_and(|(_, now)| now > before)) {
            Some(took) => {
                tally.slow += usize::from(took > limit);
                tally.slowest = tally.slowest.max(took);
            }
            None => tally.slow += 1,
        }
    }
    Ok(tally)
}

/// State of the interface, and frames so far.
fn state(service: &Service<'_>) -> Option<(String, u64)> {
    let status = service.get("/api/v1/status").ok()?;
    let interface = status["interfaces"].get(0)?;
    Some((interface["state"].as_str()?.to_owned(), interface["received"].as_u64()?))
}

/// Something to be seen all the time.
fn ping(lab: &Lab) -> Result<Child, String> {
    let mut command = lab.command(Host::A, "ping");
    command.args(["-i", "0.05", "-q", "10.99.0.2"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map_err(|e| format!("ping: {e}"))
}
