//! clients of the live stream that stand still, while news come fast.

use super::Claim;
use crate::service::{Place, Service, fresh_dir, wait_until};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const PORT: u16 = 47_413;
const CLIENTS: usize = 200;
/// A session may have so many streams.
const PER_TOKEN: usize = 8;
const SECONDS: u64 = 120;
/// News a second that are asked for.
const RATE: usize = 1_000;
const COST_MAX_MIB: f64 = 32.0;

/// When each numbered piece of news was made, and how long it took to arrive.
#[derive(Default)]
struct Delays {
    made: BTreeMap<u64, Instant>,
    took: Vec<Duration>,
}

type Shared = Arc<Mutex<Delays>>;

/// What one run gave.
struct Outcome {
    news: u64,
    resident_kib: u64,
    open: usize,
    took: Vec<Duration>,
}

/// Runs without the stalled clients first: the demonstration itself fills its tables meanwhile.
pub(super) fn run(binary: &Path) -> Result<Vec<Claim>, String> {
    let without = news(binary, 0)?;
    let with = news(binary, CLIENTS)?;
    Ok(claims(&without, with))
}

#[allow(clippy::disallowed_methods)] // measures
fn news(binary: &Path, clients: usize) -> Result<Outcome, String> {
    let dir = fresh_dir("stall")?;
    let service = Service::start(Place::Here(PORT), binary, &dir, &["demo"])?;
    let ids = alerts(&service)?;
    let tokens = tokens(binary, &dir, clients)?;
    let stalled = stall(&tokens, clients)?;
    let delays = Shared::default();
    let reader = healthy(&service, &delays)?;
    let start = Instant::now();
    let mut sent = 0_u64;
    let mut line = TcpStream::connect(("127.0.0.1", PORT)).map_err(|e| e.to_string())?;
    let pause = Duration::from_secs_f64(ids.len() as f64 / RATE as f64);
    while start.elapsed() < Duration::from_secs(SECONDS) {
        let due = pause * u32::try_from(sent).unwrap_or(u32::MAX);
        std::thread::sleep(due.saturating_sub(start.elapsed()));
        lock(&delays).made.insert(sent, Instant::now());
        change(&mut line, service.token(), &ids, sent)?;
        sent += 1;
    }
    let resident_kib = service.resident_kib();
    std::thread::sleep(Duration::from_secs(1));
    let _ = reader.shutdown(std::net::Shutdown::Both);
    let open = stalled.into_iter().filter(still_open).count();
    let _ = service.stop();
    let _ = std::fs::remove_dir_all(&dir);
    let took = std::mem::take(&mut lock(&delays).took);
    Ok(Outcome { news: sent * ids.len() as u64, resident_kib, open, took })
}

fn claims(without: &Outcome, mut with: Outcome) -> Vec<Claim> {
    with.took.sort_unstable();
    let p99 = with.took.get(with.took.len() * 99 / 100).copied().unwrap_or(Duration::MAX);
    let what = format!("{CLIENTS} stalled clients for {SECONDS} s, {} news/s", with.news / SECONDS);
    let mib = |kib: u64| kib as f64 / 1024.0;
    let (together, alone) = (mib(with.resident_kib), mib(without.resident_kib));
    vec![
        Claim::new(
            format!("{what}: they cost at most 32 MiB of memory"),
            format!("{together:.1} MiB resident at the end, {alone:.1} without them"),
            together - alone <= COST_MAX_MIB,
        ),
        Claim::new(
            format!("{what}: a client that reads has them within 1 s (99 of 100)"),
            format!("{:.0} ms, {} looked at", p99.as_secs_f64() * 1e3, with.took.len()),
            p99 <= Duration::from_secs(1),
        ),
        Claim::new(
            format!("{what}: those that stand still are closed"),
            format!("{} left open", with.open),
            with.open == 0,
        ),
    ]
}

fn lock(delays: &Shared) -> std::sync::MutexGuard<'_, Delays> {
    delays.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Alerts whose state can be changed back and forth.
