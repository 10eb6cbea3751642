//! What a command costs: processor time and memory, as the kernel counts them.
//!
//! The kernel sums the children of a process. To get one command's figures alone, a fresh process
//! of this program runs it, waits, and writes the figures into a file.

use nix::sys::resource::{UsageWho, getrusage};
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

/// Figures of one command.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cost {
    /// User and system time of the processor in seconds.
    pub(crate) cpu_s: f64,
    /// Time that passed in seconds.
    pub(crate) wall_s: f64,
    /// Most memory that was resident, in MiB.
    pub(crate) rss_mib: f64,
    /// Exit code.
    pub(crate) code: i32,
}

/// Runs a command with its output thrown away.
pub(crate) fn run(command: &[OsString]) -> Result<Cost, String> {
    let report = std::env::temp_dir().join(format!("anomalyzer-cost-{}", std::process::id()));
    let this = std::env::current_exe().map_err(|e| e.to_string())?;
    let status = Command::new(this)
        .arg("measure")
        .arg(&report)
        .args(command)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|e| e.to_string())?;
    if status.success() { take(&report) } else { Err(format!("{command:?} could not be run")) }
}

/// Reads the figures that an inner process has written, and removes the file.
pub(crate) fn take(report: &Path) -> Result<Cost, String> {
    let text = std::fs::read_to_string(report).map_err(|e| e.to_string());
    let _ = std::fs::remove_file(report);
    parse(&text?).ok_or_else(|| "no figures were written".into())
}

fn parse(text: &str) -> Option<Cost> {
    let mut fields = text.split_whitespace();
    let mut number = || fields.next()?.parse::<f64>().ok();
    let (cpu_s, wall_s, rss_mib) = (number()?, number()?, number()?);
    let code = fields.next()?.parse().ok()?;
    Some(Cost { cpu_s, wall_s, rss_mib, code })
}

/// The inner process: runs the command with the streams it has itself, and writes its figures.
#[allow(clippy::disallowed_methods)] // a measurement is what clocks are for
pub(crate) fn inner(report: &Path, command: &[OsString]) -> Result<(), String> {
    let (program, args) = command.split_first().ok_or("no command")?;
    let start = std::time::Instant::now();
    let status = Command::new(program)
        .args(args)
        .status()
        .map_err(|e| format!("{}: {e}", program.display()))?;
    let wall = start.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|e| e.to_string())?;
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    let cpu = seconds(usage.user_time()) + seconds(usage.system_time());
    let rss = usage.max_rss() as f64 / 1024.0;
    let code = status.code().unwrap_or(-1);
    std::fs::write(report, format!("{cpu} {wall} {rss} {code}")).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_back() {
        let cost = parse("0.5 1.25 33.5 3").unwrap();
        assert_eq!(cost, Cost { cpu_s: 0.5, wall_s: 1.25, rss_mib: 33.5, code: 3 });
        assert_eq!(parse("0.5 x"), None);
    }

    #[test]
    fn a_command_is_measured() {
        let report = std::env::temp_dir().join(format!("cost-test-{}", std::process::id()));
        inner(&report, &["sh".into(), "-c".into(), "exit 7".into()]).unwrap();
        let cost = parse(&std::fs::read_to_string(&report).unwrap()).unwrap();
        std::fs::remove_file(&report).unwrap();
        assert_eq!(cost.code, 7);
        assert!(cost.rss_mib > 0.1 && cost.wall_s < 60.0);
    }
}
