//! Password guessing: many short sessions that all fail.

use super::target::{Attacker, repeat};
use super::{Launch, Origin, Stage, ddos};
use crate::actor::{MICRO, MILLI, SECOND};
use crate::build::http;
use crate::build::{dcerpc, kerberos, login, smb2, ssh, udp};
use crate::net;
use crate::rng::Rng;
use crate::session::{Road, Side, Step, TcpSession};
use crate::world::{DNS, FILES, HostId, LINUX, MAIL, WEB};

/// What a guessed session looks like: its script by number of the guess.
type Script = fn(&mut Rng, u32) -> Vec<Step>;

const PASSWORDS: [&str; 8] =
    ["123456", "admin", "password", "root", "qwerty", "letmein", "office1", "welcome"];

pub(super) fn ssh(stage: &mut Stage) -> Vec<Launch> {
    let script: Script = |rng, _| ssh::failed_login(rng, "SSH-2.0-libssh_0.10.6", 1);
    guess(stage, (WEB, 22), 80, SECOND, script)
}

pub(super) fn ftp(stage: &mut Stage) -> Vec<Launch> {
    let script: Script = |rng, index| login::ftp_failed(rng, "admin", password(index));
    guess(stage, (WEB, 21), 80, 700 * MILLI, script)
}

pub(super) fn telnet(stage: &mut Stage) -> Vec<Launch> {
    let script: Script = |rng, index| login::telnet_failed(rng, "root", password(index));
    guess(stage, (WEB, 23), 60, 900 * MILLI, script)
}

pub(super) fn rdp(stage: &mut Stage) -> Vec<Launch> {
    let script: Script = |rng, _| login::rdp_failed(rng, "administrator");
    guess(stage, (WEB, 3_389), 60, SECOND, script)
}

pub(super) fn smb(stage: &mut Stage) -> Vec<Launch> {
    let script: Script = |rng, _| smb2::failed_login(rng, "administrator");
    guess(stage, (FILES, 445), 80, 300 * MILLI, script)
}

pub(super) fn smtp(stage: &mut Stage) -> Vec<Launch> {
    let script: Script = |rng, _| login::smtp_failed(rng);
    guess(stage, (MAIL, 25), 60, SECOND, script)
}

pub(super) fn pop3(stage: &mut Stage) -> Vec<Launch> {
    let script: Script = |rng, index| login::pop3_failed(rng, "info", password(index));
    guess(stage, (MAIL, 110), 60, SECOND, script)
}

pub(super) fn imap(stage: &mut Stage) -> Vec<Launch> {
    let script: Script = |rng, index| login::imap_failed(rng, "info", password(index));
    guess(stage, (MAIL, 143), 60, SECOND, script)
}

/// Tries to get around the authentication of Netlogon with proofs of zeros.
pub(super) fn dcerpc(stage: &mut Stage) -> Vec<Launch> {
    let script: Script = |rng, _| dcerpc::refused_netlogon(rng);
    guess(stage, (DNS, 49_668), 400, 25 * MILLI, script)
}

/// Guesses the right password in the end.
pub(super) fn ssh_breach(stage: &mut Stage) -> Vec<Launch> {
    const TRIES: u32 = 60;
    let script: Script = |rng, index| {
        let client = "SSH-2.0-libssh_0.10.6";
        if index + 1 < TRIES {
            ssh::failed_login(rng, client, 1)
        } else {
            ssh::one_command(rng, client, 400)
        }
    };
    guess(stage, (WEB, 22), TRIES, SECOND, script)
}

/// One password for each of many names.
pub(super) fn kerberos_spray(stage: &mut Stage) -> Vec<Launch> {
    const USERS: [&str; 12] = [
        "administrator",
        "alice",
        "backup",
        "bob",
        "carol",
        "dave",
        "guest",
        "info",
        "office",
        "sales",
        "scanner",
        "support",
    ];
    let attacker = Attacker::of(stage, Origin::Inside);
    let target = stage.world.hosts[DNS].peer(88);
    let act = repeat(stage.rng, USERS.len() as u32, 200 * MILLI, move |cx, rng, index| {
        if let Some(host) = attacker.host {
            net::neighbour(cx, host, DNS, false);
        }
        let user = USERS[index as usize % USERS.len()];
        let code = if index % 3 == 0 { kerberos::UNKNOWN } else { kerberos::WRONG_PASSWORD };
        let from = attacker.peer.port(50_000 + index as u16);
        let ask = kerberos::request(user, rng.next_u64() as u32);
        cx.emit(0, udp::datagram(&from, &target, 0, &ask));
        let delay = attacker.rtt + 600 * MICRO;
        cx.emit(delay, udp::datagram(&target, &from, 0, &kerberos::refusal(code)));
    });
    vec![Launch::new(&attacker.peer.ip, &target.ip, "12 names", act)]
}

/// Many bots, three tries each.
pub(super) fn distributed(stage: &mut Stage) -> Vec<Launch> {
    const BOTS: u32 = 60;
    let target = stage.world.hosts[WEB].peer(22);
    let act = repeat(stage.rng, 3 * BOTS, 700 * MILLI, move |cx, rng, index| {
        let from = ddos::source(cx, index % BOTS, 34_000 + index as u16);
        let steps = ssh::failed_login(rng, "SSH-2.0-Go", 1);
        let road = Road { rtt: 600 * MICRO, ..Road::LAN };
        cx.spawn(0, TcpSession::new((from, LINUX), (target, LINUX), road, steps, rng.fork()));
    });
    vec![Launch::new(&"many", &target.ip, "180 sessions of 60 bots", act)]
}

/// Log-in forms posted to the web server, answered 401.
pub(super) fn http(stage: &mut Stage) -> Vec<Launch> {
    let script: Script = |rng, index| {
        let body = format!("user=admin&password={}", password(index));
        let kind = "application/x-www-form-urlencoded";
        let agent = http::AGENTS[1];
        vec![
            Step::Send(
                Side::Client,
                http::post("www.office.example", "/login", agent, kind, body.as_bytes()),
            ),
            Step::Wait(rng.span(30 * MILLI, 90 * MILLI)),
            Step::Send(
                Side::Server,
                http::response("401 Unauthorized", "text/plain", "wrong user or password\n"),
            ),
            Step::Close(Side::Client),
        ]
    };
    guess(stage, (WEB, 80), 120, 250 * MILLI, script)
}

fn password(index: u32) -> &'static str {
    PASSWORDS[index as usize % PASSWORDS.len()]
}

fn guess(
    stage: &mut Stage,
    (victim, port): (HostId, u16),
    tries: u32,
    gap: i64,
    script: Script,
) -> Vec<Launch> {
    let attacker = Attacker::of(stage, Origin::Outside);
    let target = stage.world.hosts[victim].peer(port);
    let act = repeat(stage.rng, tries, gap, move |cx, rng, index| {
        if let Some(host) = attacker.host {
            net::neighbour(cx, host, victim, false);
        }
        let from = attacker.peer.port(34_000 + index as u16 * 7);
        let road = Road { rtt: attacker.rtt, ..Road::LAN };
        let steps = script(rng, index);
        let ends = ((from, attacker.stack), (target, LINUX));
        cx.spawn(0, TcpSession::new(ends.0, ends.1, road, steps, rng.fork()));
    });
    vec![Launch::new(&attacker.peer.ip, &target.ip, format!("{tries} sessions"), act)]
}
