//! Who watches, and how each tells what it processed.

use super::find;
use crate::lab::{Host, Lab};
use crate::service::{Place, Service, fresh_dir};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a tool may take to begin.
const START: Duration = Duration::from_secs(30);
/// Packets that were sent last are on their way for so long.
const SETTLE: Duration = Duration::from_millis(1_500);

/// A tool that watches an interface.
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    kind: Kind,
}

enum Kind {
    Ours(PathBuf),
    Tcpdump,
    Suricata,
}

/// A tool at work.
pub(super) enum Watching<'a> {
    Ours(Service<'a>, PathBuf),
    Other(Other<'a>),
}

/// A tool that is not ours, at work.
pub(super) struct Other<'a> {
    tool: &'a Tool,
    child: Child,
    dir: PathBuf,
}

/// Ours, and those of the others that are there.
pub(super) fn installed(binary: &Path) -> Vec<Tool> {
    let mut tools = vec![Tool {
        name: "anomalyzer run",
        what: "the whole service: all detectors, keyword lists, history, series, console",
        kind: Kind::Ours(binary.to_owned()),
    }];
    let others = [
        (
            "tcpdump",
            "tcpdump",
            "`-w /dev/null` with a ring of 32 MiB: reads, does nothing",
            Kind::Tcpdump,
        ),
        ("suricata", "Suricata", "no rules, no outputs, AF_PACKET with one thread", Kind::Suricata),
    ];
    for (program, name, what, kind) in others {
        if find(program).is_some() {
            tools.push(Tool { name, what, kind });
        } else {
            eprintln!("skipped: {program} is not installed");
        }
    }
    tools
}

impl Tool {
    /// Starts watching and waits until it does.
    pub(super) fn start<'a>(&'a self, lab: &'a Lab) -> Result<Watching<'a>, String> {
        let dir = fresh_dir("live")?;
        if let Kind::Ours(binary) = &self.kind {
            let args = ["--quiet", "run", "-i", "b0"];
            let service = Service::start(Place::Inside(lab), binary, &dir, &args)?;
            return Ok(Watching::Ours(service, dir));
        }
        let child = self
            .command(lab, &dir)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{}: {e}", self.name))?;
        let mut other = Other { tool: self, child, dir };
        other.wait_until_ready()?;
        Ok(Watching::Other(other))
    }

    fn command(&self, lab: &Lab, dir: &Path) -> Command {
        let dir_text = dir.to_string_lossy().into_owned();
        match &self.kind {
            Kind::Ours(binary) => lab.command(Host::B, &binary.to_string_lossy()),
            Kind::Tcpdump => {
                let mut command = lab.command(Host::B, "tcpdump");
                command.args(["-n", "-i", "b0", "-B", "32768", "-w", "/dev/null"]);
                command
            }
            Kind::Suricata => {
                let mut command = lab.command(Host::B, "suricata");
                command.args(["--af-packet=b0", "-S", "/dev/null", "-l", &dir_text]);
                for set in [
                    "af-packet.0.interface=b0",
                    "af-packet.0.threads=1",
                    "outputs.0.fast.enabled=no",
                    "outputs.1.eve-log.enabled=no",
                    "stats.interval=1",
                ] {
                    command.args(["--set", set]);
                }
                command
            }
        }
    }
}

impl Watching<'_> {
    /// Stops watching: packets processed.
    pub(super) fn finish(self) -> Result<u64, String> {
        std::thread::sleep(SETTLE);
        match self {
            Watching::Ours(service, dir) => {
                let counted = ours(&service);
                service.stop()?;
                let _ = std::fs::remove_dir_all(&dir);
                counted
            }
            Watching::Other(other) => other.finish(),
        }
    }
}

impl Other<'_> {
    fn wait_until_ready(&mut self) -> Result<(), String> {
        let step = Duration::from_millis(100);
        let mut waited = Duration::ZERO;
        while waited < START {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("{} ended at once: {status}: {}", self.tool.name, self.said()));
            }
            let ready = match self.tool.kind {
                Kind::Suricata => self.dir.join("stats.log").is_file(),
                _ => waited >= Duration::from_secs(1),
            };
            if ready {
                return Ok(());
            }
            std::thread::sleep(step);
            waited += step;
        }
        Err(format!("{} did not begin", self.tool.name))
    }

    fn finish(mut self) -> Result<u64, String> {
        self.interrupt();
        let said = self.said();
        let _ = self.child.wait();
        match self.tool.kind {
            Kind::Suricata => suricata(&self.dir),
            _ => number_before(&said, " packets captured")
                .ok_or_else(|| format!("tcpdump said: {said}")),
        }
    }

    fn interrupt(&self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            // One that has ended already needs no signal.
            let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
        }
    }

    fn said(&mut self) -> String {
        let mut text = String::new();
        if let Some(stderr) = &mut self.child.stderr {
            // What cannot be read is missing in a message only.
            let _ = stderr.read_to_string(&mut text);
        }
        text
    }
}

impl Drop for Other<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Frames that ours has received less those that were dropped, by its own counters.
fn ours(service: &Service<'_>) -> Result<u64, String> {
    let status = service.get("/api/v1/status")?;
    let interface = &status["interfaces"][0];
    let field = |name: &str| interface[name].as_u64();
    let (received, dropped) =
        field("received").zip(field("dropped")).ok_or("status names no interface")?;
    Ok(received.saturating_sub(dropped))
}

/// The last count of decoded packets in Suricata's log of counters.
fn suricata(dir: &Path) -> Result<u64, String> {
    let text = std::fs::read_to_string(dir.join("stats.log")).map_err(|e| e.to_string())?;
    let last = text.lines().rev().find(|line| line.starts_with("decoder.pkts"));
    last.and_then(|line| line.rsplit('|').next()?.trim().parse().ok())
        .ok_or_else(|| "Suricata counted nothing".into())
}

fn number_before(text: &str, words: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.contains(words))?;
    line.split(words).next()?.trim().parse().ok()
}
