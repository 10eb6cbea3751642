//! The words of `rogue-dhcp`.

use super::SPEC;
use super::server::{Gives, Key, Server};
use crate::alert::Severity;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::text;
use anomalyzer_wire::{Addr, Timestamp};

/// A server beside another one.
pub(super) struct Case<'a> {
    pub(super) accused: Key,
    pub(super) believed: Key,
    pub(super) server: &'a Server,
    /// When the believed one was first seen.
    pub(super) since: Timestamp,
    /// What the accused gives, and what the believed gives.
    pub(super) theirs: Gives,
    pub(super) right: Gives,
    pub(super) differs: bool,
    /// There is a reason to believe the other.
    pub(super) established: bool,
    /// The other was known before this input.
    pub(super) known: bool,
    pub(super) v6: bool,
}

pub(super) fn finding(case: &Case<'_>) -> Finding {
    let Case { accused, believed, server, .. } = case;
    let protocol = if case.v6 { "dhcpv6" } else { "dhcp" };
    let title = if case.differs {
        format!("Rogue DHCP server {} gives {}", accused.addr, what_differs(case))
    } else {
        format!("Second DHCP server {} beside {}", accused.addr, believed.addr)
    };
    // Without a reason to believe the first one, either may be the rogue.
    let mut src = vec![accused.addr];
    if !case.established && accused.addr != believed.addr {
        src.push(believed.addr);
    }
    let leases = server.given.clone();
    Finding {
        detector: SPEC.id,
        technique: protocol.to_owned(),
        subject: Subject {
            src: Some(accused.addr),
            other: format!("{protocol} {}", hardware(*accused)),
            ..Subject::default()
        },
        severity: (!case.differs).then_some(Severity::Low),
        confidence: match (case.differs, case.established) {
            (true, true) => 0.9,
            (true, false) => 0.6,
            (false, _) => 0.4,
        },
        title,
        explanation: explanation(case),
        src_count: Tally::exact(src.len() as u64),
        src,
        dst_count: Tally::exact(leases.len() as u64),
        dst: leases,
        dst_ports: Vec::new(),
        dst_port_count: Tally::default(),
        first: server.first,
        last: server.last,
        count: server.messages.max(1),
        evidence: vec![
            Evidence::value("messages", server.messages as f64),
            Evidence::value("leases_confirmed", server.leases as f64),
            Evidence::value("other_gateway", flag(case.theirs.other_router(&case.right))),
            Evidence::value("other_name_server", flag(case.theirs.other_dns(&case.right))),
        ],
        flows: Vec::new(),
    }
}

fn flag(set: bool) -> f64 {
    f64::from(u8::from(set))
}

fn what_differs(case: &Case<'_>) -> String {
    let router = case.theirs.router.filter(|_| case.theirs.other_router(&case.right));
    let dns = case.theirs.other_dns(&case.right).then(|| names(&case.theirs));
    match (router, dns) {
        (Some(router), Some(dns)) => format!("gateway {router} and name server {dns}"),
        (Some(router), None) => format!("gateway {router}"),
        (None, dns) => format!("name server {}", dns.unwrap_or_default()),
    }
}

fn explanation(case: &Case<'_>) -> String {
    let Case { accused, believed, server, .. } = case;
    let verdict = if !case.differs {
        "Both give the same gateway and name servers as far as they say: a failover pair or a \
         relay looks like this."
    } else if case.known {
        "The other one was known before."
    } else if case.established {
        "The other one had been at work before and had confirmed leases, so it is believed."
    } else {
        "Both appeared at about the same time: the one that came later is accused, but either may \
         be the rogue."
    };
    format!(
        "{} ({}) answered clients {} within {}, with {}; {} ({}), seen {}, gives {}. Expected: one \
         server for a segment, or several that say the same. {verdict}",
        accused.addr,
        hardware(*accused),
        text::counted(server.messages, "time"),
        text::duration(server.last.since(server.first) as f64 / 1e9),
        gives(&case.theirs),
        believed.addr,
        hardware(*believed),
        earlier(server.first.since(case.since)),
        gives(&case.right),
    )
}

/// How long before the accused one the other was seen first.
fn earlier(nanos: i64) -> String {
    match nanos {
        1_000_000_000.. => format!("since {} before", text::duration(nanos as f64 / 1e9)),
        _ => "since the same second".to_owned(),
    }
}

fn gives(gives: &Gives) -> String {
    let router = gives.router.map_or("no gateway".to_owned(), |r| format!("gateway {r}"));
    let dns = names(gives);
    if dns.is_empty() {
        format!("{router}, no name server")
    } else {
        format!("{router}, name server {dns}")
    }
}

fn names(gives: &Gives) -> String {
    let dns: Vec<Addr> = gives.dns.iter().flatten().copied().collect();
    text::addresses(&dns, dns.len() as u64)
}

fn hardware(key: Key) -> String {
    key.mac.map_or_else(|| "behind a relay".to_owned(), |mac| mac.to_string())
}