fn alerts(service: &Service<'_>) -> Result<Vec<String>, String> {
    let mut ids = Vec::new();
    wait_until(Duration::from_secs(30), || {
        let page = service.get("/api/v1/alerts?limit=100&source=1&severity=info");
        let page = page.unwrap_or_default();
        let items = page["items"].as_array().cloned().unwrap_or_default();
        ids = items.iter().filter_map(|a| a["id"].as_str().map(str::to_owned)).collect();
        ids.len() >= 10
    });
    if ids.is_empty() { Err("the demonstration has no alerts".into()) } else { Ok(ids) }
}

/// A session may have few streams: many tokens for many clients.
fn tokens(binary: &Path, dir: &Path, clients: usize) -> Result<Vec<String>, String> {
    let token = |number: usize| {
        let mut command = Command::new(binary);
        command.args(["token", "create", &format!("stall-{number}"), "--user", "service"]);
        command.args(["--role", "viewer", "--data"]).arg(dir);
        let output = command.output().map_err(|e| e.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let token = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status.success() { Ok(token) } else { Err(said) }
    };
    (0..clients.div_ceil(PER_TOKEN)).map(token).collect()
}

/// Clients that ask for everything and read nothing.
fn stall(tokens: &[String], clients: usize) -> Result<Vec<TcpStream>, String> {
    let client = |number: usize| {
        let token = tokens.get(number / PER_TOKEN).map_or("", String::as_str);
        ask(token).map_err(|e| e.to_string())
    };
    (0..clients).map(client).collect()
}

fn ask(token: &str) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", PORT))?;
    write!(
        stream,
        "GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n\
         Authorization: Bearer {token}\r\nAccept: text/event-stream\r\n\r\n"
    )?;
    Ok(stream)
}

/// A client that reads, on a thread of its own; closing the stream ends it.
fn healthy(service: &Service<'_>, delays: &Shared) -> Result<TcpStream, String> {
    let stream = ask(service.token()).map_err(|e| e.to_string())?;
    let reading = stream.try_clone().map_err(|e| e.to_string())?;
    let delays = Arc::clone(delays);
    std::thread::spawn(move || {
        for line in BufReader::new(reading).lines().map_while(Result::ok) {
            note(&line, &delays);
        }
    });
    Ok(stream)
}

#[allow(clippy::disallowed_methods)] // measures
fn note(line: &str, delays: &Shared) {
    let Some((_, rest)) = line.split_once("\"note\":\"n-") else { return };
    let number = rest.split('"').next().and_then(|n| n.parse::<u64>().ok());
    let mut delays = lock(delays);
    if let Some(made) = number.and_then(|n| delays.made.remove(&n)) {
        delays.took.push(made.elapsed());
    }
}

/// Changes all alerts at once over a connection that stays open.
fn change(line: &mut TcpStream, token: &str, ids: &[String], number: u64) -> Result<(), String> {
    let body = serde_json::json!({
        "source": 1, "ids": ids, "escalated": number.is_multiple_of(2), "note": format!("n-{number}"),
    })
    .to_string();
    let length = body.len();
    let sent = write!(
        line,
        "POST /api/v1/alerts/state HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n\
         Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    sent.and_then(|()| answer(line)).map_err(|e| format!("alerts/state: {e}"))
}

/// Reads one answer: its head, and as many bytes as that says.
fn answer(line: &mut TcpStream) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && head.len() < 16_384 {
        line.read_exact(&mut byte)?;
        head.extend_from_slice(&byte);
    }
    let text = String::from_utf8_lossy(&head).to_ascii_lowercase();
    if !text.starts_with("http/1.1 200") {
        return Err(std::io::Error::other(text));
    }
    let length = text.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse().ok());
    let mut rest = vec![0; length.unwrap_or(0)];
    line.read_exact(&mut rest)
}

/// True when the server has not closed the connection: reading ends without its end.
fn still_open(stream: &TcpStream) -> bool {
    let mut stream = stream;
    let limit = stream.set_read_timeout(Some(Duration::from_millis(200)));
    let mut block = [0; 16_384];
    let mut read = 0;
    while limit.is_ok() && read < 64 << 20 {
        match stream.read(&mut block) {
            Ok(0) => return false,
            Ok(n) => read += n,
            Err(e) => {
                return matches!(
                    e.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                );
            }
        }
    }
    true
}
