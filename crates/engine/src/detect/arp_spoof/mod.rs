//! `arp-spoof`: an IP address claimed by a device that does not hold it.
//!
//! Remembers which hardware address holds which IP address, and who asked for it. What a row of
//! claims amounts to is judged in [`contest`]; the words are in [`report`]. Sweeps of requests
//! are left to `host-sweep`.

mod contest;
mod report;
#[cfg(test)]
mod tests;

use super::hardware::{self, is_device, is_shared};
use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::Severity;
use crate::config::{PerHost, Section, Values};
use crate::count::{Recent, Table};
use crate::observation::{ArpSeen, FlowStarted, Kinds, Observation, Seen};
use anomalyzer_wire::{Addr, Mac, Timestamp};
use contest::{Claimant, Contest, Form, Verdict};
use serde_json::{Value, json};

/// Addresses with their holders: the segment of a large site.
const BINDINGS: usize = 16_384;
/// Devices with what they say of themselves.
const STATIONS: usize = 8_192;
/// Requests that wait for their reply.
const REQUESTS: usize = 4_096;
/// Pairs of an address and a device that claims it without holding it.
const CONTESTS: usize = 2_048;
/// A reply this long after a request is unasked: hosts repeat a request three times within three
/// seconds.
const ASKED_NANOS: i64 = 5_000_000_000;
/// At the beginning of the input the request may have come before it.
const BEGIN_NANOS: i64 = 1_000_000_000;
/// Own addresses remembered for a device.
const OWN: usize = 4;
/// Devices that claim one address at the same time.
const RIVALS: usize = 4;
/// Addresses one device claims that are looked at together.
const CLAIMED: usize = 20;
/// From so many hosts that ask for it on, an address is a gateway's or a server's.
const ASKERS: usize = 3;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "arp-spoof",
    summary: "An IP address claimed by a device that does not hold it",
    about: include_str!("about.md"),
    advice: "Find the device by its hardware address in the switch's table and take it off the \
             network; then clear the ARP cache of the victims and change passwords that went \
             through unencrypted.",
    severity: Severity::Medium,
    techniques: &["reply", "gratuitous", "gateway", "conflict"],
    attack: &["T1557.002"],
    sees: Kinds::ARP.and(Kinds::FLOW_STARTED),
    settings: SETTINGS,
    backtest: Backtest::Capture,
    max_entries: BINDINGS + STATIONS + REQUESTS + CONTESTS,
    build: |section, seed| Box::new(ArpSpoof::new(section, seed)),
};

static SETTINGS: &[Setting] = &[
    Setting {
        key: "replies",
        unit: Unit::Count,
        default: 2.0,
        min: 1.0,
        max: 1_000.0,
        about: "Replies that nobody asked for, about an address that another device holds, that \
                make an alert; one alone may be a request that the capture missed.",
    },
    Setting {
        key: "claims",
        unit: Unit::Count,
        default: 5.0,
        min: 2.0,
        max: 10_000.0,
        about: "Announcements of such an address (or unasked replies to one host, when nothing \
                else is known about the sender) that make an alert; failover announces a few \
                times and is done, spoofing tools repeat every 1 to 10 s.",
    },
    Setting {
        key: "returns",
        unit: Unit::Count,
        default: 2.0,
        min: 1.0,
        max: 1_000.0,
        about: "How often the holder must use its address between announcements by the other: \
                after a failover or a change of network card it is silent.",
    },
    Setting {
        key: "window",
        unit: Unit::Seconds,
        default: 300.0,
        min: 10.0,
        max: 86_400.0,
        about: "Claims further apart than this are not counted together, and a holder that is \
                silent for so long has given the address up; ARP caches forget within minutes.",
    },
    Setting {
        key: "memory",
        unit: Unit::Seconds,
        default: 3_600.0,
        min: 60.0,
        max: 2_592_000.0,
        about: "An address unused for this long is free for another device (a new lease).",
    },
    Setting {
        key: "shared",
        unit: Unit::Flag,
        default: 0.0,
        min: 0.0,
        max: 1.0,
        about: "The address belongs to several devices on purpose (failover, bonding): set it in \
                an override for that address and nothing is said about it.",
    },
];

#[derive(Clone, Copy, Debug)]
struct Limits {
    replies: u32,
    claims: u32,
    returns: u32,
    window: i64,
    memory: i64,
    shared: bool,
}

impl Limits {
    fn from(values: &Values) -> Self {
        let count = |key| u32::try_from(values.count(key)).unwrap_or(u32::MAX);
        Self {
            replies: count("replies"),
            claims: count("claims"),
            returns: count("returns"),
            window: values.nanos("window"),
            memory: values.nanos("memory"),
            shared: values.flag("shared"),
        }
    }
}

/// An address on one VLAN.
type Place = (u16, Addr);

