//! `rogue-dhcp`: a second DHCP server on a segment that already has one.
//!
//! Remembers the servers and what they give, and compares a server with those that answered the
//! same client or serve the same network. The words are in [`report`]. Floods of requests are
//! left to `flood`.

mod report;
mod server;
#[cfg(test)]
mod tests;

use super::hardware;
use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::Severity;
use crate::config::{PerHost, Section, Values};
use crate::count::Table;
use crate::observation::{AppFact, AppSeen, Kinds, Observation, Seen};
use anomalyzer_wire::app::dhcp::{DhcpMessage, Dhcpv6Message};
use anomalyzer_wire::{Addr, Timestamp};
use serde_json::{Value, json};
use server::{Gives, Key, Offer, Server};

/// Servers known. A site has a handful for each segment.
const SERVERS: usize = 256;
/// Exchanges of which the first answer is remembered.
const EXCHANGES: usize = 4_096;
/// Answers of two servers within this time belong to the same exchange; clients give up or begin
/// a new one within a minute (RFC 2131 section 4.1).
const EXCHANGE_NANOS: i64 = 60_000_000_000;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "rogue-dhcp",
    summary: "A second DHCP server that gives another gateway or name server",
    about: include_str!("about.md"),
    advice: "Find the device by its hardware address in the switch's table and take it off the \
             network; then let the clients that it served renew their leases.",
    severity: Severity::Medium,
    techniques: &["dhcp", "dhcpv6"],
    attack: &["T1557.003"],
    sees: Kinds::APP,
    settings: SETTINGS,
    backtest: Backtest::Capture,
    max_entries: SERVERS + EXCHANGES,
    build: |section, seed| Box::new(RogueDhcp::new(section, seed)),
};

static SETTINGS: &[Setting] = &[
    Setting {
        key: "trusted",
        unit: Unit::Flag,
        default: 0.0,
        min: 0.0,
        max: 1.0,
        about: "The server belongs to the site: set it in an override for each server's address. \
                Without any the server seen first is the one that is believed.",
    },
    Setting {
        key: "established",
        unit: Unit::Seconds,
        default: 60.0,
        min: 0.0,
        max: 86_400.0,
        about: "A server that has confirmed a lease and was seen this long before the second one \
                is held to be the right one; of two that appear within one exchange of a minute \
                nobody can tell.",
    },
];

#[derive(Clone, Copy)]
struct Settings {
    trusted: bool,
    established: i64,
}

impl Settings {
    fn from(values: &Values) -> Self {
        Self { trusted: values.flag("trusted"), established: values.nanos("established") }
    }
}

/// The first answer to a client's question.
struct Answer {
    by: Key,
    time: Timestamp,
    gives: Gives,
}

struct RogueDhcp {
    settings: PerHost<Settings>,
    servers: Table<Key, Server>,
    /// By transaction and client.
    exchanges: Table<(u32, u64), Answer>,
}

impl RogueDhcp {
    fn new(section: &Section, seed: u64) -> Self {
        Self {
            settings: section.resolve(Settings::from),
            servers: Table::new(SERVERS, seed, |s: &Server| s.known || s.leases > 1),
            exchanges: Table::new(EXCHANGES, seed, |_| false),
        }
    }

    fn offer(&mut self, offer: &Offer, now: Timestamp, out: &mut Reporter<'_>) {
        let trusted = self.settings.of(offer.by.addr).trusted;
        let (server, _) = self.servers.entry(offer.by, || Server::new(now));
        let Some(server) = server else { return };
        server.add(offer, now);
        let exchange = (offer.xid, offer.client);
        if self.exchanges.get(&exchange).is_some_and(|a| now.since(a.time) > EXCHANGE_NANOS) {
            self.exchanges.remove(&exchange);
        }
        let answer = || Answer { by: offer.by, time: now, gives: offer.gives };
        let (first, _) = self.exchanges.entry(exchange, answer);
        let rival = first.filter(|a| a.by != offer.by).map(|a| (a.by, a.gives));
        let Some((rival, theirs)) = rival.or_else(|| self.same_network(offer)) else { return };
        if trusted {
            // The right server answers beside another: that other one is judged by this offer.
            if !self.settings.of(rival.addr).trusted {
                self.judge(rival, offer.by, (theirs, offer.gives), offer.v6, out);
            }
            return;
        }
        let (accused, believed) = self.order(offer.by, rival);
        let gives = if accused == offer.by { (offer.gives, theirs) } else { (theirs, offer.gives) };
        self.judge(accused, believed, gives, offer.v6, out);
    }

    /// Another server that gives addresses of the same network, and what it gives there: the one
    /// that is known for longest.
    fn same_network(&self, offer: &Offer) -> Option<(Key, Gives)> {
        let network = offer.network()?;
        let others = self.servers.iter().filter(|(key, _)| **key != offer.by);
        let serving = others.filter_map(|(key, s)| Some((s.first, *key, s.gives_in(network)?)));
        serving.min_by_key(|(first, key, _)| (*first, *key)).map(|(_, key, gives)| (key, gives))
    }

