//! Short log-in dialogues: FTP (RFC 959), Telnet (RFC 854), mail (RFC 4954, RFC 1939, RFC 9051) and
//! the start of RDP ([MS-RDPBCGR]).

use super::tls::{self, Hello};
use crate::actor::MILLI;
use crate::rng::Rng;
use crate::session::{Fill, Side, Step};

fn line(side: Side, text: &str) -> Step {
    Step::Send(side, format!("{text}\r\n").into_bytes())
}

/// An FTP log-in that is refused.
pub fn ftp_failed(rng: &mut Rng, user: &str, password: &str) -> Vec<Step> {
    vec![
        Step::Wait(2 * MILLI),
        line(Side::Server, "220 FTP server ready."),
        line(Side::Client, &format!("USER {user}")),
        line(Side::Server, "331 Please specify the password."),
        line(Side::Client, &format!("PASS {password}")),
        Step::Wait(rng.span(200 * MILLI, 600 * MILLI)),
        line(Side::Server, "530 Login incorrect."),
        Step::Close(Side::Client),
    ]
}

/// An SMTP log-in that is refused. What the client proves is not what anybody's password is.
pub fn smtp_failed(rng: &mut Rng) -> Vec<Step> {
    vec![
        Step::Wait(2 * MILLI),
        line(Side::Server, "220 mail.office.example ESMTP"),
        line(Side::Client, "EHLO client"),
        line(Side::Server, "250-mail.office.example\r\n250 AUTH PLAIN LOGIN"),
        line(Side::Client, "AUTH PLAIN AGFkbWluADEyMzQ1Ng=="),
        Step::Wait(rng.span(200 * MILLI, 600 * MILLI)),
        line(Side::Server, "535 5.7.8 Authentication credentials invalid"),
        line(Side::Client, "QUIT"),
        line(Side::Server, "221 2.0.0 Bye"),
        Step::Close(Side::Client),
    ]
}

/// A POP3 log-in that is refused.
pub fn pop3_failed(rng: &mut Rng, user: &str, password: &str) -> Vec<Step> {
    vec![
        Step::Wait(2 * MILLI),
        line(Side::Server, "+OK POP3 ready"),
        line(Side::Client, &format!("USER {user}")),
        line(Side::Server, "+OK"),
        line(Side::Client, &format!("PASS {password}")),
        Step::Wait(rng.span(200 * MILLI, 600 * MILLI)),
        line(Side::Server, "-ERR [AUTH] Authentication failed."),
        Step::Close(Side::Client),
    ]
}

/// An IMAP log-in that is refused.
pub fn imap_failed(rng: &mut Rng, user: &str, password: &str) -> Vec<Step> {
    vec![
        Step::Wait(2 * MILLI),
        line(Side::Server, "* OK [CAPABILITY IMAP4rev1] ready."),
        line(Side::Client, &format!("a1 LOGIN {user} {password}")),
        Step::Wait(rng.span(200 * MILLI, 600 * MILLI)),
        line(Side::Server, "a1 NO [AUTHENTICATIONFAILED] Authentication failed."),
        Step::Close(Side::Client),
    ]
}

/// A Telnet log-in that is refused.
pub fn telnet_failed(rng: &mut Rng, user: &str, password: &str) -> Vec<Step> {
    let negotiation = vec![255, 253, 24, 255, 253, 32, 255, 253, 35, 255, 253, 39];
    let refusal = vec![255, 252, 24, 255, 252, 32, 255, 252, 35, 255, 252, 39];
    vec![
        Step::Send(Side::Server, negotiation),
        Step::Send(Side::Client, refusal),
        Step::Send(Side::Server, b"\r\nrouter login: ".to_vec()),
        line(Side::Client, user),
        Step::Send(Side::Server, b"Password: ".to_vec()),
        line(Side::Client, password),
        Step::Wait(rng.span(300 * MILLI, 800 * MILLI)),
        Step::Send(Side::Server, b"\r\nLogin incorrect\r\n".to_vec()),
        Step::Close(Side::Client),
    ]
}

/// An RDP connection that asks for TLS and ends after the credentials were refused.
pub fn rdp_failed(rng: &mut Rng, user: &str) -> Vec<Step> {
    let cookie = format!("Cookie: mstshash={user}\r\n");
    let length = 11 + cookie.len() + 8;
    let mut request = vec![3, 0, 0, length as u8, (length - 5) as u8, 0xe0, 0, 0, 0, 0, 0];
    request.extend_from_slice(cookie.as_bytes());
    request.extend_from_slice(&[1, 0, 8, 0, 3, 0, 0, 0]);
    let confirm = vec![3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 0x1f, 8, 0, 2, 0, 0, 0];
    let mut steps = vec![
        Step::Send(Side::Client, request),
        Step::Wait(MILLI),
        Step::Send(Side::Server, confirm),
    ];
    steps.extend(tls::handshake(
        rng,
        Hello { name: "www.office.example", tls13: false, alpn: "rdp" },
    ));
    for (side, size) in [(Side::Client, 170), (Side::Server, 340), (Side::Client, 700)] {
        steps.push(Step::Bulk(side, Fill::Tls, size));
    }
    steps.push(Step::Wait(rng.span(100 * MILLI, 400 * MILLI)));
    steps.push(Step::Bulk(Side::Server, Fill::Tls, 90));
    steps.push(Step::Close(Side::Server));
    steps
}
