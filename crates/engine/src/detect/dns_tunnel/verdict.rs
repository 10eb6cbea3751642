//! What makes sums a tunnel, and how it is told.

use super::carrier::{Carrier, Key, Scope, Sums};
use super::{SPEC, Settings};
use crate::alert::Severity;
use crate::finding::{Evidence, Finding, Subject, Tally};
use crate::text;
use anomalyzer_wire::{HostileStr, Timestamp};

/// Names needed before shares are looked at.
const SHARE_MIN: u32 = 10;
/// Answers needed for the bytes of answers to count: a single big record is no channel.
const ANSWERS_MIN: u32 = 5;
/// Resolved names needed to miss the connections to them.
const RESOLVED_MIN: u32 = 20;
/// Bytes a name carries on average that no sum in a host name does: SHA-1 has 20.
const FULL: u64 = 24;
/// How many times the threshold is needed of names that lead to servers which the client uses,
/// and makes an alert high.
const MUCH: f64 = 10.0;
/// Signs that make an alert high.
const SIGNS_HIGH: usize = 7;
/// Zones over which a client's names must be spread to be told of together: over fewer, each
/// crosses its own limit first.
const ZONES_MIN: usize = 4;
/// Characters of a zone in a title.
const ZONE_LEN: usize = 40;

/// What is known of the client besides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    /// It opens connections that the capture shows.
    pub(super) connects: bool,
    /// It answers name queries of others.
    pub(super) resolver: bool,
}

/// One sign with its sentence.
struct Sign {
    /// Not had by hashed host names of content networks.
    hard: bool,
    text: String,
}

/// A tunnel.
pub(super) struct Verdict {
    sums: Sums,
    signs: Vec<Sign>,
    evidence: Vec<Evidence>,
    /// Signs that make a tunnel.
    needed: u64,
    slow: bool,
    high: bool,
}

impl Verdict {
    /// Judges by the fast window, then by the slow one.
    pub(super) fn of(
        key: Key,
        carrier: &mut Carrier,
        around: Around,
        settings: &Settings,
        now: Timestamp,
    ) -> Option<Self> {
        let spread = if key.scope == Scope::Pair { 1.0 } else { settings.spread_factor };
        let several = match key.scope {
            Scope::Pair => true,
            Scope::Client => carrier.zones.len() >= ZONES_MIN,
            Scope::Zone => carrier.clients.len() >= 2,
        };
        if !several {
            return None;
        }
        let fast = Limits { settings, scale: spread, window: settings.window };
        let scale = spread * settings.slow_factor;
        let slow = Limits { settings, scale, window: settings.window_slow };
        let sums = carrier.fast.sums(now);
        let told = fast.judge(sums, key, around, false);
        told.or_else(|| slow.judge(carrier.slow.sums(now), key, around, true))
    }

