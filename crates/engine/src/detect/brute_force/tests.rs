//! Guessing fires, look-alikes stay quiet, tables stay bounded.

use super::SPEC;
use crate::alert::Severity;
use crate::detect::testing::{Script, ip, many, record, tcp, udp};
use crate::finding::Finding;
use crate::flow::{ConnState, FiveTuple, FlowId};
use crate::observation::{AppFact, Observation};
use anomalyzer_wire::HostileStr;
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::app::http::{HttpRequest, HttpResponse};
use anomalyzer_wire::app::kerberos::{KerberosKind, KerberosMessage};
use anomalyzer_wire::app::smb::{SmbMessage, SmbVersion};
use anomalyzer_wire::app::ssh::SshEvent;
use anomalyzer_wire::app::text::{Login, TextEvent, TextKind};

/// Plays log-ins; every connection has its own port and flow id.
struct Play {
    script: Script,
    flows: u64,
}

impl Play {
    fn new() -> Self {
        Self { script: Script::new(&SPEC), flows: 0 }
    }

    /// The next connection from `src` to a service of 10.0.0.9.
    fn open(&mut self, src: &str, port: u16) -> (FlowId, FiveTuple) {
        self.open_to(src, "10.0.0.9", port)
    }

    fn open_to(&mut self, src: &str, dst: &str, port: u16) -> (FlowId, FiveTuple) {
        self.flows += 1;
        let source_port = u16::try_from(20_000 + self.flows % 40_000).unwrap();
        (FlowId(1 << 32 | self.flows), tcp(ip(src), source_port, ip(dst), port))
    }

    fn says(
        &mut self,
        (id, tuple): (FlowId, FiveTuple),
        app: AppProto,
        by_client: bool,
        fact: AppFact,
    ) {
        self.script.says(id, tuple, (app, by_client), fact);
    }

    /// A log-in of a line-based service.
    fn text(&mut self, flow: (FlowId, FiveTuple), app: AppProto, user: &str, good: bool) {
        let line = |kind, login, user: Option<&str>| {
            let user = user.map(|name| HostileStr::from(name.as_bytes()));
            AppFact::Text(Box::new(TextEvent { kind, login: Some(login), user }))
        };
        let verb = TextKind::Command(HostileStr::from(&b"USER"[..]));
        self.says(flow, app, true, line(verb.clone(), Login::UserGiven, Some(user)));
        self.says(flow, app, true, line(verb, Login::PassGiven, None));
        let outcome = if good { Login::Success } else { Login::Failure };
        self.says(flow, app, false, line(TextKind::Status(good), outcome, None));
    }

    /// A finished flow with these payloads that took so long.
    fn ended(&mut self, (id, tuple): (FlowId, FiveTuple), app: AppProto, load: [u64; 2], s: f64) {
        let mut flow = record(tuple, self.script.now(), ConnState::Sf);
        #[allow(clippy::cast_possible_truncation)]
        let length = (s * 1e9) as i64;
        (flow.id, flow.app, flow.first) = (id, app, self.script.now().plus_nanos(-length));
        [flow.orig.payload, flow.resp.payload] = load;
        self.script.see(Observation::FlowEnded(Box::new(flow)));
    }

    /// An SSH session with so many encrypted bytes; `opened` when the log-in was let in.
    fn ssh(&mut self, flow: (FlowId, FiveTuple), sealed: [u64; 2], opened: bool, s: f64) {
        let clear = [1_500, 1_900];
        self.says(flow, AppProto::Ssh, true, AppFact::SshEvent(SshEvent::Sealed(clear)));
        if opened {
            self.says(flow, AppProto::Ssh, false, AppFact::SshEvent(SshEvent::LoggedIn));
        }
        let load = [clear[0] + sealed[0], clear[1] + sealed[1]];
        self.ended(flow, AppProto::Ssh, load, s);
    }

