//! The command line as a table: options, their help and the examples.

mod analyze;
mod demo;
pub(crate) mod model;
mod run;
pub(crate) mod stored;

pub(crate) use analyze::Analyze;
pub(crate) use demo::Demo;
pub(crate) use run::{Run, Serving};

use anomalyzer_engine::Severity;
use anomalyzer_engine::config::Prefix;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  anomalyzer analyze capture.pcapng
      A report for people: what is in the capture, and every alert explained
  anomalyzer analyze *.pcap.zst --json --only alerts
      Alerts as NDJSON, one object per line, for jq and scripts
  tcpdump -w - | anomalyzer analyze - --plot traffic.html
      Read a capture from a pipe and draw the traffic with its thresholds
  anomalyzer analyze big.pcap --filter 'tcp port 22' --csv tables/
      Only packets that a BPF expression selects; CSV tables of everything
  anomalyzer detectors port-scan
      What a detector sees, when it is wrong, and its settings";

const AFTER: &str = "\
Exit codes:
  0    done
  1    there are alerts at or above --fail-on
  2    wrong use or configuration (or, with --strict, a damaged input)
  3    the input was read in part: it is damaged or cut; what was whole is reported
  4    failure
  77   not permitted; the message says what mends it
  130  interrupted; what was read until then is reported

Data goes to stdout, messages and progress to stderr.";

/// Watches a network, finds attacks and explains them.
#[derive(Debug, Parser)]
#[command(
    name = "anomalyzer",
    version,
    about = "Watches a network, finds attacks and explains them",
    before_help = EXAMPLES,
    after_help = AFTER,
    max_term_width = 100,
    propagate_version = false,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
)]
pub(crate) struct Cli {
    /// Print only what was asked for: no notes, no progress
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "General")]
    pub(crate) quiet: bool,
    /// Say more on stderr
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "General")]
    pub(crate) verbose: u8,
    /// When to use colours; NO_COLOR and TERM=dumb mean never
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        help_heading = "General"
    )]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// One command, one file in `commands`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch interfaces and show everything in the browser
    Run(Box<Run>),
    /// The same on made-up traffic with attacks: an office to look around in, without any rights
    Demo(Box<Demo>),
    /// Analyse captures or an interface for a while and report
    Analyze(Box<Analyze>),
    /// Try a change of settings on captures: which alerts would come and go
    Backtest(Box<Backtest>),
    /// Ask the store for flows
    Flows(Box<stored::Flows>),
    /// Ask the store for alerts, or have one explained
    Alerts(Box<stored::Alerts>),
    /// Ask the store for devices
    Devices(stored::Devices),
    /// Check, export, back up or restore the store
    #[command(subcommand)]
    Store(stored::StoreCommand),
    /// Add, change or remove users of the console
    #[command(subcommand)]
    User(stored::UserCommand),
    /// Make, list or end tokens for the API
    #[command(subcommand)]
    Token(stored::TokenCommand),
    /// Train models on labelled records, judge them, and have records scored
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// List the detectors, or explain one
    Detectors(Detectors),
    /// Check, show or document the settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// List the built-in keyword lists, show one, or check a list of your own
    Keywords(Keywords),
    /// Check threat lists: what is read of them, and what is not
    #[command(subcommand)]
    Indicators(IndicatorsCommand),
    /// Hide alerts that need not be seen, by rules in a state file
    Suppress(Suppress),
    /// Call an alert a false alarm, in a state file
    Feedback(Feedback),
    /// Write labelled synthetic captures
    #[command(subcommand)]
    Scenario(ScenarioCommand),
    /// List the network interfaces that can be watched
    Interfaces,
    /// Check what watching needs (rights, interfaces, clock, disk, tools) and say what mends it
    Doctor(Doctor),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff): anomalyzer man | man -l -
    Man,
    /// Print the version
    Version,
}

