//! What the system's interfaces are doing now. Asked of the kernel each time (one netlink dump
//! inside `getifaddrs`), so that it is right whatever was missed in between.

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// An interface as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) name: String,
    /// The kernel's number: stays when the interface is renamed, is new when it is made again.
    pub(super) index: usize,
    /// Switched on.
    pub(super) up: bool,
    /// Switched on and connected.
    pub(super) running: bool,
}

/// All interfaces; `None` when the kernel does not tell.
pub(super) fn links() -> Option<Vec<Link>> {
    let all = getifaddrs().ok()?;
    let link = |entry: nix::ifaddrs::InterfaceAddress| {
        let index = entry.address.as_ref()?.as_link_addr()?.ifindex();
        let has = |flag| entry.flags.contains(flag);
        let up = has(InterfaceFlags::IFF_UP);
        let running = up && has(InterfaceFlags::IFF_RUNNING);
        Some(Link { name: entry.interface_name, index, up, running })
    };
    Some(all.filter_map(link).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_of_the_table_is_told_once() {
        let table = std::fs::read_to_string("/proc/net/dev").unwrap();
        let names = table.lines().filter_map(|l| Some(l.split_once(':')?.0.trim().to_owned()));
        let mut expected: Vec<String> = names.collect();
        let mut told: Vec<String> = links().unwrap().into_iter().map(|l| l.name).collect();
        expected.sort_unstable();
        told.sort_unstable();
        assert_eq!(told, expected);
    }
}
