//! `new-device`: the first sight of a device.
//!
//! A device is a hardware address. It is learned from ARP, DHCP or a two-way conversation, never
//! from a bare source address, which anybody may make up. Who claims the address of another is
//! left to `arp-spoof`.

#[cfg(test)]
mod tests;

use super::hardware::{self, is_device, is_made_up};
use super::{Backtest, Detector, Reporter, Setting, Spec, Unit};
use crate::alert::Severity;
use crate::config::Section;
use crate::count::Table;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::flow::{ConnState, FlowRecord};
use crate::observation::{AppFact, AppSeen, ArpSeen, Kinds, Observation, Seen};
use crate::text;
use anomalyzer_wire::app::dhcp::DhcpMessage;
use anomalyzer_wire::{Addr, HostileStr, Mac, Timestamp};
use serde_json::{Value, json};
use std::collections::VecDeque;

/// Devices known: the segment of a large site.
const DEVICES: usize = 16_384;
/// Devices that wait to be told. Of a crowd the number matters, not the names.
const WAITING: usize = 256;
/// How long a new device may take to say its address and name.
const GRACE_NANOS: i64 = 5_000_000_000;
/// In its first minute an input may show a whole office that starts up: a first lease is no news.
const START_NANOS: i64 = 60_000_000_000;
/// A device seen for so long outlasts others when the table is full.
const STEADY_NANOS: i64 = 60_000_000_000;
/// Devices named in one finding.
const LISTED: usize = 20;
/// Characters of a name that are shown.
const NAME_MAX: usize = 40;

/// The row in the table.
pub(super) static SPEC: Spec = Spec {
    id: "new-device",
    summary: "A device that was never seen before",
    about: include_str!("about.md"),
    advice: "Check that somebody knows the device; give unknown ones no access, and look at what \
             this one does next.",
    severity: Severity::Info,
    techniques: &["device", "many"],
    attack: &["T1200"],
    sees: Kinds::ARP.and(Kinds::APP).and(Kinds::FLOW_ENDED),
    settings: SETTINGS,
    backtest: Backtest::Capture,
    max_entries: DEVICES + WAITING,
    build: |section, seed| Box::new(NewDevice::new(section, seed)),
};

static SETTINGS: &[Setting] = &[
    Setting {
        key: "learning",
        unit: Unit::Seconds,
        default: 600.0,
        min: 0.0,
        max: 2_592_000.0,
        about: "Devices seen within this time after the first packet are known ones, unless the \
                known devices of an earlier run were loaded; 10 min is twice the interval at \
                which inventory tools look, and beyond every common ARP time-out but macOS's.",
    },
    Setting {
        key: "devices",
        unit: Unit::Count,
        default: 20.0,
        min: 1.0,
        max: WAITING as f64,
        about: "New devices within ten minutes that are told one by one; what is beyond is told \
                as a number.",
    },
];

/// The span over which `devices` counts.
const CROWD_NANOS: i64 = 600_000_000_000;

struct Limits {
    learning: i64,
    devices: u64,
}

impl Limits {
    fn new(section: &Section) -> Self {
        let values = &section.values;
        Self { learning: values.nanos("learning"), devices: values.count("devices") }
    }
}

/// How a device was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Arp,
    Lease,
    /// It asked for an address without having had one before.
    FirstLease,
    Conversation,
}

impl Sign {
    const fn words(self) -> &'static str {
        match self {
            Self::Arp => "by ARP",
            Self::Lease => "by DHCP",
            Self::FirstLease => "by DHCP, where it named no address that it had before",
            Self::Conversation => "in a two-way conversation",
        }
    }
}

/// A device that is known.
struct Device {
    first: Timestamp,
    last: Timestamp,
    addr: Option<Addr>,
    /// What is gathered until it is told.
    news: Option<Box<News>>,
}

struct News {
    sign: Sign,
    name: Option<HostileStr>,
    vendor: Option<HostileStr>,
}

/// What an observation tells of a device.
#[derive(Clone, Copy, Default)]
struct Sight<'a> {
    addr: Option<Addr>,
    name: Option<&'a HostileStr>,
    vendor: Option<&'a HostileStr>,
}

/// New devices beyond those told one by one.
struct Crowd {
    began: Timestamp,
    told: u64,
    more: u64,
    last: Timestamp,
    addrs: Vec<Addr>,
}