/// Options of `backtest`.
#[derive(Args, Debug)]
#[command(
    after_help = "Reads the captures twice: with the settings as they are (defaults, --config, \
    environment) and with what --set and --keywords change.\n\n\
    Example:\n  anomalyzer backtest --set port-scan.ports=30 capture.pcapng"
)]
pub(crate) struct Backtest {
    /// Capture files: pcap or pcapng, plain, gzip or zstd
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Write NDJSON: a line for each alert that comes, goes or changes, and the totals
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    /// Only packets that this BPF expression selects, as in tcpdump
    #[arg(long, value_name = "BPF", help_heading = "Input")]
    pub(crate) filter: Option<String>,
    /// Stop after this many packets
    #[arg(long, value_name = "N", help_heading = "Input",
        value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Try these keyword lists instead of those that the settings name
    #[arg(long, value_name = "FILE", help_heading = "Detection")]
    pub(crate) keywords: Vec<String>,
}

/// Where settings come from; the later wins: defaults, file, environment, `--set`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Settings {
    /// Read settings from a TOML file
    #[arg(long, value_name = "FILE", env = "ANOMALYZER_CONFIG", help_heading = "Detection")]
    pub(crate) config: Option<PathBuf>,
    /// Change one setting, such as port-scan.ports=30 or flood.enabled=false
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Detection")]
    pub(crate) set: Vec<String>,
}

/// Parts of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// What was found
    Alerts,
    /// Alerts that belong together
    Incidents,
    /// Hosts by risk
    Hosts,
    /// What the capture holds
    Summary,
    /// One record per flow
    Flows,
    /// Traffic over time
    Series,
}

/// Options of `doctor`.
#[derive(Args, Debug)]
#[command(after_help = "Exits with 4 when something keeps the service from working.")]
pub(crate) struct Doctor {
    /// Write NDJSON, one object per check
    #[arg(long)]
    pub(crate) json: bool,
    /// The data directory that the service would use
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// Options of `detectors`.
#[derive(Args, Debug)]
pub(crate) struct Detectors {
    /// Explain this one
    pub(crate) id: Option<String>,
}

/// Commands about the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check a configuration file
    Check {
        /// The file
        file: PathBuf,
    },
    /// Print every setting with its value
    Show {
        #[command(flatten)]
        settings: Settings,
        /// Say where each value comes from
        #[arg(long)]
        origin: bool,
    },
    /// Print a configuration file with every setting, its default and what it means
    Reference,
}

/// Options of `keywords`.
#[derive(Args, Debug)]
pub(crate) struct Keywords {
    /// Show the patterns of this built-in list, or check this file
    #[arg(value_name = "NAME|FILE")]
    pub(crate) list: Option<String>,
}

const INDICATORS: &str = "\
Formats, told by the content:
  lines  one indicator a line; # and ; begin comments; hosts files; URLs count by their host
  CSV    comma, semicolon or tab; columns by their names (ioc_value, ioc, indicator, dst_ip, ip,
         domain, hostname, url, ja3_md5, ja3, ja3s, ja4, sha1; ioc_type; first_seen, dateadded,
         valid_from, valid_until, expires; confidence_level; malware, description and others),
         in the first row or the last comment before it; without names by the first row
  JSON   a STIX 2.1 bundle (patterns with =, IN, ISSUBSET and OR), a MISP export (attributes
         with to_ids)
Words before a file: high:feeds/c2.txt (a severity), csv:, lines:, stix:, misp:, and unguarded:
for a list whose private addresses, wide networks and public suffixes are meant.";

/// Commands about threat lists.
#[derive(Debug, Subcommand)]
pub(crate) enum IndicatorsCommand {
    /// Read lists and say how many indicators of each kind they hold, and what was skipped and why
    #[command(after_help = INDICATORS)]
    Check {
        /// The lists
        #[arg(value_name = "FILE", required = true)]
        files: Vec<String>,
        #[command(flatten)]
        settings: Settings,
    },
}