    fn technique(&self, scope: Scope) -> &'static str {
        match scope {
            Scope::Client | Scope::Zone => "spread",
            Scope::Pair if self.slow => "slow",
            Scope::Pair if self.sums.down > self.sums.up.saturating_mul(4) && self.few() => {
                "commands"
            }
            Scope::Pair => "tunnel",
        }
    }

    /// Names that hardly carry anything: the answers are what is asked for.
    fn few(&self) -> bool {
        self.sums.up < u64::from(self.sums.names) * 4
    }

    pub(super) fn finding(self, key: Key, carrier: &Carrier, around: Around) -> Finding {
        let technique = self.technique(key.scope);
        let zone = zone_text(&carrier.zone);
        let clients: Vec<_> = carrier.clients.iter().map(|(addr, _)| *addr).collect();
        let mut src = if key.scope == Scope::Zone { clients } else { vec![key.client] };
        src.sort_unstable();
        let who = match key.scope {
            Scope::Zone => text::counted(src.len() as u64, "client"),
            _ => key.client.to_string(),
        };
        let title = match (key.scope, technique) {
            (Scope::Client, _) => format!("DNS tunnel over many zones by {who}"),
            (_, "commands") => format!("Commands over DNS: {who} reads answers under {zone}"),
            (_, "slow") => format!("Slow DNS tunnel of {who} under {zone}"),
            _ => format!("DNS tunnel of {who} under {zone}"),
        };
        let subject = Subject {
            src: (key.scope != Scope::Zone).then_some(key.client),
            other: if key.scope == Scope::Client { "zones".into() } else { zone.clone() },
            ..Subject::default()
        };
        let (server, ports): (Vec<_>, Vec<_>) = carrier.server.into_iter().unzip();
        Finding {
            detector: SPEC.id,
            technique: technique.to_owned(),
            subject,
            severity: self.high.then_some(Severity::High),
            confidence: confidence(self.signs.len()),
            title,
            explanation: self.explanation(&who, &zone, carrier, around),
            src_count: Tally::exact(src.len() as u64),
            src,
            dst_count: Tally::exact(server.len() as u64),
            dst: server,
            dst_port_count: Tally::exact(ports.len() as u64),
            dst_ports: ports,
            first: carrier.first,
            last: carrier.last,
            count: u64::from(carrier.sums.queries).max(1),
            evidence: self.evidence,
            flows: carrier.flows.clone(),
        }
    }

    fn explanation(&self, who: &str, zone: &str, carrier: &Carrier, around: Around) -> String {
        let signs: Vec<&str> = self.signs.iter().map(|s| s.text.as_str()).collect();
        let under = if carrier.zone.is_empty() { String::new() } else { format!(" under {zone}") };
        let mut told = format!(
            "{who} asked for {}{under} within {}, such as {}. {} signs of carried data agree, where {} suffice: {}. \
             A client of an ordinary zone asks for few names, made of words, again and again.",
            text::counted(u64::from(carrier.sums.names), "distinct name"),
            text::duration(carrier.last.since(carrier.first).max(0) as f64 / 1e9),
            if carrier.shown.is_empty() { zone.to_owned() } else { carrier.shown.join(", ") },
            self.signs.len(),
            self.needed,
            signs.join("; "),
        );
        if around.resolver {
            told.push_str(
                " This host answers name queries itself: it is a resolver, and the client that \
                 began this stands behind it.",
            );
        }
        told
    }
}

fn confidence(signs: usize) -> f64 {
    match signs {
        0..=3 => 0.75,
        4 => 0.85,
        5 => 0.9,
        6 => 0.95,
        _ => 0.98,
    }
}

fn zone_text(zone: &[u8]) -> String {
    if zone.is_empty() {
        return "no registered zone".into();
    }
    let text = HostileStr::capped(zone, ZONE_LEN).escaped();
    text.chars().take(ZONE_LEN).collect()
}

/// Thresholds of one window.
struct Limits<'a> {
    settings: &'a Settings,
    scale: f64,
    window: i64,
}

