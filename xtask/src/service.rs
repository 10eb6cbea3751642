//! The service as its users have it: started as a process, asked over HTTP.

use crate::lab::{Host, Lab};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to begin.
const BEGIN: Duration = Duration::from_secs(30);
/// How long it may take to end when asked to.
const END: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(50);

/// Where it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    /// On this host, listening on this port of the loopback interface.
    Here(u16),
    /// On host B of a lab, on port 8470.
    Inside(&'a Lab),
}

/// A running service with its data directory.
#[derive(Debug)]
pub(crate) struct Service<'a> {
    place: Place<'a>,
    child: Child,
    token: String,
    /// What it said.
    log: PathBuf,
    /// From the start to the first answer.
    pub(crate) began_after: Duration,
}

impl<'a> Service<'a> {
    /// Starts `anomalyzer ARGS --listen ... --data DIR --print-token ...` and waits for its first
    /// answer. What it says goes to `DIR.log`.
    #[allow(clippy::disallowed_methods)] // measures
    pub(crate) fn start(
        place: Place<'a>,
        binary: &Path,
        dir: &Path,
        args: &[&str],
    ) -> Result<Self, String> {
        let (token_file, log) = (dir.with_extension("token"), dir.with_extension("log"));
        let _ = std::fs::remove_file(&token_file);
        let written = File::options().create(true).append(true).open(&log);
        let written = written.map_err(|e| format!("{}: {e}", log.display()))?;
        let (mut command, listen) = match place {
            Place::Here(port) => (Command::new(binary), format!("127.0.0.1:{port}")),
            Place::Inside(lab) => {
                (lab.command(Host::B, &binary.to_string_lossy()), "127.0.0.1:8470".to_owned())
            }
        };
        command.args(args).args(["--listen", &listen]).arg("--data").arg(dir);
        command.arg("--print-token").arg(&token_file);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(written);
        let start = Instant::now();
        let child = command.spawn().map_err(|e| format!("{}: {e}", binary.display()))?;
        let mut service =
            Self { place, child, token: String::new(), log, began_after: Duration::ZERO };
        while start.elapsed() < BEGIN {
            if let Ok(Some(status)) = service.child.try_wait() {
                return Err(format!("the service ended at once, {status}: {}", service.said()));
            }
            if service.token.is_empty() {
                let token = std::fs::read_to_string(&token_file).unwrap_or_default();
                token.trim().clone_into(&mut service.token);
            } else if service.get("/api/v1/status").is_ok() {
                service.began_after = start.elapsed();
                return Ok(service);
            }
            std::thread::sleep(STEP);
        }
        Err(format!("the service did not begin: {}", service.said()))
    }

    /// Asks the API.
    pub(crate) fn get(&self, path: &str) -> Result<Value, String> {
        self.ask(&["-f"], path).and_then(|text| parse(path, &text))
    }

    /// The answer as text, whatever its status.
    pub(crate) fn text(&self, path: &str) -> Result<String, String> {
        self.ask(&[], path)
    }

    fn ask(&self, args: &[&str], path: &str) -> Result<String, String> {
        let mut command = match self.place {
            Place::Here(_) => Command::new("curl"),
            Place::Inside(lab) => lab.command(Host::B, "curl"),
        };
        let header = format!("Authorization: Bearer {}", self.token);
        let url = format!("http://127.0.0.1:{}{path}", self.port());
        let output = command
            .args(["-s", "--max-time", "10", "-H", &header])
            .args(args)
            .arg(url)
            .stdin(Stdio::null())
            .output()
            .map_err(|e| format!("curl: {e}"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(format!("{path}: curl ended with {}", output.status))
    }

    fn port(&self) -> u16 {
        match self.place {
            Place::Here(port) => port,
            Place::Inside(_) => 8470,
        }
    }

    /// The token of an admin.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Resident memory in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|l| l.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    /// Processor seconds so far, user and system, in clock ticks of 10 ms.
    pub(crate) fn cpu_s(&self) -> f64 {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = std::fs::read_to_string(path).unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|f| f.parse::<u64>().ok()).sum();
        ticks as f64 / 100.0
    }

    /// True while the process is there.
    pub(crate) fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            // One that has ended already needs none.
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }

    /// Kills it without warning.
    pub(crate) fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end; how long that took.
    #[allow(clippy::disallowed_methods)] // measures
    pub(crate) fn stop(mut self) -> Result<Duration, String> {
        let start = Instant::now();
        self.signal(Signal::SIGTERM);
        while start.elapsed() < END {
            if let Ok(Some(_)) = self.child.try_wait() {
                return Ok(start.elapsed());
            }
            std::thread::sleep(STEP);
        }
        Err("the service did not end when asked to".into())
    }

    fn said(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
    }
}

impl Drop for Service<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn parse(path: &str, text: &str) -> Result<Value, String> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(text).map_err(|e| format!("{path}: {e}"))
}

/// A directory for one measurement, empty.
pub(crate) fn fresh_dir(name: &str) -> Result<PathBuf, String> {
    let dir = std::env::temp_dir().join(format!("anomalyzer-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    Ok(dir)
}

/// Waits until `look` is true, at most `patience`; how long it took.
#[allow(clippy::disallowed_methods)] // measures
pub(crate) fn wait_until(patience: Duration, mut look: impl FnMut() -> bool) -> Option<Duration> {
    let start = Instant::now();
    while start.elapsed() < patience {
        if look() {
            return Some(start.elapsed());
        }
        std::thread::sleep(STEP);
    }
    None
}
