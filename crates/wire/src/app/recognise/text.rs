//! TCP protocols whose first line is text.

#![allow(clippy::match_same_arms, reason = "one arm for each kind of message")]
#![allow(clippy::enum_glob_use, reason = "tables of protocols read best without a prefix")]

use super::Look::{self, Is, Maybe, No, Short};
use crate::app::AppProto::*;
use crate::app::read::{contains_no_case, find, split_line, starts_no_case};
use crate::app::text::reply_code;

/// How much of a first line is looked at.
const LINE_MAX: usize = 4096;

/// What the first line of one direction tells.
pub(super) fn look(bytes: &[u8], port: u16) -> Look {
    if let told @ (Is(_) | Maybe(_)) = by_magic(bytes) {
        return told;
    }
    let head = bytes.get(..LINE_MAX).unwrap_or(bytes);
    let line = split_line(head).map(|(line, _)| line);
    match bytes.first() {
        Some(b'0'..=b'9') => match line.and_then(reply_code) {
            Some(code) => greeting(code, line.unwrap_or_default(), port),
            None => imap_command(line.unwrap_or_default(), port),
        },
        Some(b'A'..=b'Z' | b'a'..=b'z') => request(head, line, port),
        Some(b'*' | b'+' | b'-' | b'$') => marked(head, port),
        Some(b'<') => angle(head),
        Some(b'{') => json(head),
        Some(b':') if find(line.unwrap_or_default(), b" NOTICE ").is_some() => Is(Irc),
        Some(b':') if find(line.unwrap_or_default(), b" 001 ").is_some() => Is(Irc),
        _ if port == 23 && contains_no_case(head, b"login:") => Is(Telnet),
        _ if contains_no_case(head, b"\nlogin: ") => Maybe(Telnet),
        _ if bytes.len() < 4 => Short,
        _ => No,
    }
}

/// Openings that no other protocol has.
fn by_magic(bytes: &[u8]) -> Look {
    const MAGIC: [(&[u8], Look); 22] = [
        (b"CONNECT {", Is(Nats)),
        (b"INFO {", Is(Nats)),
        (b"SSH-", Is(Ssh)),
        (b"HTTP/1.", Is(Http)),
        (b"PRI * HTTP/2.0", Is(Http2)),
        (b"RFB 00", Is(Vnc)),
        (b"RTSP/1.", Is(Rtsp)),
        (b"SIP/2.0 ", Is(Sip)),
        (b"AMQP\0", Is(Amqp)),
        (b"AMQP\x01", Is(Amqp)),
        (b"AMQP\x02", Is(Amqp)),
        (b"AMQP\x03", Is(Amqp)),
        (b"@RSYNCD: ", Is(Rsync)),
        (b"GNUTELLA ", Is(Gnutella)),
        (b"HELF", Is(Opcua)),
        (b"ACKF", Is(Opcua)),
        (b"OPNF", Is(Opcua)),
        (b"NOTICE AUTH", Is(Irc)),
        (b"CAP LS", Is(Irc)),
        (b"NICK ", Is(Irc)),
        (b"ICY 200", Is(Http)),
        (b"BitTorrent", Maybe(Bittorrent)),
    ];
    if matches!(bytes, [_, _, _, _, b'g', b'i', b't', b'-', ..])
        && bytes.iter().take(4).all(u8::is_ascii_hexdigit)
    {
        return Is(Git);
    }
    // An error or an authentication request of a PostgreSQL server.
    if matches!(bytes, [b'R', 0, 0, 0, 8..=255, 0, 0, 0, 0..=12, ..] | [b'E', 0, 0, _, _, b'S', ..])
    {
        return Is(Postgres);
    }
    MAGIC.iter().find(|(head, _)| bytes.starts_with(head)).map_or(No, |(_, look)| *look)
}

/// A three-digit greeting: FTP, SMTP or NNTP by its words, else by port.
fn greeting(code: u16, line: &[u8], port: u16) -> Look {
    let says = |word: &[u8]| contains_no_case(line, word);
    match code {
        220 | 421 | 554 if says(b"smtp") || says(b"postfix") || says(b"sendmail") => Is(Smtp),
        220 | 421 | 120 if says(b"ftp") || says(b"filezilla") => Is(Ftp),
        200 | 201 | 400 if says(b"nntp") || says(b"news") => Is(Nntp),
        200 | 201 if port == 119 => Is(Nntp),
        220 | 421 | 554 if matches!(port, 25 | 465 | 587 | 2525) => Maybe(Smtp),
        220 | 421 | 120 if says(b"mail") && port != 21 => Maybe(Smtp),
        220 | 421 | 120 | 230 | 331 | 530 => Maybe(Ftp),
        250 | 354 | 550 | 553 => Maybe(Smtp),
        _ => No,
    }
}

