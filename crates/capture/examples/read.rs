//! Counts the packets of captures and says what the reading of one cost.
//!
//! `cargo run --release -p anomalyzer-capture --example read -- FILE...`; the environment may hold
//! `BUFFER_BYTES` and a `FILTER`.

use std::path::Path;
use std::process::ExitCode;

use anomalyzer_capture::{CaptureFile, FilterSet, Limits};

fn main() -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for path in std::env::args_os().skip(1) {
        if let Err(error) = read(Path::new(&path)) {
            eprintln!("{error}");
            code = ExitCode::FAILURE;
        }
    }
    code
}

fn read(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let limits = match std::env::var("BUFFER_BYTES") {
        Ok(bytes) => Limits { buffer_bytes: bytes.parse()?, ..Limits::default() },
        Err(_) => Limits::default(),
    };
    let mut filter = std::env::var("FILTER").ok().map(FilterSet::new);
    let before = (cpu_ticks(), run_nanos());
    let mut capture = CaptureFile::open(path, &limits)?;
    let (mut bytes, mut checksum) = (0_u64, 0_u64);
    let mut accepted = 0_u64;
    while let Some(frame) = capture.next_frame()? {
        if let Some(filter) = &mut filter {
            accepted += u64::from(filter.matches(&frame).map_err(Clone::clone)?);
        }
        bytes += u64::from(frame.orig_len);
        // One byte of each frame, so that the data is really there.
        checksum += u64::from(frame.data.first().copied().unwrap_or(0));
        checksum ^= frame.time.nanos().cast_unsigned();
    }
    let info = capture.info();
    println!(
        "{}: {} ({:?}), {} packets, {bytes} bytes on the wire, checksum {checksum:016x}",
        path.display(),
        info.format,
        info.compression,
        info.packets
    );
    if filter.is_some() {
        println!("  {accepted} accepted by the filter");
    }
    let packets = info.packets.max(1) as f64;
    if let (Some(after), Some(before)) = (run_nanos(), before.1) {
        println!("  {:.1} ns of CPU a packet", (after - before) as f64 / packets);
    }
    if let (Some((user, system)), Some((user_before, system_before))) = (cpu_ticks(), before.0) {
        let per_packet = |ticks: u64| ticks as f64 * 1e7 / packets;
        println!(
            "  by clock ticks of 10 ms: user {:.1} ns, system {:.1} ns a packet",
            per_packet(user - user_before),
            per_packet(system - system_before)
        );
    }
    Ok(())
}

/// Nanoseconds that this process has run, as the scheduler counts them.
fn run_nanos() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    stat.split_ascii_whitespace().next()?.parse().ok()
}

/// User and system time of this process in hundredths of a second.
fn cpu_ticks() -> Option<(u64, u64)> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
