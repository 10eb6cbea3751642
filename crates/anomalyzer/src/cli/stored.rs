//! Options of the commands that ask the store, and of those that look after it.

use anomalyzer_engine::Severity;
use anomalyzer_engine::detect::DETECTORS;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Where the store is, what of it, and in which form.
#[derive(Args, Clone, Debug)]
pub(crate) struct Stored {
    /// The data directory of the service [default: /var/lib/anomalyzer for root, else the user's]
    #[arg(long, value_name = "DIR", env = "ANOMALYZER_DATA_DIR", help_heading = "Store")]
    pub(crate) data: Option<PathBuf>,
    /// The source: 1 is the sensor itself; captures have numbers of their own (see `anomalyzer
    /// store verify`)
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Store")]
    pub(crate) source: i64,
    /// From this time on: RFC 3339, unix seconds, or before the source's latest packet, such as
    /// -15m, -6h, -7d
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help_heading = "Store")]
    pub(crate) from: Option<String>,
    /// Up to this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, help_heading = "Store")]
    pub(crate) to: Option<String>,
}

/// Options of `flows`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    anomalyzer flows dport:443 'bytes>1M' not app:dns --from -24h\n  \
    anomalyzer flows src:10.0.0.0/8 --by dport\n  \
    anomalyzer flows host:example.org --json | jq .community_id\n\n\
    The filter language is in docs/filter.md.")]
pub(crate) struct Flows {
    /// Which flows; several words are one filter. `not` in front of a word is safer than `-`, which
    /// the command line takes for an option
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
    #[command(flatten)]
    pub(crate) stored: Stored,
    /// Order, largest or latest first
    #[arg(long, value_enum, default_value_t)]
    pub(crate) sort: FlowOrder,
    /// The other way round
    #[arg(long)]
    pub(crate) ascending: bool,
    /// Sum up by what flows have in common instead of listing them
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) by: Option<GroupBy>,
    /// Most rows
    #[arg(long, value_name = "N", default_value_t = 100,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// In which form rows are written.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Form {
    /// Write NDJSON, one object per line
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Write CSV
    #[arg(long)]
    pub(crate) csv: bool,
}

/// Orders of flows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FlowOrder {
    /// When it ended
    #[default]
    Last,
    /// When it began
    First,
    /// Bytes both ways
    Bytes,
    /// Packets both ways
    Packets,
    /// How long it lasted
    Duration,
    /// Originator
    Src,
    /// Responder
    Dst,
    /// Responder's port
    Dport,
}

/// What flows have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GroupBy {
    /// Originator
    Src,
    /// Responder
    Dst,
    /// Originator and responder
    Pair,
    /// Responder's port
    Dport,
    /// Application
    App,
    /// IP protocol
    Proto,
    /// Connection state
    State,
    /// Name: SNI, HTTP host, DNS
    Name,
}

/// Options of `alerts`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    anomalyzer alerts --severity high --from -24h\n  \
    anomalyzer alerts 1f0c9a52d1e8b7c4\n  \
    anomalyzer alerts --address 10.0.0.7 --json")]
pub(crate) struct Alerts {
    /// Explain this one
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) stored: Stored,
    /// In these states
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [State::Open, State::Acknowledged])]
    pub(crate) state: Vec<State>,
    /// At least so severe
    #[arg(long, value_parser = super::severity, value_name = "SEVERITY", default_value = "low")]
    pub(crate) severity: Severity,
    /// Of this detector
    #[arg(long, value_name = "ID", value_parser = detector)]
    pub(crate) detector: Option<String>,
    /// With this address as source or destination
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Option<String>,
    /// That hold these words
    #[arg(long, value_name = "WORDS")]
    pub(crate) text: Option<String>,
    /// Also those that rules hide
    #[arg(long)]
    pub(crate) suppressed: bool,
    /// Most rows
    #[arg(long, value_name = "N", default_value_t = 100,
        value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub(crate) limit: u32,
    /// Write NDJSON, one object per line
    #[arg(long)]
    pub(crate) json: bool,
}

/// What people made of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum State {
    /// Nobody has looked
    Open,
    /// Somebody is on it
    Acknowledged,
    /// Done
    Closed,
    /// It claims what did not happen or is allowed
    FalseAlarm,
    /// Any of them
    All,
}

/// Options of `devices`.
#[derive(Args, Debug)]
pub(crate) struct Devices {
    /// With these words in names, addresses, vendor or tags
    #[arg(value_name = "WORDS")]
    pub(crate) text: Vec<String>,
    /// The data directory of the service [default: /var/lib/anomalyzer for root, else the user's]
    #[arg(long, value_name = "DIR", env = "ANOMALYZER_DATA_DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The source: 1 is the sensor itself
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) source: i64,
    /// With this status
    #[arg(long, value_enum)]
    pub(crate) status: Option<DeviceStatus>,
    /// Order
    #[arg(long, value_enum, default_value_t)]
    pub(crate) sort: DeviceOrder,
    /// Most rows
    #[arg(long, value_name = "N", default_value_t = 1_000,
        value_parser = clap::value_parser!(u32).range(1..=16_384))]
    pub(crate) limit: u32,
    /// Write NDJSON, one object per line
    #[arg(long)]
    pub(crate) json: bool,
}