/// Who holds an address.
struct Binding {
    holder: Mac,
    /// When the holder last used it.
    used: Timestamp,
    rivals: Vec<Mac>,
    askers: Recent<Addr, ASKERS>,
}

/// What a device said of itself.
#[derive(Default)]
struct Station {
    /// Addresses that it used as its own, newest last.
    own: Vec<Addr>,
    /// Addresses that it asked for.
    asked: Recent<Place, 8>,
    /// Addresses that it claims without holding them, or unasked.
    claimed: Vec<Place>,
}

/// A claim of an address.
#[derive(Clone, Copy)]
struct Claim {
    place: Place,
    mac: Mac,
    /// The frame came from another hardware address.
    mismatched: bool,
    form: Form,
    told: Addr,
}

struct ArpSpoof {
    limits: PerHost<Limits>,
    bindings: Table<Place, Binding>,
    stations: Table<Mac, Station>,
    /// Who asked for what: VLAN, asking and wanted address.
    requests: Table<(u16, Addr, Addr), Timestamp>,
    contests: Table<(Place, Mac), Contest>,
    begun: Option<Timestamp>,
    /// The last flow's source, looked at once a second only.
    last: Option<(Mac, Addr, i64)>,
}

impl ArpSpoof {
    fn new(section: &Section, seed: u64) -> Self {
        Self {
            limits: section.resolve(Limits::from),
            // An address that many ask for is the one worth claiming.
            bindings: Table::new(BINDINGS, seed, |b: &Binding| b.askers.len() >= ASKERS),
            stations: Table::new(STATIONS, seed, |s: &Station| !s.claimed.is_empty()),
            requests: Table::new(REQUESTS, seed, |_| false),
            contests: Table::new(CONTESTS, seed, |c: &Contest| c.told > 0),
            begun: None,
            last: None,
        }
    }

    fn arp(&mut self, seen: &ArpSeen, now: Timestamp, out: &mut Reporter<'_>) {
        let arp = &seen.arp;
        let usable = !arp.sender_mac.is_zero() && arp.sender_ip.is_unicast();
        // A probe names no sender address: it claims nothing (RFC 5227).
        if arp.tunnel.is_some() || !matches!(arp.operation, 1 | 2) || !usable {
            return;
        }
        let announced = arp.target_ip == arp.sender_ip || arp.target_ip.is_broadcast();
        let form = match arp.operation {
            _ if announced => Form::Announcement,
            1 => Form::Request,
            _ if self.was_asked(seen, now) => Form::Answer,
            _ => Form::Unasked,
        };
        let place = (seen.vlan, arp.sender_ip);
        if form == Form::Request {
            self.request(seen, now, out);
        }
        self.claim(
            Claim {
                place,
                mac: arp.sender_mac,
                mismatched: seen.frame_src.is_some_and(|frame| frame != arp.sender_mac),
                form,
                told: arp.target_ip,
            },
            now,
            out,
        );
    }

    /// True when the reply answers a request. Replies to a probe name no address to compare, and
    /// at the beginning of the input the request may have come before it.
    fn was_asked(&self, seen: &ArpSeen, now: Timestamp) -> bool {
        let arp = &seen.arp;
        let asked = self.requests.get(&(seen.vlan, arp.target_ip, arp.sender_ip));
        !arp.target_ip.is_unicast()
            || self.begun.is_none_or(|begun| now.since(begun) < BEGIN_NANOS)
            || asked.is_some_and(|time| now.since(*time) <= ASKED_NANOS)
    }

    fn request(&mut self, seen: &ArpSeen, now: Timestamp, out: &mut Reporter<'_>) {
        let arp = &seen.arp;
        let wanted = (seen.vlan, arp.target_ip);
        if !arp.target_ip.is_unicast() {
            return;
        }
        if let (Some(time), _) =
            self.requests.entry((seen.vlan, arp.sender_ip, arp.target_ip), || now)
        {
            *time = now;
        }
        if let Some(binding) = self.bindings.get_mut(&wanted)
            && binding.askers.len() < ASKERS
        {
            binding.askers.touch(arp.sender_ip, now);
        }
        self.says_own(seen.vlan, arp.sender_mac, arp.sender_ip);
        if let (Some(station), _) = self.stations.entry(arp.sender_mac, Station::default) {
            station.asked.touch(wanted, now);
        }
        self.judge((wanted, arp.sender_mac), now, out);
    }

    /// A device uses an address as its own, unless that is another's.
    fn says_own(&mut self, vlan: u16, mac: Mac, addr: Addr) {
        if !is_device(mac) || self.bindings.get(&(vlan, addr)).is_some_and(|b| b.holder != mac) {
            return;
        }
        let (Some(station), _) = self.stations.entry(mac, Station::default) else { return };
        if station.own.contains(&addr) {
            return;
        }
        if station.own.len() >= OWN {
            station.own.remove(0);
        }
        station.own.push(addr);
    }