    /// A Kerberos request for a ticket and its answer.
    fn kerberos(&mut self, src: &str, user: &str, error: Option<u32>) {
        self.flows += 1;
        let flow = (
            FlowId(1 << 32 | self.flows),
            udp(ip(src), u16::try_from(20_000 + self.flows).unwrap(), ip("10.0.0.9"), 88),
        );
        let message = |kind, error_code| {
            AppFact::Kerberos(KerberosMessage {
                kind,
                error_code,
                client: Some(HostileStr::from(user.as_bytes())),
                realm: None,
                service: None,
                encryption_types: Vec::new(),
                preauthenticated: false,
            })
        };
        self.says(flow, AppProto::Kerberos, true, message(KerberosKind::AsReq, None));
        let kind = if error.is_some() { KerberosKind::Error } else { KerberosKind::AsRep };
        self.says(flow, AppProto::Kerberos, false, message(kind, error));
    }

    fn http(
        &mut self,
        flow: (FlowId, FiveTuple),
        request: HttpRequest,
        status: u16,
        change: impl FnOnce(&mut HttpResponse),
    ) {
        self.says(flow, AppProto::Http, true, AppFact::HttpRequest(Box::new(request)));
        let mut response = HttpResponse { status, ..HttpResponse::default() };
        change(&mut response);
        self.says(flow, AppProto::Http, false, AppFact::HttpResponse(Box::new(response)));
    }

    fn smb(&mut self, flow: (FlowId, FiveTuple), user: &str, status: u32) {
        let message = |response, status, login, user: Option<&str>| {
            AppFact::Smb(SmbMessage {
                version: SmbVersion::Smb2,
                command: 1,
                response,
                status,
                dialect: None,
                login: Some(login),
                user: user.map(|name| HostileStr::from(name.as_bytes())),
                share: None,
            })
        };
        self.says(flow, AppProto::Smb, true, message(false, 0, Login::PassGiven, Some(user)));
        let outcome = if status == 0 { Login::Success } else { Login::Failure };
        self.says(flow, AppProto::Smb, false, message(true, status, outcome, None));
    }

    fn pass(&mut self, seconds: f64) {
        self.script.pass(seconds);
    }

    /// The last word on each subject.
    fn verdicts(&mut self) -> Vec<Finding> {
        let mut all = self.script.findings().to_vec();
        all.extend(self.script.finish());
        let mut last: Vec<Finding> = Vec::new();
        for finding in all {
            last.retain(|f| f.subject != finding.subject);
            last.push(finding);
        }
        last
    }

    /// The only verdict.
    fn only(&mut self) -> Finding {
        let verdicts = self.verdicts();
        let titles: Vec<_> = verdicts.iter().map(|f| &f.title).collect();
        assert_eq!(verdicts.len(), 1, "{titles:?}");
        verdicts.into_iter().next().unwrap()
    }
}

fn basic(target: &str) -> HttpRequest {
    HttpRequest {
        method: HostileStr::from(&b"GET"[..]),
        target: HostileStr::from(target.as_bytes()),
        authorization_scheme: Some(HostileStr::from(&b"Basic"[..])),
        ..HttpRequest::default()
    }
}

fn post(target: &str) -> HttpRequest {
    HttpRequest {
        method: HostileStr::from(&b"POST"[..]),
        target: HostileStr::from(target.as_bytes()),
        ..HttpRequest::default()
    }
}

#[test]
fn refused_ssh_sessions_by_their_size() {
    let mut play = Play::new();
    for _ in 0..9 {
        let flow = play.open("192.0.2.7", 902);
        play.ssh(flow, [220, 150], false, 2.5);
        play.pass(4.0);
    }
    let found = play.only();
    assert_eq!((found.technique.as_str(), found.severity), ("ssh", Some(Severity::Medium)));
    assert_eq!((found.src, found.dst_ports, found.count), (vec![ip("192.0.2.7")], vec![902], 9));
    assert_eq!(found.flows.len(), 9);
}

#[test]
fn thirty_refused_ssh_sessions_are_severe_and_a_success_behind_them_critical() {
    let mut play = Play::new();
    for n in 0..212 {
        let flow = play.open("192.0.2.7", 22);
        play.ssh(flow, [220, 150], false, 2.5);
        play.pass(1.0);
        if n == 40 {
            let worst = play.script.findings().iter().filter_map(|f| f.severity).max();
            assert_eq!(worst, Some(Severity::High));
        }
    }
    let flow = play.open("192.0.2.7", 22);
    play.ssh(flow, [3_000, 9_000], true, 60.0);
    let found = play.only();
    assert_eq!((found.severity, found.count), (Some(Severity::Critical), 212));
    assert!(found.title.contains("212 failed SSH log-ins") && found.title.contains("success"));
}

