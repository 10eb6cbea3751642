//! What keeping costs: the capture through the whole service, its flows and series written to the
//! stores, as the row of the table beside the one that keeps nothing.

use crate::measure::Cost;
use crate::service::{Place, Service, fresh_dir, wait_until};
use std::path::Path;
use std::time::{Duration, Instant};

const PORT: u16 = 47_414;
const LONGEST: Duration = Duration::from_mins(3);
/// Between two looks; each look costs the service a little.
const LOOK: Duration = Duration::from_millis(250);

const FLUSH: Duration = Duration::from_millis(1_500);

/// Replays the capture as fast as it goes, into an empty data directory, until all is written.
#[allow(clippy::disallowed_methods)] // measures
pub(super) fn run(binary: &Path, capture: &Path) -> Result<Cost, String> {
    let dir = fresh_dir("kept")?;
    let file = capture.to_string_lossy();
    let args = ["run", "--pcap", &file, "--speed", "max", "--workers", "1"];
    let start = Instant::now();
    let service = Service::start(Place::Here(PORT), binary, &dir, &args)?;
    let done = wait_until(LONGEST, || {
        std::thread::sleep(LOOK);
        ended(&service)
    });
    // What came last is flushed within a second.
    std::thread::sleep(FLUSH);
    let cost = Cost {
        cpu_s: service.cpu_s(),
        wall_s: start.elapsed().saturating_sub(FLUSH).as_secs_f64(),
        rss_mib: service.resident_kib() as f64 / 1024.0,
        code: i32::from(done.is_none()),
    };
    service.stop()?;
    let _ = std::fs::remove_dir_all(&dir);
    Ok(cost)
}

/// True once the file is read to its end and what it gave is written.
fn ended(service: &Service<'_>) -> bool {
    let sources = service.get("/api/v1/sources").unwrap_or_default();
    sources["items"].as_array().is_some_and(|items| items.iter().any(|s| s["state"] == "done"))
}