/// Options of `suppress`.
#[derive(Args, Debug)]
#[command(
    after_help = "A rule hides an alert that fits all of what the rule names. What is hidden \
    is counted and told; nothing is forgotten. The settings file can hold rules too: see \
    [[suppress]] in `anomalyzer config reference`."
)]
pub(crate) struct Suppress {
    /// The file that `analyze --state` uses
    #[arg(long, value_name = "FILE")]
    pub(crate) state: PathBuf,
    #[command(subcommand)]
    pub(crate) command: SuppressCommand,
}

/// Commands about rules that hide alerts.
#[derive(Debug, Subcommand)]
pub(crate) enum SuppressCommand {
    /// Add a rule; one that names the same is replaced
    Add(Box<Rule>),
    /// List the rules
    List,
    /// Remove a rule
    Remove {
        /// Its id, as `list` shows it
        id: String,
    },
}

/// What a rule that hides alerts names.
#[derive(Args, Debug)]
pub(crate) struct Rule {
    /// Alerts of this detector
    #[arg(long, value_name = "ID")]
    pub(crate) detector: Option<String>,
    /// Alerts of this technique
    #[arg(long, value_name = "NAME")]
    pub(crate) technique: Option<String>,
    /// Alerts whose sources are all in this network
    #[arg(long, value_name = "NET", value_parser = Prefix::parse)]
    pub(crate) src: Option<Prefix>,
    /// Alerts whose destinations are all in this network
    #[arg(long, value_name = "NET", value_parser = Prefix::parse)]
    pub(crate) dst: Option<Prefix>,
    /// Alerts about this port alone
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// Alerts about this list or name
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Alerts about this subject, as `feedback` prints it
    #[arg(long, value_name = "HEX")]
    pub(crate) subject: Option<String>,
    /// When the rule ends: a time (RFC 3339), or a duration from now such as 30d or 12h
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,
    /// Why these alerts need not be seen
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

/// Options of `feedback`.
#[derive(Args, Debug)]
#[command(after_help = "The alert stays and carries the verdict; incidents and the risk of hosts \
    leave it out.")]
pub(crate) struct Feedback {
    /// The file that `analyze --state` uses
    #[arg(long, value_name = "FILE")]
    pub(crate) state: PathBuf,
    /// Id of the alert; without one, the verdicts and the latest alerts are listed
    #[arg(value_name = "ALERT_ID", requires = "verdict")]
    pub(crate) alert: Option<String>,
    /// The alert claims what did not happen, or what is allowed
    #[arg(long, group = "verdict", requires_all = ["alert", "reason"])]
    pub(crate) false_alarm: bool,
    /// Take the verdict back
    #[arg(long, group = "verdict", requires = "alert")]
    pub(crate) withdraw: bool,
    /// Why
    #[arg(long, value_name = "TEXT", requires = "false_alarm")]
    pub(crate) reason: Option<String>,
}

/// Commands about synthetic traffic.
#[derive(Debug, Subcommand)]
pub(crate) enum ScenarioCommand {
    /// Write a capture of an office at work, with attacks of your choice
    Write(ScenarioWrite),
    /// List the attacks
    List,
}

/// Options of `scenario write`.
#[derive(Args, Debug)]
pub(crate) struct ScenarioWrite {
    /// The capture to write (pcapng); `-` is standard output
    pub(crate) file: PathBuf,
    /// The same seed gives the same bytes
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Minutes of traffic
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1440))]
    pub(crate) minutes: u32,
    /// Attacks to mix in; see `anomalyzer scenario list`
    #[arg(long, value_name = "KIND", num_args = 1.., value_delimiter = ',')]
    pub(crate) attack: Vec<String>,
    /// Write what is hidden in it, as CSV
    #[arg(long, value_name = "FILE")]
    pub(crate) truth: Option<PathBuf>,
}

fn severity(text: &str) -> Result<Severity, String> {
    Severity::parse(text).ok_or_else(|| {
        let names: Vec<&str> = Severity::ALL.iter().map(|s| s.name()).collect();
        format!("must be one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_table_is_sound() {
        Cli::command().debug_assert();
    }
}