    /// Which of two is accused, and which is believed: a known one is, else the one seen first.
    fn order(&self, a: Key, b: Key) -> (Key, Key) {
        let rank = |key: Key| {
            let server = self.servers.get(&key);
            let known = self.settings.of(key.addr).trusted || server.is_some_and(|s| s.known);
            (!known, server.map_or(Timestamp::from_nanos(i64::MAX), |s| s.first), key)
        };
        if rank(a) > rank(b) { (a, b) } else { (b, a) }
    }

    fn judge(
        &mut self,
        accused: Key,
        believed: Key,
        (theirs, right): (Gives, Gives),
        v6: bool,
        out: &mut Reporter<'_>,
    ) {
        let settings = *self.settings.of(believed.addr);
        let both_trusted = settings.trusted && self.settings.of(accused.addr).trusted;
        let differs = theirs.differs(&right);
        // The same identifier and the same answers from another hardware address: a relay, a
        // router's other interface or a failover.
        if both_trusted || (accused.addr == believed.addr && !differs) {
            return;
        }
        let Some(other) = self.servers.get(&believed) else { return };
        let (since, leases, known) = (other.first, other.leases, other.known || settings.trusted);
        let Some(server) = self.servers.get_mut(&accused) else { return };
        let established =
            known || (leases > 0 && server.first.since(since) >= settings.established);
        if !server.news(differs) {
            return;
        }
        out.report(report::finding(&report::Case {
            accused,
            believed,
            server,
            since,
            theirs,
            right,
            differs,
            established,
            known,
            v6,
        }));
    }
}

impl Detector for RogueDhcp {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        let Observation::App(app) = &seen.what else { return };
        let offer = match &app.fact {
            AppFact::Dhcp(message) => offer_v4(app, message),
            AppFact::Dhcpv6(message) => offer_v6(app, message),
            _ => None,
        };
        if let Some(offer) = offer {
            self.offer(&offer, seen.time, out);
        }
    }

    fn entries(&self) -> usize {
        self.servers.len() + self.exchanges.len()
    }

    fn evictions(&self) -> u64 {
        // Exchanges are forgotten on purpose: they are over within a minute.
        self.servers.evictions()
    }

    fn save(&self) -> Option<Value> {
        // Those accused are not learned as right.
        let rows: Vec<Value> = self
            .servers
            .iter()
            .filter(|(_, s)| !s.is_accused() && (s.known || s.leases > 0))
            .map(|(key, s)| {
                let mac = key.mac.map(|m| m.to_string());
                json!([key.addr.to_string(), mac, s.first.nanos()])
            })
            .collect();
        (!rows.is_empty()).then(|| json!({"version": 1, "servers": rows}))
    }

    fn restore(&mut self, saved: &Value) -> Result<(), String> {
        let mut servers = Vec::new();
        for (at, row) in hardware::list_of(saved, "servers", SERVERS)?.iter().enumerate() {
            let server = server_of(row);
            servers.push(server.ok_or_else(|| format!("`servers` item {at} is damaged"))?);
        }
        for (key, first) in servers {
            self.servers.entry(key, || Server::known(first));
        }
        Ok(())
    }

    fn reconfigure(&mut self, section: &Section) {
        self.settings = section.resolve(Settings::from);
    }
}

fn server_of(row: &Value) -> Option<(Key, Timestamp)> {
    let addr = hardware::addr_of(row.get(0)).filter(|a| a.is_unicast())?;
    let mac = match row.get(1)? {
        Value::Null => None,
        _ => Some(hardware::mac_of(row.get(1))?),
    };
    Some((Key { addr, mac }, hardware::time_of(row.get(2))?))
}

/// Who sent the message.
fn sender(app: &AppSeen) -> Addr {
    if app.by_originator { app.tuple.src } else { app.tuple.dst }
}

/// An offer or a confirmation that gives an address. Answers without one (to an inform, or of a
/// boot server beside the DHCP server) do not compete.
fn offer_v4(app: &AppSeen, message: &DhcpMessage) -> Option<Offer> {
    if message.op != 2 || !matches!(message.message_type, 2 | 5) || message.damaged {
        return None;
    }
    let given = message.your_ip?;
    let addr = message.server_id.filter(|a| a.is_unicast()).unwrap_or_else(|| sender(app));
    let mac = app.src_mac.filter(|_| message.relay_ip.is_none());
    let client = message.client_mac.0.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
    addr.is_unicast().then_some(Offer {
        by: Key { addr, mac },
        xid: message.xid,
        client,
        given: Some(given),
        confirms: message.message_type == 5,
        gives: Gives { router: message.router, dns: [message.dns_server, message.dns_server_2] },
        v6: false,
    })
}

/// An advertisement or a reply of a DHCPv6 server.
fn offer_v6(app: &AppSeen, message: &Dhcpv6Message) -> Option<Offer> {
    if !matches!(message.message_type, 2 | 7) || message.damaged {
        return None;
    }
    let addr = sender(app);
    let client = message.client_duid.as_ref()?.as_bytes();
    // FNV-1a: enough to tell apart the clients of one transaction number.
    let client = client.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    addr.is_unicast().then_some(Offer {
        by: Key { addr, mac: app.src_mac.filter(|_| message.relay.is_none()) },
        xid: message.xid,
        client,
        given: message.address,
        confirms: message.message_type == 7,
        gives: Gives { router: None, dns: [message.dns_server, message.dns_server_2] },
        v6: true,
    })
}