struct NewDevice {
    limits: Limits,
    devices: Table<Mac, Device>,
    waiting: VecDeque<(Timestamp, Mac)>,
    begun: Option<Timestamp>,
    /// Known devices were loaded.
    loaded: bool,
    crowd: Option<Crowd>,
}

impl NewDevice {
    fn new(section: &Section, seed: u64) -> Self {
        let steady = |d: &Device| d.last.since(d.first) >= STEADY_NANOS;
        Self {
            limits: Limits::new(section),
            devices: Table::new(DEVICES, seed, steady),
            waiting: VecDeque::new(),
            begun: None,
            loaded: false,
            crowd: None,
        }
    }

    fn arp(&mut self, seen: &ArpSeen, now: Timestamp, out: &mut Reporter<'_>) {
        let arp = &seen.arp;
        // A bridge may speak for others; inside a tunnel the segment is another one.
        if arp.tunnel.is_some() || seen.frame_src.is_some_and(|frame| frame != arp.sender_mac) {
            return;
        }
        let addr = Some(arp.sender_ip).filter(|a| a.is_unicast());
        self.sight(arp.sender_mac, Sign::Arp, Sight { addr, ..Sight::default() }, now, out);
    }

    fn app(&mut self, app: &AppSeen, now: Timestamp, out: &mut Reporter<'_>) {
        match &app.fact {
            AppFact::Dhcp(dhcp) if dhcp.op == 1 => self.dhcp(dhcp, now, out),
            AppFact::Dhcp(dhcp) if dhcp.message_type == 5 => {
                if let Some(device) = self.devices.get_mut(&dhcp.client_mac) {
                    device.addr = dhcp.your_ip.or(device.addr);
                }
            }
            AppFact::Dhcpv6(dhcp) if matches!(dhcp.message_type, 1 | 3..=6 | 8 | 9 | 11) => {
                let Some(mac) = dhcp.client_mac else { return };
                let addr = Some(app.tuple.src).filter(|a| a.is_unicast() && dhcp.relay.is_none());
                let vendor = dhcp.vendor_class.as_ref();
                self.sight(mac, Sign::Lease, Sight { addr, name: None, vendor }, now, out);
            }
            _ => {}
        }
    }

    fn dhcp(&mut self, dhcp: &DhcpMessage, now: Timestamp, out: &mut Reporter<'_>) {
        let had = [dhcp.client_ip, dhcp.requested_ip].into_iter().flatten();
        let had = had.into_iter().find(|a| a.is_unicast());
        let sign =
            if dhcp.message_type == 1 && had.is_none() { Sign::FirstLease } else { Sign::Lease };
        let sight = Sight {
            addr: had,
            name: dhcp.hostname.as_ref().or(dhcp.fqdn.as_ref()),
            vendor: dhcp.vendor_class.as_ref(),
        };
        self.sight(dhcp.client_mac, sign, sight, now, out);
    }

    /// Both sides have spoken, so neither address is made up.
    fn flow(&mut self, flow: &FlowRecord, now: Timestamp, out: &mut Reporter<'_>) {
        let two_way = flow.orig.packets > 0 && flow.resp.packets > 0;
        let settled = match flow.tuple.proto {
            6 => matches!(
                flow.conn_state,
                ConnState::S1 | ConnState::Sf | ConnState::S2 | ConnState::S3
            ),
            17 => flow.orig.payload > 0 && flow.resp.payload > 0,
            _ => false,
        };
        if !two_way || !settled || flow.tunnel.is_some() {
            return;
        }
        let sides = [(flow.src_mac, flow.tuple.src), (flow.dst_mac, flow.tuple.dst)];
        for (mac, addr) in sides {
            if let Some(mac) = mac
                && out.is_local(addr)
                && addr.is_unicast()
            {
                let sight = Sight { addr: Some(addr), ..Sight::default() };
                self.sight(mac, Sign::Conversation, sight, now, out);
            }
        }
    }

