//! What an operator reads.

use super::SPEC;
use super::attempt::{Scope, Service};
use super::limits::Limits;
use super::tally::{Reason, Tally, Verdict};
use crate::alert::Severity;
use crate::finding::{Evidence, Finding, Subject, Tally as Total};
use crate::flow::community_id;
use crate::text;
use anomalyzer_wire::{Addr, HostileStr};

/// Addresses of a side that are told.
const NAMED: usize = 20;
/// Characters of an escaped user name that are shown: a name of 64 bytes may become four times
/// as long.
const NAME_SHOWN: usize = 32;

pub(super) fn finding(
    scope: &Scope,
    verdict: &Verdict,
    tally: &mut Tally,
    limits: &Limits,
) -> Finding {
    let others = tally.others(limits);
    let total = others.len() as u64;
    let (subject, src, src_count, dst, dst_count, service) = match *scope {
        Scope::Pair(p) => {
            (pair_subject(p.src, p.dst, p.port), vec![p.src], 1, vec![p.dst], 1, p.service)
        }
        Scope::Source(src, service) => (source_subject(src), vec![src], 1, others, total, service),
        Scope::Target(dst, port, service) => {
            (target_subject(dst, port), others, total, vec![dst], 1, service)
        }
    };
    let (src, dst) = (first(src), first(dst));
    let mut dst_ports: Vec<u16> = tally.ports.iter().map(|(port, _)| *port).collect();
    dst_ports.sort_unstable();
    let breach_time = tally.breach.as_ref().map(|(time, _)| *time);
    let about = About { scope, verdict, tally, limits, service, others: total };
    Finding {
        detector: SPEC.id,
        technique: service.name().to_owned(),
        subject: Subject { other: service.name().to_owned(), ..subject },
        severity: Some(severity(service, verdict, tally)),
        confidence: confidence(verdict),
        title: about.title(),
        explanation: about.explanation(),
        src,
        src_count: Total::exact(src_count),
        dst,
        dst_count: Total::exact(dst_count),
        dst_port_count: Total::exact(dst_ports.len() as u64),
        dst_ports,
        first: tally.first,
        last: breach_time.map_or(tally.last, |time| time.max(tally.last)),
        count: tally.count(),
        evidence: about.evidence(),
        flows: tally.flows.iter().map(community_id).collect(),
    }
}

fn pair_subject(src: Addr, dst: Addr, port: u16) -> Subject {
    Subject { src: Some(src), dst: Some(dst), port: Some(port), ..Subject::default() }
}

fn source_subject(src: Addr) -> Subject {
    Subject { src: Some(src), ..Subject::default() }
}

fn target_subject(dst: Addr, port: u16) -> Subject {
    Subject { dst: Some(dst), port: Some(port), ..Subject::default() }
}

fn first(mut addrs: Vec<Addr>) -> Vec<Addr> {
    addrs.truncate(NAMED);
    addrs
}

/// A log-in behind an attack is a breach; of a form only the redirection says that it succeeded.
fn severity(service: Service, verdict: &Verdict, tally: &Tally) -> Severity {
    match (&tally.breach, service) {
        (None, _) => verdict.severity,
        (Some(_), Service::Http | Service::Rdp | Service::Other) => Severity::High,
        (Some(_), _) => Severity::Critical,
    }
}

fn confidence(verdict: &Verdict) -> f64 {
    match verdict.reason {
        Reason::Failures => 0.9,
        Reason::Users => 0.8,
        Reason::Sessions => 0.6,
        Reason::Slow => 0.5,
    }
}

/// Everything that the sentences are made of.
struct About<'a> {
    scope: &'a Scope,
    verdict: &'a Verdict,
    tally: &'a Tally,
    limits: &'a Limits,
    service: Service,
    others: u64,
}

