//! Why a live capture fails, and what mends it.

use crate::filter::FilterError;

/// Bits of the capabilities in `/proc/thread-self/status` (linux/capability.h).
const CAP_NET_RAW_BIT: u32 = 13;
const CAP_NET_ADMIN_BIT: u32 = 12;

/// Why a live capture could not be opened or has ended.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// There is no interface of that name.
    #[error("there is no interface {name:?}; there are: {}", available.join(", "))]
    NoSuchInterface {
        /// The name asked for.
        name: String,
        /// The names there are.
        available: Vec<String>,
    },
    /// No interface is up.
    #[error("no interface is up, so there is nothing to capture from")]
    NoInterface,
    /// The right is missing.
    #[error(
        "capturing on {interface} needs the capability {capability}, which this process does not \
         have; grant it with: {remedy} (in a systemd unit: AmbientCapabilities={capability}; once: \
         start it with sudo)"
    )]
    NotPermitted {
        /// The interface asked for.
        interface: String,
        /// The capability that is missing, such as `CAP_NET_RAW`.
        capability: &'static str,
        /// The command line that grants it.
        remedy: String,
    },
    /// The filter is not valid.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// libpcap refused for another reason.
    #[error("capturing on {interface} is not possible: {reason}")]
    Refused {
        /// The interface asked for.
        interface: String,
        /// What libpcap says.
        reason: String,
    },
    /// The capture was running and has ended, as when an interface disappears.
    #[error("the capture on {interface} has ended: {reason}")]
    Lost {
        /// The interface.
        interface: String,
        /// What libpcap says.
        reason: String,
    },
    /// The interfaces could not be listed.
    #[error("the interfaces cannot be listed: {reason}")]
    NoList {
        /// What libpcap says.
        reason: String,
    },
}

impl LiveError {
    /// The error of an interface that could not be opened: a missing right is told from the rest.
    pub(super) fn on_opening(interface: &str, reason: &str) -> Self {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
        match missing_capability(&status, reason) {
            Some(capability) => {
                Self::NotPermitted { interface: interface.to_owned(), capability, remedy: remedy() }
            }
            None => Self::Refused { interface: interface.to_owned(), reason: reason.to_owned() },
        }
    }
}

/// The capabilities that watching interfaces needs and this process lacks, and the line that grants
/// them; `None` when it has them.
pub fn missing_rights() -> Option<(Vec<&'static str>, String)> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let permitted = status.lines().find_map(|line| line.strip_prefix("CapPrm:"));
    let bits = permitted.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or(0);
    let needed = [(CAP_NET_RAW_BIT, "CAP_NET_RAW"), (CAP_NET_ADMIN_BIT, "CAP_NET_ADMIN")];
    let lacks = |(bit, _): &(u32, &str)| bits >> bit & 1 == 0;
    let missing: Vec<_> = needed.into_iter().filter(lacks).map(|(_, name)| name).collect();
    (!missing.is_empty()).then(|| (missing, remedy()))
}

/// The capability that a thread of this `/proc/thread-self/status` lacks, if that is why libpcap refused.
fn missing_capability(status: &str, reason: &str) -> Option<&'static str> {
    let reason = reason.to_ascii_lowercase();
    let refused = ["permi", "cap_net"].iter().any(|word| reason.contains(word));
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    match effective {
        Some(bits) if refused && bits >> CAP_NET_RAW_BIT & 1 == 1 => Some("CAP_NET_ADMIN"),
        _ if refused => Some("CAP_NET_RAW"),
        _ => None,
    }
}

/// The line that gives this program the right to capture.
fn remedy() -> String {
    let program = std::env::current_exe().map(|path| path.display().to_string());
    let program = program.unwrap_or_else(|_| "anomalyzer".to_owned());
    format!("sudo setcap cap_net_raw,cap_net_admin=eip {}", quoted(&program))
}

/// A path as one word of a shell.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_capability_is_named() {
        let check = |bits: &str, reason: &str, missing| {
            let status = format!("Name:\tx\nCapPrm:\tffffffff\nCapEff:\t{bits}\nSeccomp:\t0\n");
            assert_eq!(missing_capability(&status, reason), missing, "{bits} {reason}");
        };
        let refused = "Attempt to create packet socket failed - CAP_NET_RAW may be required";
        check("0000000000000000", refused, Some("CAP_NET_RAW"));
        check("0000000000001000", "socket: Operation not permitted", Some("CAP_NET_RAW"));
        check("0000000000002000", "You don't have permission", Some("CAP_NET_ADMIN"));
        check("0000000000000000", "That device is not up", None);
        check("damaged", refused, Some("CAP_NET_RAW"));
    }

    #[test]
    fn paths_are_quoted_when_they_must_be() {
        assert_eq!(quoted("/usr/bin/anomalyzer"), "/usr/bin/anomalyzer");
        assert_eq!(quoted("/home/a b/it's"), r"'/home/a b/it'\''s'");
    }
}