    fn claim(&mut self, claim: Claim, now: Timestamp, out: &mut Reporter<'_>) {
        let Claim { place, mac, form, .. } = claim;
        let limits = *self.limits.of(place.1);
        let fresh =
            || Binding { holder: mac, used: now, rivals: Vec::new(), askers: Recent::default() };
        let (Some(binding), _) = self.bindings.entry(place, fresh) else { return };
        if binding.holder == mac {
            binding.used = now;
            self.holder_uses(place, now, out);
            if form != Form::Unasked {
                return;
            }
        } else if is_shared(mac) || limits.shared {
            return;
        } else if now.since(binding.used) > limits.memory {
            (binding.holder, binding.used) = (mac, now);
            return;
        }
        if !is_shared(mac) && !limits.shared {
            self.contest(claim, &limits, now, out);
        }
    }

    /// Counts a claim by a device that does not hold the address, or that nobody asked.
    fn contest(&mut self, claim: Claim, limits: &Limits, now: Timestamp, out: &mut Reporter<'_>) {
        let Claim { place, mac, .. } = claim;
        let Some(binding) = self.bindings.get_mut(&place) else { return };
        let holder = Some(binding.holder).filter(|holder| *holder != mac);
        if holder.is_some() && !binding.rivals.contains(&mac) {
            if binding.rivals.len() >= RIVALS {
                binding.rivals.remove(0);
            }
            binding.rivals.push(mac);
        }
        let key = (place, mac);
        if self.contests.get(&key).is_some_and(|c| now.since(c.last) > limits.window) {
            self.contests.remove(&key);
        }
        let (Some(contest), _) = self.contests.entry(key, || Contest::new(holder, now)) else {
            return;
        };
        contest.holder = contest.holder.or(holder);
        contest.claim(claim.form, claim.told, claim.mismatched, now);
        let given_up =
            holder.is_some() && contest.returns == 0 && now.since(contest.first) > limits.window;
        if given_up && contest.told == 0 {
            return self.moves(place, mac, now, out);
        }
        if let (Some(station), _) = self.stations.entry(mac, Station::default)
            && !station.claimed.contains(&place)
            && station.claimed.len() < CLAIMED
        {
            station.claimed.push(place);
        }
        self.judge(key, now, out);
    }

    /// The former holder is silent: the address has moved.
    fn moves(&mut self, place: Place, mac: Mac, now: Timestamp, out: &mut Reporter<'_>) {
        let Some(contest) = self.contests.remove(&(place, mac)) else { return };
        let Some(binding) = self.bindings.get_mut(&place) else { return };
        let before = std::mem::replace(&mut binding.holder, mac);
        binding.used = now;
        binding.rivals.clear();
        if binding.askers.len() >= ASKERS {
            out.report(report::moved(place.1, before, mac, &contest));
        }
    }

    /// The holder of an address uses it while others claim it.
    fn holder_uses(&mut self, place: Place, now: Timestamp, out: &mut Reporter<'_>) {
        let rivals = self.bindings.get(&place).map(|b| b.rivals.clone()).unwrap_or_default();
        for rival in rivals {
            let news = self.contests.get_mut(&(place, rival)).is_some_and(Contest::holder_returns);
            if news {
                self.judge((place, rival), now, out);
            }
        }
    }

    fn judge(&mut self, key: (Place, Mac), now: Timestamp, out: &mut Reporter<'_>) {
        let ((_, addr), _) = key;
        let limits = *self.limits.of(addr);
        let Some(contest) = self.contests.get(&key) else { return };
        let current = now.since(contest.last) <= limits.window;
        if !current || contest.claims() < contest.told.saturating_mul(2).max(1) {
            return;
        }
        self.tell(key, &limits, now, out);
    }

    fn tell(&mut self, key: (Place, Mac), limits: &Limits, now: Timestamp, out: &mut Reporter<'_>) {
        let ((vlan, addr), mac) = key;
        let who = self.claimant(vlan, addr, mac, limits, now);
        let Some(contest) = self.contests.get_mut(&key) else { return };
        let Some(verdict) = contest.verdict(who, limits) else { return };
        if contest.claims() == contest.told {
            return;
        }
        contest.told = contest.claims();
        if verdict == Verdict::Conflict {
            out.report(report::conflict(addr, mac, contest, limits));
            return;
        }
        let all = self.contests_of(vlan, mac);
        out.report(report::spoof(mac, who, verdict, addr, &all, limits));
    }

