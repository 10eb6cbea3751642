//! the disk under the data is filled by somebody else.

use super::Claim;
use crate::service::{Place, Service, fresh_dir, wait_until};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const PORT: u16 = 47_411;
/// Size of the small disk, and what is given back after it was full.
const DISK_MIB: u64 = 128;
const FREED_BYTES: u64 = 64 << 20;
/// How long it stays full.
const FULL: Duration = Duration::from_mins(1);

/// A small disk in memory; unmounted when dropped.
struct Disk(PathBuf);

impl Disk {
    fn new() -> Result<Self, String> {
        let dir = fresh_dir("full")?;
        let size = format!("size={DISK_MIB}m");
        let status =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&dir).status();
        match status {
            Ok(status) if status.success() => Ok(Self(dir)),
            _ => Err("a tmpfs could not be mounted: needs root".into()),
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a process that still ends holds files.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(super) fn run(binary: &Path) -> Result<Vec<Claim>, String> {
    let disk = Disk::new()?;
    let config = disk.0.join("small.toml");
    // The floor is that of a small disk.
    std::fs::write(&config, "[store]\nfree_bytes_min = 16777216\n").map_err(|e| e.to_string())?;
    let config = config.to_string_lossy().into_owned();
    let dir = disk.0.join("data");
    let mut service =
        Service::start(Place::Here(PORT), binary, &dir, &["demo", "--config", &config])?;
    // The demonstration writes the day before first.
    wait_until(Duration::from_secs(20), || stored(&service) > 10_000);
    let before = stored(&service);
    let filler = fill(&disk.0)?;
    let ready = |service: &Service<'_>| service.text("/readyz").unwrap_or_default();
    let told = wait_until(Duration::from_secs(15), || ready(&service).contains("storage_full"));
    let alerts_before = seen(&service);
    std::thread::sleep(FULL);
    let alive = service.runs() && service.get("/api/v1/status").is_ok();
    let alerts_meanwhile = seen(&service).saturating_sub(alerts_before);
    File::options()
        .write(true)
        .open(&filler)
        .and_then(|f| {
            let length = f.metadata()?.len();
            f.set_len(length.saturating_sub(FREED_BYTES))
        })
        .map_err(|e| e.to_string())?;
    let full_count = stored(&service);
    let resumed = wait_until(Duration::from_secs(40), || {
        !ready(&service).contains("storage_full") && stored(&service) > full_count
    });
    let after = stored(&service);
    let ended = service.stop();
    let whole = verify(binary, &dir);
    Ok(vec![
        Claim::new(
            format!(
                "disk of {DISK_MIB} MiB filled by another: /readyz says storage_full within 10 s"
            ),
            seconds(told),
            told.is_some_and(|t| t <= Duration::from_secs(10)),
        ),
        Claim::new(
            format!("disk full for {} s: the service runs, answers and detects", FULL.as_secs()),
            format!(
                "{}, {alerts_meanwhile} findings meanwhile",
                if alive { "it does" } else { "no" }
            ),
            alive && alerts_meanwhile > 0,
        ),
        Claim::new(
            "64 MiB freed: flows are written again within 30 s, without a hand",
            seconds(resumed),
            resumed.is_some_and(|t| t <= Duration::from_secs(30)),
        ),
        Claim::new(
            "nothing that was stored before is lost, the store is whole, the service ends when asked",
            format!(
                "{before} flows before, {after} after; {}",
                whole.as_ref().err().map_or("whole", String::as_str)
            ),
            after >= before && before > 0 && whole.is_ok() && ended.is_ok(),
        ),
    ])
}

fn seconds(took: Option<Duration>) -> String {
    took.map_or("not at all".into(), |t| format!("after {:.1} s", t.as_secs_f64()))
}

/// Fills the disk to the last byte.
fn fill(disk: &Path) -> Result<PathBuf, String> {
    let path = disk.join("filler");
    let mut file = File::create(&path).map_err(|e| e.to_string())?;
    let block = vec![0_u8; 1 << 16];
    while file.write_all(&block).is_ok() {}
    while file.write_all(&[0; 64]).is_ok() {}
    Ok(path)
}

/// Flows in the store of the last day.
fn stored(service: &Service<'_>) -> u64 {
    let groups = service.get("/api/v1/flows/groups?by=proto&from=-2d&top=50").unwrap_or_default();
    let items = groups["items"].as_array().cloned().unwrap_or_default();
    items.iter().filter_map(|group| group["flows"].as_u64()).sum()
}

/// Findings that the engine has made so far, by its own counter.
fn seen(service: &Service<'_>) -> u64 {
    let status = service.get("/api/v1/status").unwrap_or_default();
    let counters = status["counters"].as_array().cloned().unwrap_or_default();
    let named = counters.iter().find(|pair| pair[0] == "findings");
    named.and_then(|pair| pair[1].as_u64()).unwrap_or(0)
}

fn verify(binary: &Path, dir: &Path) -> Result<(), String> {
    super::kills::verify(binary, dir)
}