#[test]
fn automation_over_ssh_is_quiet() {
    let mut play = Play::new();
    for n in 0..300 {
        // Short commands, log-ins by key, sessions whose acceptance was not seen, probes.
        let flow = play.open("10.0.0.5", 22);
        match n % 3 {
            0 => play.ssh(flow, [900, 1_400], true, 0.6),
            1 => play.ssh(flow, [2_500, 60_000], false, 3.0),
            _ => play.ssh(flow, [0, 0], false, 0.1),
        }
        let flow = play.open("10.0.0.6", 22);
        play.ended(flow, AppProto::Ssh, [24, 43], 0.1);
        play.pass(1.0);
    }
    assert_eq!(play.verdicts(), []);
}

#[test]
fn answers_of_line_based_services() {
    let services = [
        (AppProto::Ftp, 2_121, "ftp"),
        (AppProto::Smtp, 587, "smtp"),
        (AppProto::Pop3, 110, "pop3"),
        (AppProto::Imap, 143, "imap"),
        (AppProto::Telnet, 23, "telnet"),
    ];
    for (app, port, technique) in services {
        let mut play = Play::new();
        for _ in 0..45 {
            let flow = play.open("192.0.2.7", port);
            play.text(flow, app, "admin", false);
            play.pass(1.0);
        }
        let found = play.only();
        assert_eq!(found.technique, technique);
        assert!(found.severity >= Some(Severity::Medium), "{technique}");
        assert!(found.explanation.contains("admin"), "{}", found.explanation);
    }
}

#[test]
fn users_are_shown_escaped_and_bounded() {
    let mut play = Play::new();
    for n in 0..500 {
        let flow = play.open("192.0.2.7", 21);
        play.text(flow, AppProto::Ftp, &format!("user\u{202e}\n{n}"), false);
        play.pass(0.1);
    }
    let found = play.only();
    assert!(found.explanation.contains("and 59 more"), "{}", found.explanation);
    assert!(!found.explanation.contains(['\n', '\u{202e}']), "{}", found.explanation);
}

#[test]
fn a_spray_of_names_over_kerberos() {
    let mut play = Play::new();
    for n in 0..10 {
        let error = if n < 7 { 6 } else { 24 };
        play.kerberos("10.0.0.66", &format!("user{n}"), Some(error));
        play.pass(0.01);
    }
    let found = play.only();
    assert_eq!((found.technique.as_str(), found.severity), ("kerberos", Some(Severity::Medium)));
    assert!(found.title.contains("spray") && found.title.contains("10.0.0.66"), "{}", found.title);
    play.kerberos("10.0.0.66", "backdoor", None);
    let found = play.only();
    assert_eq!(found.severity, Some(Severity::Critical));
    assert!(found.explanation.contains("as backdoor"), "{}", found.explanation);
}

#[test]
fn a_log_in_under_a_name_that_was_not_tried_is_no_breach() {
    let breach = |name: &str| {
        let mut play = Play::new();
        for _ in 0..60 {
            play.kerberos("10.0.0.66", "administrator", Some(24));
            play.pass(0.2);
        }
        play.kerberos("10.0.0.66", name, None);
        play.only().severity == Some(Severity::Critical)
    };
    assert!(breach("Administrator") && !breach("ws24"));
}

#[test]
fn a_terminal_server_whose_users_log_in_is_quiet() {
    let mut play = Play::new();
    for n in 0..60 {
        let user = format!("user{n}");
        // The first request of every honest client is answered with 25.
        play.kerberos("10.0.0.66", &user, Some(25));
        if n % 7 == 0 {
            play.kerberos("10.0.0.66", &user, Some(24));
        }
        play.kerberos("10.0.0.66", &user, None);
        play.pass(5.0);
    }
    assert_eq!(play.verdicts(), []);
}

