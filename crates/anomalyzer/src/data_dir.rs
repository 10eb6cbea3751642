//! Where the service keeps its data when nobody says where.

use std::path::PathBuf;

/// Of a service that runs as root, or under its unit.
const SYSTEM: &str = "/var/lib/anomalyzer";

/// The directory: the one named, else that of the system for root (and for whoever may write
/// there, as the service's own user), else the user's own by the XDG convention.
pub(crate) fn choose(named: Option<&PathBuf>) -> PathBuf {
    if let Some(dir) = named {
        return dir.clone();
    }
    let system = PathBuf::from(SYSTEM);
    if rustix::process::geteuid().is_root() || is_writable(&system) {
        return system;
    }
    let set = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")));
    state.unwrap_or_else(|| PathBuf::from(".")).join("anomalyzer")
}

fn is_writable(dir: &std::path::Path) -> bool {
    rustix::fs::access(dir, rustix::fs::Access::WRITE_OK).is_ok()
}