/// A client's first words.
fn request(head: &[u8], line: Option<&[u8]>, port: u16) -> Look {
    let shown = line.unwrap_or(head);
    // The version ends the line; of a line that is not whole yet it may still come.
    let version = |name: &[u8]| {
        let line_end = line.map(<[u8]>::trim_ascii_end)?;
        line_end.get(line_end.len().checked_sub(name.len() + 1)?..)?.strip_prefix(name)
    };
    if version(b" HTTP/1.").is_some() {
        return Is(Http);
    }
    if version(b" RTSP/1.").is_some() {
        return Is(Rtsp);
    }
    if version(b" SIP/2.").is_some() {
        return Is(Sip);
    }
    if let told @ (Is(_) | Maybe(_)) = command(shown, line.is_some(), port) {
        return told;
    }
    if find(head, b"\nlogin: ").is_some() || (port == 23 && contains_no_case(head, b"login:")) {
        return Maybe(Telnet);
    }
    match imap_command(shown, port) {
        No if line.is_none() && head.len() < LINE_MAX => Short,
        told => told,
    }
}

fn command(shown: &[u8], whole: bool, port: u16) -> Look {
    const HTTP: [&[u8]; 18] = [
        b"GET ",
        b"POST ",
        b"HEAD ",
        b"PUT ",
        b"DELETE ",
        b"OPTIONS ",
        b"CONNECT ",
        b"TRACE ",
        b"PATCH ",
        b"PROPFIND ",
        b"PROPPATCH ",
        b"MKCOL ",
        b"COPY ",
        b"MOVE ",
        b"LOCK ",
        b"UNLOCK ",
        b"REPORT ",
        b"SEARCH ",
    ];
    const MEMCACHED: [&[u8]; 6] = [b"get ", b"gets ", b"stats", b"version", b"set ", b"VERSION "];
    let is = |head: &[u8]| starts_no_case(shown, head);
    if is(b"EHLO ") || is(b"HELO ") || is(b"LHLO ") || is(b"MAIL FROM:") {
        return Is(Smtp);
    }
    if let Some(method) = HTTP.iter().find(|method| shown.starts_with(method)) {
        let target = shown.get(method.len()..).unwrap_or_default();
        let rooted = matches!(target.first(), Some(b'/' | b'h' | b'*'));
        // HTTP/0.9 has no version; a long target has none yet.
        return if whole && rooted && method.starts_with(b"GET") { Is(Http) } else { Maybe(Http) };
    }
    if is(b"USER ") || is(b"PASS ") || is(b"AUTH ") || is(b"CAPA") || is(b"FEAT") {
        return match port {
            110 | 995 => Maybe(Pop3),
            25 | 587 => Maybe(Smtp),
            6660..=6669 | 7000 => Maybe(Irc),
            _ if is(b"CAPA") => Maybe(Pop3),
            // IRC: USER name mode unused :real name.
            _ if is(b"USER ") && find(shown, b" :").is_some() => Maybe(Irc),
            _ => Maybe(Ftp),
        };
    }
    if port == 11211 && MEMCACHED.iter().any(|word| shown.starts_with(word)) {
        return Is(Memcached);
    }
    if port == 6379 && (is(b"PING") || is(b"INFO") || is(b"AUTH")) {
        return Maybe(Redis);
    }
    No
}

/// `tag VERB ...` of an IMAP client.
fn imap_command(line: &[u8], port: u16) -> Look {
    const VERBS: [&[u8]; 6] =
        [b"LOGIN ", b"CAPABILITY", b"AUTHENTICATE ", b"STARTTLS", b"ID (", b"ID NIL"];
    let Some(space) = line.iter().take(20).position(|byte| *byte == b' ') else { return No };
    let verb = line.get(space + 1..).unwrap_or_default();
    if !VERBS.iter().any(|known| starts_no_case(verb, known)) {
        return No;
    }
    if port == 143 { Is(Imap) } else { Maybe(Imap) }
}

/// `*`, `+`, `-` and `$` open IMAP, POP3 and Redis answers.
fn marked(head: &[u8], port: u16) -> Look {
    match head {
        [b'*', b' ', ..] if contains_no_case(head, b"imap") => Is(Imap),
        [b'*', b' ', b'O' | b'P' | b'B', ..] => Maybe(Imap),
        [b'*', b'0'..=b'9', ..] if find(head, b"\r\n$").is_some() => Is(Redis),
        [b'+', b'P', b'O', b'N', b'G', ..] => Is(Redis),
        [b'+', b'O', b'K', b' ', ..] if port != 6379 => Is(Pop3),
        [b'+', b'O', b'K', ..] | [b'-', b'E', b'R', b'R', ..] => match port {
            110 | 995 => Is(Pop3),
            6379 => Is(Redis),
            _ => Maybe(Redis),
        },
        [b'-', b'N', b'O', b'A', b'U', b'T', b'H', ..] => Is(Redis),
        _ if head.len() < 4 => Short,
        _ => No,
    }
}

/// Miners' JSON: `mining.` methods, or the `login` of Monero's kind.
fn json(head: &[u8]) -> Look {
    let start = head.get(..256).unwrap_or(head);
    let says = |word: &[u8]| find(start, word).is_some();
    if says(b"\"mining.") || (says(b"\"login\"") && says(b"\"method\"") && says(b"\"params\"")) {
        Is(Stratum)
    } else {
        No
    }
}

fn angle(head: &[u8]) -> Look {
    let start = head.get(..512).unwrap_or(head);
    if find(start, b"<stream:stream").is_some() || find(start, b"jabber:").is_some() {
        Is(Xmpp)
    } else if starts_no_case(head, b"<?xml") && head.len() < 512 {
        Short
    } else {
        No
    }
}