#[test]
fn basic_authentication_and_forms() {
    let mut play = Play::new();
    for _ in 0..30 {
        let flow = play.open("192.0.2.7", 8_080);
        play.http(flow, basic("/manager/html"), 401, |_| {});
        let flow = play.open("192.0.2.8", 80);
        play.http(flow, post("/wp-login.php"), 200, |response| {
            response.content_type = Some(HostileStr::from(&b"text/html; charset=UTF-8"[..]));
        });
        let flow = play.open("192.0.2.9", 80);
        play.http(flow, post("/login.php"), 302, |response| {
            response.location = Some(HostileStr::from(&b"login.php"[..]));
        });
        play.pass(0.5);
    }
    let mut found: Vec<_> = play.verdicts();
    found.sort_by_key(|f| f.src.clone());
    let sources: Vec<_> = found.iter().flat_map(|f| f.src.clone()).collect();
    assert_eq!(sources, ["192.0.2.7", "192.0.2.8", "192.0.2.9"].map(ip));
    assert!(found.iter().all(|f| f.severity >= Some(Severity::Medium) && f.technique == "http"));
}

#[test]
fn honest_http_is_quiet() {
    let mut play = Play::new();
    let json = |response: &mut HttpResponse| {
        response.content_type = Some(HostileStr::from(&b"application/json"[..]));
    };
    for _ in 0..200 {
        // Credentials are sent only when asked for.
        let flow = play.open("10.0.0.5", 80);
        let plain = HttpRequest { authorization_scheme: None, ..basic("/") };
        play.http(flow, plain, 401, |_| {});
        play.http(flow, basic("/"), 200, |_| {});
        // A handshake of NTLM.
        let flow = play.open("10.0.0.6", 80);
        let mut ntlm = basic("/ews");
        ntlm.authorization_scheme = Some(HostileStr::from(&b"NTLM"[..]));
        play.http(flow, ntlm.clone(), 401, |_| {});
        play.http(flow, ntlm, 200, |_| {});
        // Tokens, forms that let in, an expired bearer.
        let flow = play.open("10.0.0.7", 80);
        play.http(flow, post("/oauth/token"), 200, json);
        play.http(flow, post("/login"), 302, |response| {
            response.location = Some(HostileStr::from(&b"/home"[..]));
        });
        let mut bearer = basic("/api");
        bearer.authorization_scheme = Some(HostileStr::from(&b"Bearer"[..]));
        play.http(flow, bearer, 401, |_| {});
        play.pass(1.0);
    }
    assert_eq!(play.verdicts(), []);
}

#[test]
fn smb_by_the_status() {
    let mut play = Play::new();
    for n in 0..30 {
        let flow = play.open("10.0.0.66", 445);
        play.smb(flow, if n % 2 == 0 { "alice" } else { "bob" }, 0xc000_006d);
        // No rights, no name, a handshake that goes on.
        for (user, status) in [("alice", 0xc000_0022), ("", 0xc000_006d)] {
            let flow = play.open("10.0.0.67", 445);
            play.smb(flow, user, status);
        }
        play.pass(1.0);
    }
    assert_eq!(play.only().src, [ip("10.0.0.66")]);
}

#[test]
fn short_sessions_of_rdp_vnc_and_rpc() {
    let mut play = Play::new();
    for _ in 0..250 {
        let flow = play.open("192.0.2.7", 3_389);
        play.ended(flow, AppProto::Rdp, [1_800, 2_400], 1.0);
        let flow = play.open("192.0.2.8", 49_668);
        play.ended(flow, AppProto::Dcerpc, [380, 140], 0.01);
        // The endpoint mapper, a management tool with results, a screen.
        let flow = play.open("10.0.0.5", 135);
        play.ended(flow, AppProto::Dcerpc, [228, 212], 0.01);
        let flow = play.open("10.0.0.6", 49_668);
        play.ended(flow, AppProto::Dcerpc, [2_400, 5_000], 0.2);
        let flow = play.open("10.0.0.7", 3_389);
        play.ended(flow, AppProto::Rdp, [40_000, 900_000], 300.0);
        play.pass(0.1);
    }
    let found = play.verdicts();
    let techniques: Vec<_> = found.iter().map(|f| f.technique.as_str()).collect();
    assert!(found.len() == 2 && techniques.contains(&"rdp") && techniques.contains(&"dcerpc"));
}

#[test]
fn unread_sessions_at_a_database_are_low() {
    let mut play = Play::new();
    for _ in 0..2_000 {
        let flow = play.open("10.0.0.5", 3_306);
        play.ended(flow, AppProto::Mysql, [300, 900], 0.02);
        play.pass(0.2);
    }
    let found = play.only();
    assert_eq!((found.technique.as_str(), found.severity), ("other", Some(Severity::Low)));
}