impl About<'_> {
    /// `1,234 failed SSH log-ins` or `60 short RDP sessions`.
    fn tries(&self) -> String {
        let service = self.service.title();
        let count = text::thousands(self.tally.count());
        match (self.tally.failed_all, self.service) {
            (0, Service::Other) => format!("{count} short sessions"),
            (0, _) => format!("{count} short {service} sessions"),
            _ => format!("{count} failed {service} log-ins"),
        }
    }

    /// How long it went on.
    fn span(&self) -> String {
        let nanos = self.tally.last.since(self.tally.first).max(0);
        text::duration(nanos as f64 / 1e9)
    }

    fn title(&self) -> String {
        let tries = self.tries();
        let behind = if self.tally.breach.is_some() { ", then a success" } else { "" };
        let title = match self.scope {
            Scope::Pair(p) => {
                let spray =
                    if self.verdict.reason == Reason::Users { " (password spray)" } else { "" };
                format!("{tries} by {} at {} port {}{spray}{behind}", p.src, p.dst, p.port)
            }
            Scope::Source(src, _) => {
                format!("{tries} by {src} at {}{behind}", text::counted(self.others, "host"))
            }
            Scope::Target(dst, port, _) => {
                let sources = text::counted(self.others, "source");
                format!("{tries} at {dst} port {port} by {sources}{behind}")
            }
        };
        title.chars().take(120).collect()
    }

    fn explanation(&self) -> String {
        let v = self.verdict;
        let window = text::duration(v.window as f64 / 1e9);
        let counted = match v.reason {
            Reason::Failures | Reason::Slow => "refused log-in",
            Reason::Users => "refused user name",
            Reason::Sessions => "short session",
        };
        let mut said = format!(
            "There were {} within {}. Counted over {window} these are {}; {} expected to cause \
             fewer than {} in that time.",
            self.tries(),
            self.span(),
            text::counted(v.value, counted),
            self.expected(),
            text::thousands(v.limit),
        );
        self.say_how(&mut said);
        self.say_users(&mut said);
        if let Some((time, user)) = &self.tally.breach {
            let after = time.since(self.tally.first).max(0) as f64 / 1e9;
            let who = user.as_ref().map_or(String::new(), |name| format!(" as {}", shown(name)));
            said.push_str(" Then a log-in succeeded");
            said.push_str(&who);
            said.push_str(", ");
            said.push_str(&text::duration(after));
            said.push_str(" after the first try.");
        }
        said
    }

    const fn expected(&self) -> &'static str {
        match (self.verdict.reason, self.scope) {
            (Reason::Sessions, _) => "an honest client is",
            (_, Scope::Target(..)) => "all users together are",
            _ => "honest users are",
        }
    }

    /// How the failures are known.
    fn say_how(&self, said: &mut String) {
        *said += match (self.service, self.tally.failed_all) {
            (Service::Ssh, _) => {
                " The log-ins are encrypted: each session ended after the key exchange with no \
                 more bytes than refused attempts take, and without the short answer that lets in."
            }
            (Service::Rdp, _) => {
                " The log-ins are encrypted: each session ended before a desktop was shown."
            }
            (Service::Dcerpc, _) => {
                " Each session bound, called once or twice and ended, as tries to get around the \
                 authentication of Netlogon do."
            }
            (Service::Other, _) => {
                " The answers were not read: that the log-ins failed follows from the size of the \
                 sessions alone."
            }
            (Service::Http, 0) => {
                " The form was answered with the form again, with the way back to it, or with a \
                 complaint."
            }
            _ => " The server's answers tell that they failed.",
        };
        if self.verdict.reason == Reason::Slow && self.verdict.severity < Severity::Medium {
            *said += " So few tries an hour may also come from a client with an old password.";
        }
    }

    fn say_users(&self, said: &mut String) {
        let names: Vec<String> = self.tally.users_shown.iter().map(shown).collect();
        let users = self.tally.users(self.limits).max(names.len() as u64);
        if names.is_empty() {
            return;
        }
        let more = users.saturating_sub(names.len() as u64);
        said.push_str(" User names tried: ");
        said.push_str(&names.join(", "));
        if more > 0 {
            said.push_str(" and ");
            said.push_str(&text::thousands(more));
            said.push_str(" more");
        }
        said.push('.');
    }

    fn evidence(&self) -> Vec<Evidence> {
        let v = self.verdict;
        let name = match v.reason {
            Reason::Failures | Reason::Slow => "failed_logins",
            Reason::Users => "distinct_users",
            Reason::Sessions => "short_sessions",
        };
        let mut evidence =
            vec![Evidence::exceeded(name, v.value as f64, v.limit as f64, v.window as f64 / 1e9)];
        let users = self.tally.users(self.limits);
        if v.reason != Reason::Users && users > 0 {
            evidence.push(Evidence::value("distinct_users", users as f64));
        }
        match self.scope {
            Scope::Pair(_) => {}
            Scope::Source(..) => evidence.push(Evidence::value("hosts", self.others as f64)),
            Scope::Target(..) => evidence.push(Evidence::value("sources", self.others as f64)),
        }
        if self.tally.breach.is_some() {
            evidence.push(Evidence::value("succeeded_after", self.tally.count() as f64));
        }
        evidence
    }
}

/// A user name as it may be shown.
fn shown(name: &HostileStr) -> String {
    name.escaped().chars().take(NAME_SHOWN).collect()
}