impl Limits<'_> {
    fn judge(&self, sums: Sums, key: Key, around: Around, slow: bool) -> Option<Verdict> {
        let unreached = around.connects
            && sums.resolved >= RESOLVED_MIN
            && u64::from(sums.reached) * 5 < u64::from(sums.resolved);
        let mut sums = sums;
        (sums.answers, sums.down) = sums.free_answers();
        if unreached {
            sums.down += sums.address_bytes;
        }
        let mut evidence = Vec::new();
        let mut signs = self.volume(&sums, &mut evidence);
        if signs.is_empty() {
            return None;
        }
        self.shape(&sums, &mut signs, &mut evidence);
        misuse(&sums, unreached, &mut signs, &mut evidence);
        let most = evidence.iter().filter_map(|e| Some(e.value / e.threshold?)).fold(0.0, f64::max);
        let used = sums.resolved * 2 >= sums.names
            && sums.reached * 2 >= sums.resolved
            && sums.reached > 0
            && sums.rare * 2 < sums.queries;
        let hard = signs.iter().filter(|s| s.hard).count();
        let enough = signs.len() as u64 >= self.settings.signs && hard > 0;
        // Over all zones or clients, the names alone are those of many ordinary users.
        let spread = key.scope == Scope::Pair || hard > 1 || sums.rare * 2 >= sums.queries;
        if !enough || !spread || (used && most < MUCH) {
            return None;
        }
        let high = most >= MUCH || signs.len() >= SIGNS_HIGH;
        Some(Verdict { sums, signs, evidence, needed: self.settings.signs, slow, high })
    }

    /// How much was carried: each of these alone asks for a closer look.
    fn volume(&self, sums: &Sums, evidence: &mut Vec<Evidence>) -> Vec<Sign> {
        let s = self.settings;
        let seconds = self.window as f64 / 1e9;
        let within = text::duration(seconds);
        let rows = [
            ("distinct_names", f64::from(sums.names), s.names, true),
            ("bytes_in_names", sums.up as f64, s.upstream, true),
            ("bytes_in_answers", sums.down as f64, s.downstream, sums.answers >= ANSWERS_MIN),
            ("encoded_answers", f64::from(sums.answers), s.answers, true),
        ];
        let mut signs = Vec::new();
        for (name, value, limit, counts) in rows {
            let limit = limit * self.scale;
            if !counts || value < limit {
                continue;
            }
            evidence.push(Evidence::exceeded(name, value, limit, seconds));
            let words = match name {
                "distinct_names" => format!("{} distinct names", count(value)),
                "bytes_in_names" => format!("about {} carried in names", size(value)),
                "bytes_in_answers" => format!("about {} in answers", size(value)),
                _ => format!("{} encoded answers", count(value)),
            };
            let limit = if name.starts_with("bytes") { size(limit) } else { count(limit) };
            let text = format!("{words} (limit {limit} within {within})");
            signs.push(Sign { hard: false, text });
        }
        signs
    }

    /// What the names look like.
    fn shape(&self, sums: &Sums, signs: &mut Vec<Sign>, evidence: &mut Vec<Evidence>) {
        let names = sums.names;
        if names < SHARE_MIN {
            return;
        }
        let mut sign = |hard, text| signs.push(Sign { hard, text });
        let mean = sums.lengths as f64 / f64::from(names);
        let limit = self.settings.label_length;
        if mean >= limit {
            evidence.push(Evidence { threshold: Some(limit), ..value("label_length", mean) });
            sign(false, format!("labels of {mean:.0} bytes on average (limit {limit})"));
        }
        let random = f64::from(sums.random) / f64::from(names);
        if random >= 0.5 {
            evidence.push(value("random_share", random));
            sign(false, format!("{:.0} % of the names are not made of words", random * 100.0));
        }
        let unique = f64::from(names) / f64::from(names.saturating_add(sums.repeats));
        if unique >= 0.8 {
            evidence.push(value("unique_share", unique));
            sign(false, format!("{:.0} % of the names were asked for once", unique * 100.0));
        }
        if sums.raw >= SHARE_MIN {
            evidence.push(value("raw_names", f64::from(sums.raw)));
            sign(true, format!("{} hold bytes that host names do not have", names_of(sums.raw)));
        }
        if sums.up >= FULL * u64::from(names) {
            let each = sums.up as f64 / f64::from(names);
            evidence.push(value("bytes_each_name", each));
            sign(true, format!("each name carries {each:.0} bytes, more than a hash in a name"));
        }
    }
}

/// What names that are looked up to be used do not show.
fn misuse(sums: &Sums, unreached: bool, signs: &mut Vec<Sign>, evidence: &mut Vec<Evidence>) {
    let mut sign = |text| signs.push(Sign { hard: true, text });
    let rare = f64::from(sums.rare) / f64::from(sums.queries.max(1));
    if rare >= 0.5 && sums.rare >= SHARE_MIN {
        evidence.push(value("rare_type_share", rare));
        sign(format!(
            "{:.0} % of the queries are of types that carry free data (NULL, TXT, CNAME, MX...)",
            rare * 100.0
        ));
    }
    let failed = f64::from(sums.failed) / f64::from(sums.answered.max(1));
    if sums.answered >= SHARE_MIN && failed >= 0.5 {
        evidence.push(value("failed_share", failed));
        sign(format!("{:.0} % of the responses hold no answer", failed * 100.0));
    }
    if unreached {
        evidence.push(value("resolved_names", f64::from(sums.resolved)));
        evidence.push(value("connected_names", f64::from(sums.reached)));
        sign(format!(
            "{} resolved, and to {} of them the client opened a connection",
            names_of(sums.resolved),
            sums.reached
        ));
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // shown, not computed with
fn count(value: f64) -> String {
    text::thousands(value.max(0.0) as u64)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // shown, not computed with
fn size(value: f64) -> String {
    text::bytes(value.max(0.0) as u64)
}

fn names_of(n: u32) -> String {
    text::counted(u64::from(n), "name")
}

const fn value(name: &'static str, value: f64) -> Evidence {
    Evidence::value(name, value)
}
