//! Password guessing: many short sessions that all fail.

use super::target::{Attacker, repeat};
use super::{Launch, Origin, Stage};
use crate::actor::{MILLI, SECOND};
use crate::build::http;
use crate::build::{login, smb2, ssh};
use crate::net;
use crate::rng::Rng;
use crate::session::{Road, Side, Step, TcpSession};
use crate::world::{FILES, HostId, LINUX, WEB};

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
