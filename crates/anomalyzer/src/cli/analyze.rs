//! Options of `analyze`.

use super::{Part, Settings};
use anomalyzer_engine::Severity;
use clap::Args;
use std::path::PathBuf;

/// Options of `analyze`.
#[derive(Args, Debug)]
#[command(after_help = "Several files are one input: their packets are merged by time, whatever \
    the order in which the files are named.")]
pub(crate) struct Analyze {
    /// Capture files: pcap or pcapng, plain, gzip or zstd; `-` is standard input
    #[arg(
        value_name = "FILE",
        required_unless_present = "interface",
        conflicts_with = "interface"
    )]
    pub(crate) files: Vec<PathBuf>,

    /// Write NDJSON, one object per line, instead of the report for people
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    /// Only these parts of the NDJSON output
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        value_name = "PART",
        requires = "json",
        help_heading = "Output"
    )]
    pub(crate) only: Vec<Part>,
    /// Write CSV tables into a directory: summary, packets, flows, features, series,
    /// alerts, incidents, hosts
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(crate) csv: Option<PathBuf>,
    /// Draw traffic over time with thresholds and alerts; .svg, .png or .html
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) plot: Option<PathBuf>,
    /// Write alerts and flows in Suricata's EVE format; `-` is standard output
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) eve: Option<PathBuf>,
    /// Show times in the local time zone; the report for people only
    #[arg(long, help_heading = "Output")]
    pub(crate) local_time: bool,
    /// Print packets, bytes, seconds, rates and losses to stderr at the end
    #[arg(long, help_heading = "Output")]
    pub(crate) stats: bool,
    /// Print a line per packet before the report
    #[arg(long, conflicts_with = "json", help_heading = "Output")]
    pub(crate) print_packets: bool,
    /// Exit with 1 when there is an alert of this severity or above
    #[arg(long, value_parser = super::severity, value_name = "SEVERITY", help_heading = "Output")]
    pub(crate) fail_on: Option<Severity>,

    /// Only packets that this BPF expression selects, as in tcpdump
    #[arg(long, value_name = "BPF", help_heading = "Input")]
    pub(crate) filter: Option<String>,
    /// Stop after this many packets
    #[arg(long, value_name = "N", visible_alias = "count", help_heading = "Input",
        value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// Treat a damaged or cut input as an error (exit code 2)
    #[arg(long, help_heading = "Input")]
    pub(crate) strict: bool,
    /// Most bytes that a compressed file may unpack to; k, M, G are understood
    #[arg(long, value_name = "BYTES", default_value = "16G", value_parser = size,
        help_heading = "Input")]
    pub(crate) max_decompressed: u64,
    /// Look at this interface instead of files
    #[arg(short, long, value_name = "IFACE", help_heading = "Input")]
    pub(crate) interface: Option<String>,
    /// Stop looking at the interface after this many seconds
    #[arg(long, value_name = "SECONDS", requires = "interface", help_heading = "Input",
        value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) duration: Option<u64>,

    /// Keep what the detectors learn in this file: read before the first packet, written at the
    /// end; made when it is not there
    #[arg(long, value_name = "FILE", help_heading = "Detection")]
    pub(crate) state: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Worker threads; the output does not depend on it [default: by size of input and machine]
    #[arg(long, value_name = "N", help_heading = "Detection",
        value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) workers: Option<u16>,
    /// Search payloads for the patterns of a file or of a built-in list (builtin:NAME, see
    /// `anomalyzer keywords`), instead of the lists that the settings name; SIGHUP has them read
    /// again while an interface or standard input is being read
    #[arg(long, value_name = "FILE", help_heading = "Detection")]
    pub(crate) keywords: Vec<String>,
    /// Report contact with the addresses, names and fingerprints of a threat list (lines, CSV,
    /// STIX 2.1 or MISP; see `anomalyzer indicators check --help`), instead of the lists that the
    /// settings name
    #[arg(long, value_name = "FILE", help_heading = "Detection")]
    pub(crate) threat_list: Vec<String>,
}

/// A number of bytes with an optional binary unit: `512M`, `16G`.
fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = text.get(digits.len()..).unwrap_or_default().trim_end_matches(['B', 'b', 'i']);
    let shift = match unit {
        "" => 0,
        "k" | "K" => 10,
        "m" | "M" => 20,
        "g" | "G" => 30,
        "t" | "T" => 40,
        _ => return Err("must be a number of bytes, such as 512M or 16G".into()),
    };
    let number: u64 = digits.parse().map_err(|_| "must be a number of bytes".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "is too large".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("16G"), Ok(16 << 30));
        assert_eq!(size("512 "), Err("must be a number of bytes, such as 512M or 16G".into()));
        assert_eq!(size("3kB"), Ok(3 << 10));
        assert!(size("99999999999T").is_err());
        assert!(size("x").is_err());
    }
}
