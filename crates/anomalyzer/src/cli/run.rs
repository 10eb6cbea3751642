//! Options of `run`, and of serving the console.

use super::Settings;
use clap::Args;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Options of `run`.
#[derive(Args, Debug)]
#[command(after_help = "Without the right to capture it goes on and says how to grant it, unless \
    an interface is named. SIGHUP reads the configuration again, SIGTERM ends it within 5 s.")]
pub(crate) struct Run {
    /// Watch this interface, or `any`; may be given several times [default: those of the last
    /// time, else the one with most traffic]
    #[arg(short, long, value_name = "IFACE", help_heading = "Input")]
    pub(crate) interface: Vec<String>,
    /// Replay a capture file instead, as a source of its own, at the pace of its packets
    #[arg(long, value_name = "FILE", conflicts_with = "interface", help_heading = "Input")]
    pub(crate) pcap: Option<PathBuf>,
    /// How many times faster the file is replayed, or `max`
    #[arg(long, value_name = "N|max", default_value = "1", requires = "pcap",
        value_parser = speed, help_heading = "Input")]
    pub(crate) speed: Speed,
    /// Only packets that this BPF expression selects, as in tcpdump
    #[arg(long, value_name = "BPF", help_heading = "Input")]
    pub(crate) filter: Option<String>,
    #[command(flatten)]
    pub(crate) serving: Serving,
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Worker threads; what is found does not depend on it [default: by the machine]
    #[arg(long, value_name = "N", help_heading = "Detection",
        value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) workers: Option<u16>,
}

/// How fast a file is replayed: a factor, or as fast as can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Speed(pub(crate) Option<f64>);

/// Where the console is served and what is kept.
#[derive(Args, Clone, Debug)]
pub(crate) struct Serving {
    /// Where the console listens; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", help_heading = "Console")]
    pub(crate) listen: SocketAddr,
    /// Where everything is kept [default: /var/lib/anomalyzer for root, else the user's own]
    #[arg(long, value_name = "DIR", help_heading = "Console")]
    pub(crate) data: Option<PathBuf>,
    /// Write an API token with the admin role to this file (mode 0600) once the console answers
    #[arg(long, value_name = "FILE", help_heading = "Console")]
    pub(crate) print_token: Option<PathBuf>,
    /// Certificate for TLS (PEM) [default off loopback: self-signed, made at the first start]
    #[arg(long, value_name = "FILE", requires = "tls_key", help_heading = "Console")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Its key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = "Console")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Serve without TLS even to other machines: everybody on the way can read and change it
    #[arg(long, conflicts_with = "tls_cert", help_heading = "Console")]
    pub(crate) insecure_http: bool,
    /// A further name by which browsers call this server; may be given several times
    #[arg(long, value_name = "NAME", help_heading = "Console")]
    pub(crate) host_name: Vec<String>,
    /// Believe X-Forwarded-For of this proxy; may be given several times
    #[arg(long, value_name = "ADDR", help_heading = "Console")]
    pub(crate) trusted_proxy: Vec<IpAddr>,
    /// Names of countries, cities and networks from this MMDB file; may be given several times
    #[arg(long, value_name = "FILE", help_heading = "Console")]
    pub(crate) geo: Vec<PathBuf>,
    /// How log lines on stderr look
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Console")]
    pub(crate) log_format: crate::log::Format,
}

impl Serving {
    /// How to serve. The demonstration needs no set-up.
    pub(crate) fn web(&self, demo: bool) -> anomalyzer_web::Options {
        let certificate = self.tls_cert.clone().zip(self.tls_key.clone());
        anomalyzer_web::Options {
            listen: self.listen,
            tls: certificate.is_some() || !self.listen.ip().is_loopback() && !self.insecure_http,
            certificate,
            insecure_http: self.insecure_http,
            host_names: self.host_name.clone(),
            trusted_proxies: self.trusted_proxy.clone(),
            demo,
            session_idle: Duration::from_mins(30),
            session_max: Duration::from_hours(12),
            geo: self.geo.clone(),
            upload_max: 2 << 30,
        }
    }
}

/// A factor, or `max`.
fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed(None));
    }
    let factor: Option<f64> = text.parse().ok().filter(|n| (0.01..=100_000.0).contains(n));
    let words = "must be a number of times, such as 1, 10 or 0.5, or max";
    factor.map(|n| Speed(Some(n))).ok_or_else(|| words.into())
}