#[test]
fn one_source_over_many_hosts_is_one_alert() {
    let mut play = Play::new();
    for n in 0..60 {
        let flow = play.open_to("10.0.0.66", &format!("10.0.1.{}", n % 30), 22);
        play.ssh(flow, [220, 150], false, 2.0);
        play.pass(1.0);
    }
    let found = play.only();
    assert_eq!(found.dst_count.value, 30);
    assert!(found.severity >= Some(Severity::Medium) && found.subject.dst.is_none());
}

#[test]
fn many_sources_at_one_service() {
    let mut play = Play::new();
    for n in 0..180 {
        let src = many(n % 60).to_string();
        let flow = play.open(&src, 22);
        play.ssh(flow, [220, 150], false, 2.0);
        play.pass(5.0);
    }
    let found = play.only();
    assert_eq!((found.dst, found.severity), (vec![ip("10.0.0.9")], Some(Severity::Medium)));
    assert!(found.src_count.value >= 10 && found.subject.src.is_none());
}

#[test]
fn a_server_whose_many_users_err_now_and_then_is_quiet() {
    let mut play = Play::new();
    for n in 0..600 {
        let src = many(n % 200).to_string();
        let flow = play.open(&src, 143);
        play.text(flow, AppProto::Imap, &format!("user{}", n % 200), n % 3 != 0);
        play.pass(3.0);
    }
    assert_eq!(play.verdicts(), []);
}

#[test]
fn an_old_password_is_low_at_most() {
    // A mail client that asks every two minutes with two connections, and a job with an old key
    // every minute, all day long.
    let mut play = Play::new();
    for minute in 0..1_440 {
        if minute % 2 == 0 {
            for _ in 0..2 {
                let flow = play.open("10.0.0.5", 143);
                play.text(flow, AppProto::Imap, "alice", false);
            }
        }
        let flow = play.open("10.0.0.6", 22);
        play.ssh(flow, [300, 150], false, 0.4);
        play.pass(60.0);
    }
    let severities: Vec<_> = play.verdicts().iter().map(|f| f.severity).collect();
    assert_eq!(severities, [Some(Severity::Low); 2], "worth a look");
}

#[test]
fn a_patient_guesser_with_many_names() {
    let mut play = Play::new();
    for n in 0..60 {
        let flow = play.open("192.0.2.7", 143);
        play.text(flow, AppProto::Imap, &format!("user{n}"), false);
        play.pass(1_200.0);
    }
    let found = play.only();
    assert_eq!(found.severity, Some(Severity::Medium));
}

#[test]
fn scans_refusals_and_floods_are_no_tries() {
    let mut play = Play::new();
    for n in 0..2_000_u16 {
        let flow = play.open("192.0.2.7", n + 1);
        play.ended(flow, AppProto::Unknown, [0, 0], 0.0);
        let flow = play.open("192.0.2.7", 22);
        play.ended(flow, AppProto::Unknown, [0, 43], 0.1);
        let flow = play.open("192.0.2.8", 80);
        let plain = HttpRequest { authorization_scheme: None, ..basic("/") };
        play.http(flow, plain, 503, |_| {});
        play.pass(0.02);
    }
    assert_eq!(play.verdicts(), []);
}

#[test]
fn an_ordinary_user_who_errs_is_quiet() {
    let mut play = Play::new();
    for n in 0..5 {
        let flow = play.open("10.0.0.5", 22);
        play.ssh(flow, [400, 260], false, 12.0);
        let flow = play.open("10.0.0.5", 21);
        play.text(flow, AppProto::Ftp, "alice", n == 4);
        play.pass(15.0);
    }
    assert_eq!(play.verdicts(), []);
}

#[test]
fn the_tables_stay_bounded() {
    let mut play = Play::new();
    for n in 0..30_000 {
        let src = many(n).to_string();
        let flow = play.open_to(&src, &many(n + 7).to_string(), 22);
        play.says(flow, AppProto::Ssh, true, AppFact::SshEvent(SshEvent::Sealed([1, 1])));
        play.ended(flow, AppProto::Ssh, [300, 300], 1.0);
        let flow = play.open_to(&src, "10.0.0.9", 143);
        play.text(flow, AppProto::Imap, &src, false);
        assert!(play.script.detector().entries() <= SPEC.max_entries);
    }
}
