//! What `doctor` looks at.

use super::Check;
use crate::clock;
use anomalyzer_capture::{ANY, LiveInterface, interfaces, missing_rights};
use anomalyzer_engine::text;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A clock before this time (2025-01-01) has never been set.
const CLOCK_MIN: i64 = 1_735_689_600;
/// Free bytes below which the store stops writing, and below which it will soon.
const FREE_MIN: u64 = 256 << 20;
const FREE_LOW: u64 = 2 << 30;
/// Where the console listens by default.
const LISTEN: &str = "127.0.0.1:8470";
/// Where system programs are that are not in everybody's PATH.
const SYSTEM_PATHS: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

/// Programs that add something, what that is, and the package that holds each.
const TOOLS: [(&str, &str, &str); 3] = [
    ("suricata", "signatures beside our own detectors", "suricata"),
    ("nft", "blocking addresses", "nftables"),
    ("nmap", "service versions in port scans", "nmap"),
];

/// All checks, in the order in which they matter.
pub(super) fn all(data: &Path) -> Vec<Check> {
    let mut checks = vec![rights(), interfaces_up(), clock_set(), clock_synchronised()];
    checks.push(data_directory(data));
    checks.push(room(data));
    checks.push(port());
    checks.extend(TOOLS.iter().map(|(program, use_of, package)| tool(program, use_of, package)));
    checks
}

fn rights() -> Check {
    match missing_rights() {
        None => Check::fine("rights", "interfaces can be watched"),
        Some((missing, remedy)) => {
            let missing = missing.join(" and ");
            let text = format!(
                "interfaces cannot be watched: {missing} is missing; captures, the demonstration \
                 and the console work all the same"
            );
            Check::lacking("rights", text, Some(remedy))
        }
    }
}

fn interfaces_up() -> Check {
    let all = match interfaces() {
        Ok(all) => all,
        Err(error) => return Check::lacking("interfaces", error.to_string(), None),
    };
    let real = |i: &&LiveInterface| !i.loopback && i.name != ANY;
    let up: Vec<&str> = all.iter().filter(real).filter(|i| i.up).map(|i| i.name.as_str()).collect();
    if !up.is_empty() {
        return Check::fine("interfaces", format!("up: {}", up.join(", ")));
    }
    let down = all.iter().find(real);
    let mend = down.map(|i| format!("sudo ip link set {} up", i.name));
    Check::lacking("interfaces", "none is up but the loopback interface", mend)
}

fn clock_set() -> Check {
    let now = clock::now();
    if clock::today() >= CLOCK_MIN {
        return Check::fine("clock", now.to_string());
    }
    let mend = Some("sudo timedatectl set-ntp true".to_owned());
    Check::broken("clock", format!("the clock was never set: it says {now}"), mend)
}

/// Alerts of several sensors are compared by time.
fn clock_synchronised() -> Check {
    const ID: &str = "time-sync";
    let asked = Command::new("/usr/bin/timedatectl")
        .args(["show", "--property=NTPSynchronized", "--value"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    match asked.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()) {
        Ok(answer) if answer == "yes" => Check::fine(ID, "the clock is synchronised"),
        Ok(answer) if answer == "no" => {
            let mend = Some("sudo timedatectl set-ntp true".to_owned());
            Check::lacking(ID, "the clock is not synchronised", mend)
        }
        _ => Check::lacking(ID, "whether the clock is synchronised cannot be told here", None),
    }
}

fn data_directory(data: &Path) -> Check {
    const ID: &str = "data";
    let shown = data.display();
    let existing = existing(data);
    if rustix::fs::access(&existing, rustix::fs::Access::WRITE_OK).is_err() {
        let mend = Some(format!("sudo install -d -m 0700 -o \"$USER\" {shown}"));
        return Check::broken(ID, format!("{shown} cannot be written"), mend);
    }
    if existing != data {
        return Check::fine(ID, format!("{shown} (is made at the first start)"));
    }
    open_to_others(data).unwrap_or_else(|| Check::fine(ID, shown.to_string()))
}

/// A complaint when others than its owner may look into the data directory: what was seen on the
/// network, and the secrets of accounts, are nobody else's.
fn open_to_others(data: &Path) -> Option<Check> {
    let mode = std::fs::metadata(data).ok()?.permissions().mode() & 0o7777;
    if mode.trailing_zeros() >= 6 {
        return None;
    }
    let shown = data.display();
    let text = format!("{shown} is open to other users of this machine (mode {mode:04o})");
    Some(Check::lacking("data", text, Some(format!("chmod 0700 {}", quoted(data)))))
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

fn room(data: &Path) -> Check {
    const ID: &str = "disk";
    let Ok(disk) = rustix::fs::statvfs(existing(data)) else {
        return Check::lacking(ID, "the free room on the disk cannot be told", None);
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let told = format!("{} free", text::bytes(free));
    match free {
        free if free < FREE_MIN => {
            Check::broken(ID, format!("{told}: nothing would be stored"), None)
        }
        free if free < FREE_LOW => Check::lacking(ID, format!("{told}: little"), None),
        _ => Check::fine(ID, told),
    }
}

/// The directory itself, or the nearest one above that exists.
fn existing(path: &Path) -> PathBuf {
    let found = path.ancestors().find(|p| p.is_dir()).filter(|p| !p.as_os_str().is_empty());
    found.map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

fn port() -> Check {
    match TcpListener::bind(LISTEN) {
        Ok(_) => Check::fine("port", format!("{LISTEN} is free for the console")),
        Err(error) => {
            let text = format!("{LISTEN}: {error} (the service may be running already)");
            Check::lacking("port", text, Some("anomalyzer run --listen 127.0.0.1:8471".into()))
        }
    }
}

fn tool(program: &'static str, use_of: &str, package: &str) -> Check {
    match find(program) {
        Some(path) => Check::fine(program, path.display().to_string()),
        None => Check::lacking(
            program,
            format!("not installed; it adds {use_of}"),
            Some(format!("sudo apt-get install {package}")),
        ),
    }
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::env::split_paths(&path).chain(SYSTEM_PATHS.iter().map(PathBuf::from));
    dirs.map(|dir| dir.join(program)).find(|p| p.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::Level;
    use std::fs::{Permissions, set_permissions};

    #[test]
    fn a_data_directory_that_others_can_read_is_told_with_the_line_that_mends_it() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("it's data");
        assert_eq!(data_directory(&data).level, Level::Fine);
        std::fs::create_dir(&data).unwrap();
        for (mode, level) in
            [(0o755, Level::Lacking), (0o710, Level::Lacking), (0o700, Level::Fine)]
        {
            set_permissions(&data, Permissions::from_mode(mode)).unwrap();
            let check = data_directory(&data);
            assert_eq!(check.level, level, "{mode:o}: {}", check.text);
            let Some(mend) = check.mend else { continue };
            assert!(check.text.contains(&format!("mode {mode:04o}")), "{}", check.text);
            let mended = Command::new("sh").args(["-c", &mend]).status().unwrap();
            assert!(mended.success(), "{mend}");
            assert_eq!(data_directory(&data).level, Level::Fine, "{mend}");
        }
    }
}