    fn sight(
        &mut self,
        mac: Mac,
        sign: Sign,
        sight: Sight<'_>,
        now: Timestamp,
        out: &mut Reporter<'_>,
    ) {
        if !is_device(mac) {
            return;
        }
        let begun = *self.begun.get_or_insert(now);
        let learning = !self.loaded && now.since(begun) < self.limits.learning;
        let joins = sign == Sign::FirstLease && now.since(begun) >= START_NANOS;
        let mut new = false;
        let (device, evicted) = self.devices.entry(mac, || {
            new = !learning || joins;
            Device { first: now, last: now, addr: None, news: None }
        });
        let Some(device) = device else { return };
        device.last = device.last.max(now);
        device.addr = sight.addr.filter(|_| device.addr.is_none()).or(device.addr);
        if new {
            device.news = Some(Box::new(News { sign, name: None, vendor: None }));
        }
        if let Some(news) = &mut device.news {
            let known = |text: Option<&HostileStr>| text.filter(|t| !t.is_empty()).cloned();
            news.name = news.name.take().or_else(|| known(sight.name));
            news.vendor = news.vendor.take().or_else(|| known(sight.vendor));
        }
        if evicted.is_some_and(|(_, old)| old.news.is_some()) {
            self.count(now, None);
        }
        if new {
            self.wait(mac, now, out);
        }
    }

    /// Queues a new device until it has said its address and name.
    fn wait(&mut self, mac: Mac, now: Timestamp, out: &mut Reporter<'_>) {
        if self.crowd.as_ref().is_some_and(|c| now.since(c.began) > CROWD_NANOS) {
            self.tell_crowd(out);
        }
        let full = self.crowd.as_ref().is_some_and(|c| c.told >= self.limits.devices);
        if full || self.waiting.len() >= WAITING {
            let addr = self.devices.get_mut(&mac).and_then(|device| {
                device.news = None;
                device.addr
            });
            self.count(now, addr);
            return;
        }
        let crowd = self.crowd.get_or_insert_with(|| Crowd::new(now));
        crowd.told += 1;
        self.waiting.push_back((now.plus_nanos(GRACE_NANOS), mac));
        out.wake_at(now.plus_nanos(GRACE_NANOS));
    }

    /// Counts a device that is not told by itself.
    fn count(&mut self, now: Timestamp, addr: Option<Addr>) {
        let crowd = self.crowd.get_or_insert_with(|| Crowd::new(now));
        crowd.more += 1;
        crowd.last = crowd.last.max(now);
        if let Some(addr) = addr
            && crowd.addrs.len() < LISTED
        {
            crowd.addrs.push(addr);
        }
    }

    fn tell_crowd(&mut self, out: &mut Reporter<'_>) {
        if let Some(crowd) = self.crowd.take().filter(|c| c.more > 0) {
            out.report(crowd_finding(&crowd, self.limits.devices));
        }
    }

    /// Tells devices whose time has come.
    fn tell(&mut self, until: Option<Timestamp>, out: &mut Reporter<'_>) {
        while let Some(&(due, mac)) = self.waiting.front() {
            if until.is_some_and(|now| due > now) {
                out.wake_at(due);
                return;
            }
            self.waiting.pop_front();
            let Some(device) = self.devices.get_mut(&mac) else { continue };
            if let Some(news) = device.news.take() {
                out.report(finding(mac, device, &news, self.loaded, self.limits.learning));
            }
        }
    }
}

impl Crowd {
    fn new(now: Timestamp) -> Self {
        Self { began: now, told: 0, more: 0, last: now, addrs: Vec::new() }
    }
}

impl Detector for NewDevice {
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>) {
        self.begun.get_or_insert(seen.time);
        match &seen.what {
            Observation::Arp(arp) => self.arp(arp, seen.time, out),
            Observation::App(app) => self.app(app, seen.time, out),
            Observation::FlowEnded(flow) => self.flow(flow, seen.time, out),
            _ => {}
        }
    }

    fn deadline(&mut self, now: Timestamp, out: &mut Reporter<'_>) {
        self.tell(Some(now), out);
    }

    fn finish(&mut self, _now: Timestamp, out: &mut Reporter<'_>) {
        self.tell(None, out);
        self.tell_crowd(out);
    }

    fn entries(&self) -> usize {
        self.devices.len() + self.waiting.len()
    }

    fn evictions(&self) -> u64 {
        self.devices.evictions()
    }

    fn save(&self) -> Option<Value> {
        let device = |(mac, d): (&Mac, &Device)| {
            let addr = d.addr.map(|a| a.to_string());
            json!([mac.to_string(), d.first.nanos(), d.last.nanos(), addr])
        };
        let devices: Vec<Value> = self.devices.iter().map(device).collect();
        (!devices.is_empty()).then(|| json!({"version": 1, "devices": devices}))
    }

    fn restore(&mut self, saved: &Value) -> Result<(), String> {
        let mut devices = Vec::new();
        for (at, row) in hardware::list_of(saved, "devices", DEVICES)?.iter().enumerate() {
            let device = device_of(row);
            devices.push(device.ok_or_else(|| format!("`devices` item {at} is damaged"))?);
        }
        self.loaded = !devices.is_empty();
        for (mac, first, last, addr) in devices {
            self.devices.entry(mac, || Device { first, last, addr, news: None });
        }
        Ok(())
    }

    fn reconfigure(&mut self, section: &Section) {
        self.limits = Limits::new(section);
    }
}