    /// What is known about the device besides its claims of one address.
    fn claimant(
        &self,
        vlan: u16,
        addr: Addr,
        mac: Mac,
        limits: &Limits,
        now: Timestamp,
    ) -> Claimant {
        let Some(station) = self.stations.get(&mac) else { return Claimant::default() };
        let contested = |a: Addr| {
            let holder = self.bindings.get(&(vlan, a)).map(|b| b.holder);
            a == addr || holder.is_some_and(|holder| holder != mac)
        };
        let holder_of = |a: Addr| self.contests.get(&((vlan, a), mac)).and_then(|c| c.holder);
        let here = holder_of(addr);
        let both_sides = self.contests_of(vlan, mac).iter().any(|(a, contest)| {
            let tells = contest.unasked > 0 || contest.announced > 0;
            *a != addr && tells && contest.holder.is_some() && contest.holder != here
        });
        Claimant {
            own: station.own.iter().rev().copied().find(|a| !contested(*a)),
            asked: station.asked.within(now, limits.window).any(|(place, _)| place == (vlan, addr)),
            both_sides: both_sides && here.is_some(),
        }
    }

    /// The addresses that a device claims on a VLAN.
    fn contests_of(&self, vlan: u16, mac: Mac) -> Vec<(Addr, &Contest)> {
        let Some(station) = self.stations.get(&mac) else { return Vec::new() };
        let places = station.claimed.iter().filter(|(v, _)| *v == vlan);
        places.filter_map(|p| self.contests.get(&(*p, mac)).map(|c| (p.1, c))).collect()
    }

    /// A host that begins a flow uses its address.
    fn flow(&mut self, flow: &FlowStarted, now: Timestamp, out: &mut Reporter<'_>) {
        let Some(mac) = flow.src_mac.filter(|_| flow.by_originator && !flow.tunnelled) else {
            return;
        };
        let addr = flow.tuple.src;
        let source = Some((mac, addr, now.secs()));
        if self.last == source && self.contests.is_empty() {
            return;
        }
        self.last = source;
        if !addr.is_unicast() || !out.is_local(addr) {
            return;
        }
        // Flows do not tell their VLAN: untagged is what nearly every capture is.
        let place = (0, addr);
        self.says_own(0, mac, addr);
        if let Some(binding) = self.bindings.get_mut(&place)
            && binding.holder == mac
        {
            binding.used = now;
            self.holder_uses(place, now, out);
        }
    }
}

impl Detector for ArpSpoof {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        self.begun.get_or_insert(seen.time);
        match &seen.what {
            Observation::Arp(arp) => self.arp(arp, seen.time, out),
            Observation::FlowStarted(flow) => self.flow(flow, seen.time, out),
            _ => {}
        }
    }

    fn finish(&mut self, now: Timestamp, out: &mut Reporter<'_>) {
        let told = self.contests.iter().filter(|(_, c)| c.told > 0);
        let keys: Vec<(Place, Mac)> = told.map(|(key, _)| *key).collect();
        for key in keys {
            let limits = *self.limits.of(key.0.1);
            self.tell(key, &limits, now, out);
        }
    }

    fn entries(&self) -> usize {
        self.bindings.len() + self.stations.len() + self.requests.len() + self.contests.len()
    }

    fn evictions(&self) -> u64 {
        // Requests are forgotten on purpose: most have had their answer.
        self.bindings.evictions() + self.stations.evictions() + self.contests.evictions()
    }

    fn save(&self) -> Option<Value> {
        let binding = |((vlan, addr), b): (&Place, &Binding)| {
            json!([vlan, addr.to_string(), b.holder.to_string(), b.used.nanos()])
        };
        let bindings: Vec<Value> = self.bindings.iter().map(binding).collect();
        (!bindings.is_empty()).then(|| json!({"version": 1, "bindings": bindings}))
    }

    fn restore(&mut self, saved: &Value) -> Result<(), String> {
        let mut bindings = Vec::new();
        for (at, row) in hardware::list_of(saved, "bindings", BINDINGS)?.iter().enumerate() {
            let binding = binding_of(row);
            bindings.push(binding.ok_or_else(|| format!("`bindings` item {at} is damaged"))?);
        }
        for (place, holder, used) in bindings {
            let (rivals, askers) = (Vec::new(), Recent::default());
            self.bindings.entry(place, || Binding { holder, used, rivals, askers });
        }
        Ok(())
    }

    fn reconfigure(&mut self, section: &Section) {
        self.limits = section.resolve(Limits::from);
    }
}

fn binding_of(row: &Value) -> Option<(Place, Mac, Timestamp)> {
    let vlan = row.get(0)?.as_u64().and_then(|v| u16::try_from(v).ok()).filter(|v| *v < 4_096)?;
    let addr = hardware::addr_of(row.get(1)).filter(|a| a.is_unicast())?;
    Some(((vlan, addr), hardware::mac_of(row.get(2))?, hardware::time_of(row.get(3))?))
}