/// What people made of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeviceStatus {
    /// Nobody has looked
    New,
    /// It belongs here
    Known,
    /// Not to be told of
    Ignored,
}

/// Orders of devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeviceOrder {
    /// Last seen, latest first
    #[default]
    Last,
    /// First seen, latest first
    First,
    /// Name
    Name,
    /// Address
    Address,
    /// Vendor
    Vendor,
    /// Bytes, most first
    Bytes,
}

/// Commands about the store.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Check every file of the store and say what it holds
    Verify(Data),
    /// Write flows, alerts or devices as a file
    Export(Box<Export>),
    /// Remove now what is too old or too much; the service does it by itself every hour
    Retain {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        settings: super::Settings,
    },
    /// Write a consistent copy of users, alerts, devices and settings while the service runs
    Backup {
        #[command(flatten)]
        data: Data,
        /// The copy; must not exist
        file: PathBuf,
    },
    /// Put a copy made by `backup` in place; the service must not run
    Restore {
        #[command(flatten)]
        data: Data,
        /// The copy
        file: PathBuf,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// Where the store is.
#[derive(Args, Clone, Debug)]
pub(crate) struct Data {
    /// The data directory of the service [default: /var/lib/anomalyzer for root, else the user's]
    #[arg(long, value_name = "DIR", env = "ANOMALYZER_DATA_DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// Options of `store export`.
#[derive(Args, Debug)]
pub(crate) struct Export {
    /// What
    #[arg(value_enum)]
    pub(crate) what: What,
    /// In which format
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// The file to write; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) stored: Stored,
    /// Only flows that pass this filter
    #[arg(long, value_name = "FILTER")]
    pub(crate) filter: Option<String>,
}

/// What can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// Flow records
    Flows,
    /// Alerts
    Alerts,
    /// Devices
    Devices,
}

/// Formats of exports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object per line
    #[default]
    Ndjson,
    /// A table
    Csv,
    /// Suricata's EVE JSON (flows and alerts)
    Eve,
}

/// Commands about users.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// List them
    List(Data),
    /// Add one; the password is read from standard input
    Add {
        #[command(flatten)]
        data: Data,
        /// Log-in name
        name: String,
        /// What the user may do
        #[arg(long, value_enum)]
        role: Role,
    },
    /// Change the role of one, or switch one off or on; ends its sessions
    Change {
        #[command(flatten)]
        data: Data,
        /// Log-in name
        name: String,
        /// The new role
        #[arg(long, value_enum, required_unless_present_any = ["disable", "enable"])]
        role: Option<Role>,
        /// May not log in any more
        #[arg(long, conflicts_with = "enable")]
        disable: bool,
        /// May log in again
        #[arg(long)]
        enable: bool,
    },
    /// Set a password, read from standard input; ends all sessions of the user
    Password {
        #[command(flatten)]
        data: Data,
        /// Log-in name
        name: String,
    },
    /// Print a link that logs in once, within 15 minutes: for who forgot the password
    Link {
        #[command(flatten)]
        data: Data,
        /// Log-in name
        name: String,
    },
    /// Remove one
    Remove {
        #[command(flatten)]
        data: Data,
        /// Log-in name
        name: String,
    },
}

/// Commands about API tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// List them
    List(Data),
    /// Make one and print it; it is shown only now
    Create {
        #[command(flatten)]
        data: Data,
        /// What it is for
        name: String,
        /// Whose
        #[arg(long, value_name = "NAME")]
        user: String,
        /// What it may do; never more than its user
        #[arg(long, value_enum, default_value_t = Role::Viewer)]
        role: Role,
        /// Days until it ends
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=365))]
        days: u16,
    },
    /// End one
    Remove {
        #[command(flatten)]
        data: Data,
        /// Its number, as `list` shows it
        id: i64,
    },
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Look, but see no payload
    Viewer,
    /// Handle alerts, see payload, export, upload captures
    Analyst,
    /// Everything
    Admin,
}

fn detector(text: &str) -> Result<String, String> {
    let ids = || DETECTORS.iter().map(|spec| spec.id);
    if ids().any(|id| id == text) {
        return Ok(text.to_owned());
    }
    let hint = crate::words::did_you_mean(text, ids());
    Err(format!("no detector is called so{hint} (see `anomalyzer detectors`)"))
}

#[cfg(test)]
mod tests {
    use crate::cli::{Cli, Command};
    use clap::Parser as _;

    #[test]
    fn options_behind_a_filter_are_options() {
        let line = "anomalyzer flows dport:443 bytes>1M not app:dns --from -24h --limit 7";
        let parsed = Cli::try_parse_from(line.split(' ')).unwrap();
        let Command::Flows(flows) = parsed.command else { panic!("another command") };
        assert_eq!(flows.filter, ["dport:443", "bytes>1M", "not", "app:dns"]);
        assert_eq!((flows.stored.from.as_deref(), flows.limit), (Some("-24h"), 7));
    }
}
