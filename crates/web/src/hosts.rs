//! By which names browsers may call this server. Any other is refused: a page of another site whose
//! name was bent to our address must not read anything.

use crate::clock;
use crate::{Control, Options};
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often addresses of interfaces are asked for, at most.
const REFRESH: Duration = Duration::from_secs(5);

/// Names and addresses of this server.
pub(crate) struct Hosts {
    control: Arc<dyn Control>,
    names: HashSet<String>,
    own: Mutex<(Option<Instant>, HashSet<IpAddr>)>,
}

impl Hosts {
    /// Names that hold always: loopback, the host's own, the configured ones.
    pub(crate) fn new(options: &Options, control: Arc<dyn Control>) -> Self {
        let mut names = HashSet::from(["localhost".to_owned()]);
        if let Some(host) = host_name() {
            names.insert(format!("{host}.local"));
            names.insert(host);
        }
        let configured = options.host_names.iter().map(|name| name.trim_end_matches('.'));
        names.extend(configured.map(str::to_ascii_lowercase));
        let own = Mutex::new((None, HashSet::new()));
        Self { control, names, own }
    }

    /// True when the Host header names this server. The port is not looked at: it may be forwarded.
    pub(crate) fn knows(&self, host: &str) -> bool {
        let Some(name) = without_port(host) else { return false };
        match name.parse::<IpAddr>() {
            Ok(ip) => ip.is_loopback() || self.is_own(ip) || self.names.contains(&name),
            Err(_) => self.names.contains(name.trim_end_matches('.')),
        }
    }

    /// All names and addresses as they are now, sorted: what a certificate is made for.
    pub(crate) fn all(&self) -> Vec<String> {
        self.refresh();
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<String> = own.1.iter().map(ToString::to_string).collect();
        all.extend(self.names.iter().cloned());
        all.extend(["127.0.0.1".into(), "::1".into()]);
        all.sort();
        all.dedup();
        all
    }

    /// An address of this machine that others can reach, for links.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.refresh();
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reachable: Vec<IpAddr> =
            own.1.iter().copied().filter(|ip| !ip.is_loopback() && !is_link_local(*ip)).collect();
        reachable.sort_by_key(|ip| (ip.is_ipv6(), *ip));
        reachable.first().copied()
    }

    fn is_own(&self, ip: IpAddr) -> bool {
        let holds = |own: &HashSet<IpAddr>| own.contains(&ip.to_canonical());
        if holds(&self.own.lock().unwrap_or_else(PoisonError::into_inner).1) {
            return true;
        }
        self.refresh();
        holds(&self.own.lock().unwrap_or_else(PoisonError::into_inner).1)
    }

    /// Asks for the addresses of interfaces, unless that was just done: they come and go.
    fn refresh(&self) {
        {
            let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
            let now = clock::instant();
            if own.0.is_some_and(|at| now.saturating_duration_since(at) < REFRESH) {
                return;
            }
            own.0 = Some(now);
        }
        let Ok(interfaces) = self.control.interfaces() else { return };
        let addresses = interfaces.iter().flat_map(|interface| &interface.addresses);
        let found = addresses.filter_map(|text| {
            let bare = text.split(['/', '%']).next()?;
            bare.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
        });
        let found: HashSet<IpAddr> = found.collect();
        self.own.lock().unwrap_or_else(PoisonError::into_inner).1 = found;
    }
}

/// Name or address of a Host header, lower case, without brackets.
fn without_port(host: &str) -> Option<String> {
    let host = host.trim().to_ascii_lowercase();
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let port_fits = port.is_empty() || port.strip_prefix(':')?.parse::<u16>().is_ok();
    let name_fits = !name.is_empty() && !name.contains(['/', '@', ' ', '\\']);
    (port_fits && name_fits).then(|| name.to_owned())
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim().to_ascii_lowercase();
    (!name.is_empty() && name != "(none)").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_headers_are_read() {
        let read = |host: &str| without_port(host);
        assert_eq!(read("LocalHost:8080").as_deref(), Some("localhost"));
        assert_eq!(read("[::1]:8080").as_deref(), Some("::1"));
        assert_eq!(read("[::1]").as_deref(), Some("::1"));
        assert_eq!(read("127.0.0.1").as_deref(), Some("127.0.0.1"));
        for bad in ["", ":80", "a:b", "[::1", "[::1]x", "::1", "a@b", "localhost:99999", "a/b"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
