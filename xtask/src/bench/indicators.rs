//! `cargo xtask bench indicators`: memory and look-ups of a million indicators of each kind.

use anomalyzer_engine::threat::{Builder, Indicators, ListSpec};
use anomalyzer_wire::{Addr, Timestamp};
use nix::sys::resource::{UsageWho, getrusage};
use std::fmt::Write as _;
use std::hint::black_box;

/// Indicators of a list.
const INDICATORS: u32 = 1_000_000;
/// Look-ups that are timed, half of them of what is listed.
const LOOKUPS: u32 = 1_000_000;
/// What the table may cost.
const MIB_MAX: f64 = 96.0;
const NANOS_MAX: f64 = 200.0;

/// Spreads numbers over all bits (Murmur3's finalizer), without repeats.
const fn spread(n: u32) -> u32 {
    let n = (n ^ (n >> 16)).wrapping_mul(0x85eb_ca6b);
    let n = (n ^ (n >> 13)).wrapping_mul(0xc2b2_ae35);
    n ^ (n >> 16)
}

/// The `n`-th indicator of a kind, and what it looks like in traffic.
type Make = fn(u32) -> String;

const KINDS: [(&str, Make); 4] = [
    ("addresses", |n| Addr::v4(spread(n).to_be_bytes()).to_string()),
    ("networks", |n| format!("{}/{}", Addr::v4(spread(n).to_be_bytes()), 20 + n % 12)),
    ("names", |n| format!("{:08x}.threat-list-{}.test", spread(n), n % 1_000)),
    ("IPv6 addresses", |n| {
        let n = spread(n);
        format!("2001:db8:{:x}:{:x}::{:x}", n >> 16, n & 0xffff, n % 4_093)
    }),
];

/// Prints the table; fails when a budget is not kept.
pub(crate) fn run() -> Result<(), String> {
    let (page, kept) = page()?;
    print!("{page}");
    if kept { Ok(()) } else { Err("a budget of the threat lists is not kept".into()) }
}

/// The table, and whether every budget is kept.
pub(super) fn page() -> Result<(String, bool), String> {
    let mut text = format!(
        "| {INDICATORS} | MiB of the table | MiB resident | ns, listed | ns, not listed |\n\
         |---|---|---|---|---|\n"
    );
    let mut kept = true;
    for (kind, make) in KINDS {
        let before = resident();
        let indicators = load(make)?;
        let grown = resident() - before;
        let mib = indicators.bytes() as f64 / 1_048_576.0;
        let hit = lookups(&indicators, make, 0);
        let miss = lookups(&indicators, make, INDICATORS);
        kept &= mib.max(grown) <= MIB_MAX && hit.max(miss) <= NANOS_MAX;
        let _ = writeln!(text, "| {kind} | {mib:.1} | {grown:.1} | {hit:.0} | {miss:.0} |");
    }
    Ok((text, kept))
}

fn load(make: Make) -> Result<Indicators, String> {
    let mut spec = ListSpec::parse("bench.txt");
    spec.unguarded = true;
    let mut builder = Builder::new(1, &[]);
    let mut lines = Lines { make, next: 0, buffer: Vec::new(), at: 0 };
    builder.list(&spec, &mut lines).map_err(|e| e.to_string())?;
    Ok(builder.finish().0)
}

/// The list as a reader, so that its text is no part of the memory.
struct Lines {
    make: Make,
    next: u32,
    buffer: Vec<u8>,
    at: usize,
}

impl std::io::Read for Lines {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        use std::io::BufRead as _;
        let n = self.fill_buf()?.read(out)?;
        self.consume(n);
        Ok(n)
    }
}

impl std::io::BufRead for Lines {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.at >= self.buffer.len() && self.next < INDICATORS {
            self.buffer = (self.make)(self.next).into_bytes();
            self.buffer.push(b'\n');
            self.at = 0;
            self.next += 1;
        }
        Ok(self.buffer.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

/// Nanoseconds of processor time of one look-up, of indicators from number `from` on in no order.
fn lookups(indicators: &Indicators, make: Make, from: u32) -> f64 {
    let texts: Vec<String> = (0..LOOKUPS).map(|n| make(from + spread(n) % INDICATORS)).collect();
    let host = |text: &String| {
        let addr = text.split('/').next().unwrap_or_default();
        addr.parse::<std::net::IpAddr>().ok().map(Addr::from)
    };
    let addrs: Vec<Addr> = texts.iter().filter_map(host).collect();
    let now = Timestamp::from_secs_nanos(1_772_528_400, 0);
    let start = processor_seconds();
    let hits = if addrs.is_empty() {
        texts.iter().filter(|t| indicators.name(t.as_bytes(), now).is_some()).count()
    } else {
        addrs.iter().filter(|a| indicators.address(**a, now).is_some()).count()
    };
    black_box(hits);
    (processor_seconds() - start) * 1e9 / f64::from(LOOKUPS)
}

/// Processor time of this process, which other work on the machine does not lengthen.
fn processor_seconds() -> f64 {
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    getrusage(UsageWho::RUSAGE_SELF)
        .map_or(0.0, |usage| seconds(usage.user_time()) + seconds(usage.system_time()))
}

/// Resident memory of this process in MiB; 0 where the system does not tell.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
    kib.map_or(0.0, |kib| kib / 1_024.0)
}
