//! Line-based protocols: FTP, SMTP, POP3, IMAP, Telnet.

use super::FactSink;
use crate::flow::Side;
use crate::observation::AppFact;
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::app::mail::{Imap, Pop3, parse_smtp_client_line, parse_smtp_server_line};
use anomalyzer_wire::app::telnet::{TelnetLogin, visible};
use anomalyzer_wire::app::text::{Lines, TextEvent};
use anomalyzer_wire::app::{ftp, mail};

/// Lines of both directions and what the dialogue has come to.
#[derive(Debug)]
pub(super) struct LineState {
    lines: [Lines; 2],
    dialogue: Dialogue,
}

#[derive(Debug)]
enum Dialogue {
    Ftp,
    Smtp,
    Pop3(mail::Pop3),
    Imap(mail::Imap),
    Telnet(TelnetLogin),
}

impl LineState {
    pub(super) fn new(proto: AppProto) -> Self {
        let dialogue = match proto {
            AppProto::Smtp => Dialogue::Smtp,
            AppProto::Pop3 => Dialogue::Pop3(Pop3::default()),
            AppProto::Imap => Dialogue::Imap(Imap::default()),
            AppProto::Telnet => Dialogue::Telnet(TelnetLogin::default()),
            _ => Dialogue::Ftp,
        };
        Self { lines: [Lines::default(), Lines::default()], dialogue }
    }

    /// Takes the next bytes of a side; false when they are no text any more (STARTTLS).
    pub(super) fn feed(
        &mut self,
        side: Side,
        by_client: bool,
        data: &[u8],
        sink: &mut FactSink,
    ) -> bool {
        if matches!(data, [0x14..=0x17, 3, ..]) {
            return false;
        }
        let Some(lines) = self.lines.get_mut(side) else { return false };
        let dialogue = &mut self.dialogue;
        if let Dialogue::Telnet(login) = dialogue {
            return telnet(login, lines, by_client, data, sink);
        }
        lines.feed(data, |line| {
            if let Some(event) = event(dialogue, by_client, line) {
                sink.facts.push(AppFact::Text(Box::new(event)));
            }
        });
        true
    }
}

fn event(dialogue: &mut Dialogue, by_client: bool, line: &[u8]) -> Option<TextEvent> {
    match (dialogue, by_client) {
        (Dialogue::Ftp, true) => ftp::parse_client_line(line),
        (Dialogue::Ftp, false) => ftp::parse_server_line(line),
        (Dialogue::Smtp, true) => parse_smtp_client_line(line),
        (Dialogue::Smtp, false) => parse_smtp_server_line(line),
        (Dialogue::Pop3(pop), true) => pop.client_line(line),
        (Dialogue::Pop3(pop), false) => pop.server_line(line),
        (Dialogue::Imap(imap), true) => imap.client_line(line),
        (Dialogue::Imap(imap), false) => imap.server_line(line),
        // Read by `telnet`.
        (Dialogue::Telnet(_), _) => None,
    }
}

/// Commands of Telnet are taken out first; prompts end without a line end. False when the login
/// is over: a session behind it is not read.
fn telnet(
    login: &mut TelnetLogin,
    lines: &mut Lines,
    by_client: bool,
    data: &[u8],
    sink: &mut FactSink,
) -> bool {
    let (text, _) = visible(data);
    let mut tell = |event: Option<TextEvent>| {
        sink.facts.extend(event.map(|event| AppFact::Text(Box::new(event))));
    };
    if by_client {
        // Many clients end a line with a carriage return alone (its null byte is taken out).
        let ended: Vec<u8> = text.iter().map(|b| if *b == b'\r' { b'\n' } else { *b }).collect();
        lines.feed(&ended, |line| tell(login.client_line(line)));
    } else {
        lines.feed(&text, |line| tell(login.server_line(line)));
        tell(login.prompt(lines.pending()));
    }
    login.goes_on()
}