fn device_of(row: &Value) -> Option<(Mac, Timestamp, Timestamp, Option<Addr>)> {
    let mac = hardware::mac_of(row.get(0)).filter(|mac| is_device(*mac))?;
    let (first, last) = (hardware::time_of(row.get(1))?, hardware::time_of(row.get(2))?);
    let addr = match row.get(3)? {
        Value::Null => None,
        _ => Some(hardware::addr_of(row.get(3))?),
    };
    (first <= last).then_some((mac, first, last, addr))
}

/// A name as it may be shown.
fn shown(text: &HostileStr) -> String {
    let mut shown: String = text.escaped().chars().take(NAME_MAX).collect();
    if shown.is_empty() {
        shown.push('?');
    }
    shown
}

fn finding(mac: Mac, device: &Device, news: &News, loaded: bool, learning: i64) -> Finding {
    let name = news.name.as_ref().map(shown);
    let mut known: Vec<String> = device.addr.iter().map(ToString::to_string).collect();
    known.extend(name.clone());
    let who = if known.is_empty() { String::new() } else { format!(" ({})", known.join(", ")) };
    let called = name.map(|n| format!(" It calls itself \"{n}\".")).unwrap_or_default();
    let vendor = news.vendor.as_ref().map(shown);
    let software =
        vendor.map(|v| format!(" Its DHCP client names itself \"{v}\".")).unwrap_or_default();
    let made_up = if is_made_up(mac) {
        " The hardware address is made up by software (locally administered): a known phone or \
         laptop with private addresses, a virtual machine or a container may be behind it."
    } else {
        ""
    };
    let before = if loaded {
        "in this run or the ones before it".to_owned()
    } else {
        format!(
            "since the input began (devices of the first {} count as known)",
            text::duration(learning as f64 / 1e9)
        )
    };
    Finding {
        detector: SPEC.id,
        technique: "device".to_owned(),
        subject: Subject { other: mac.to_string(), ..Subject::default() },
        severity: None,
        confidence: if is_made_up(mac) { 0.4 } else { 0.7 },
        title: format!("New device {mac}{who}"),
        explanation: format!(
            "{mac}{who} was noticed {}; it had not been seen {before}.{called}{software}{made_up}",
            news.sign.words()
        ),
        src: device.addr.into_iter().collect(),
        src_count: Tally::exact(1),
        dst: Vec::new(),
        dst_count: Tally::default(),
        dst_ports: Vec::new(),
        dst_port_count: Tally::default(),
        first: device.first,
        last: device.last,
        count: 1,
        evidence: vec![Evidence::value("made_up_address", f64::from(u8::from(is_made_up(mac))))],
        flows: Vec::new(),
    }
}

fn crowd_finding(crowd: &Crowd, devices: u64) -> Finding {
    let more = text::counted(crowd.more, "more new device");
    Finding {
        detector: SPEC.id,
        technique: "many".to_owned(),
        subject: Subject { other: "many".to_owned(), ..Subject::default() },
        severity: None,
        confidence: 0.4,
        title: format!("{more} within {}", text::duration(CROWD_NANOS as f64 / 1e9)),
        explanation: format!(
            "After {devices} new devices that were told one by one, {more} came within the same \
             ten minutes. So many are an event, a second network that became visible, or made-up \
             hardware addresses of somebody who floods the switch or the DHCP server."
        ),
        src: crowd.addrs.clone(),
        src_count: Tally::exact(crowd.more),
        dst: Vec::new(),
        dst_count: Tally::default(),
        dst_ports: Vec::new(),
        dst_port_count: Tally::default(),
        first: crowd.began,
        last: crowd.last,
        count: crowd.more,
        evidence: vec![Evidence::exceeded(
            "new_devices",
            (crowd.told + crowd.more) as f64,
            devices as f64,
            CROWD_NANOS as f64 / 1e9,
        )],
        flows: Vec::new(),
    }
}
