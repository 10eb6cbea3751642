//! Mail: SMTP submission (RFC 5321) and IMAP (RFC 9051), in clear as inside a small office.

use crate::actor::MILLI;
use crate::rng::Rng;
use crate::session::{Side, Step};

fn line(side: Side, text: &str) -> Step {
    Step::Send(side, format!("{text}\r\n").into_bytes())
}

/// A server line, client line dialogue.
fn dialogue(lines: &[(Side, &str)]) -> Vec<Step> {
    lines.iter().flat_map(|(side, text)| [Step::Wait(MILLI), line(*side, text)]).collect()
}

/// A mail of `size` bytes of text from `user` to `to`.
pub fn submit(rng: &mut Rng, user: &str, to: &str, size: u64) -> Vec<Step> {
    use Side::{Client, Server};
    let mut steps = dialogue(&[
        (Server, "220 mail.office.example ESMTP"),
        (Client, "EHLO station.office.example"),
        (Server, "250-mail.office.example\r\n250-SIZE 52428800\r\n250 8BITMIME"),
        (Client, &format!("MAIL FROM:<{user}@office.example>")),
        (Server, "250 2.1.0 Ok"),
        (Client, &format!("RCPT TO:<{to}>")),
        (Server, "250 2.1.5 Ok"),
        (Client, "DATA"),
        (Server, "354 End data with <CR><LF>.<CR><LF>"),
    ]);
    let mut text = format!(
        "From: {user}@office.example\r\nTo: {to}\r\nSubject: {}\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain\r\n\r\n",
        rng.pick(&["Minutes", "Offer", "Question", "Lunch", "Re: Plan", "Figures"])
    )
    .into_bytes();
    text.extend_from_slice(&prose(rng, size));
    text.extend_from_slice(b".\r\n");
    steps.push(Step::Send(Client, text));
    steps.extend(dialogue(&[
        (Server, "250 2.0.0 Ok: queued"),
        (Client, "QUIT"),
        (Server, "221 2.0.0 Bye"),
    ]));
    steps.push(Step::Close(Client));
    steps
}

/// A look into the mailbox that finds `sizes` new mails.
pub fn poll(rng: &mut Rng, user: &str, sizes: &[u64]) -> Vec<Step> {
    use Side::{Client, Server};
    let count =
        format!("* {} EXISTS\r\n* 0 RECENT\r\na2 OK [READ-WRITE] Select completed.", sizes.len());
    let mut steps = dialogue(&[
        (Server, "* OK [CAPABILITY IMAP4rev1 IDLE] ready."),
        (Client, &format!("a1 LOGIN {user} kept-in-the-keyring")),
        (Server, "a1 OK Logged in"),
        (Client, "a2 SELECT INBOX"),
        (Server, &count),
    ]);
    for (index, size) in sizes.iter().enumerate() {
        let tag = index + 3;
        steps.push(line(Client, &format!("a{tag} FETCH {} BODY[]", index + 1)));
        let text = prose(rng, *size);
        let head = format!("* {} FETCH (BODY[] {{{}}}\r\n", index + 1, text.len());
        let tail = format!(")\r\na{tag} OK Fetch completed.\r\n");
        steps.push(Step::Send(Server, [head.as_bytes(), &text, tail.as_bytes()].concat()));
    }
    steps.extend(dialogue(&[
        (Client, "a99 LOGOUT"),
        (Server, "* BYE Logging out\r\na99 OK Logout completed."),
    ]));
    steps.push(Step::Close(Client));
    steps
}

/// About `size` bytes of lines of harmless words.
pub fn prose(rng: &mut Rng, size: u64) -> Vec<u8> {
    const WORDS: [&str; 24] = [
        "the", "meeting", "about", "our", "figures", "moved", "to", "monday", "please", "bring",
        "paper", "and", "coffee", "thanks", "we", "will", "send", "it", "later", "with", "new",
        "offer", "from", "sales",
    ];
    let mut text = String::with_capacity(size as usize + 80);
    let mut column = 0;
    while (text.len() as u64) < size {
        let word = *rng.pick(&WORDS);
        text.push_str(word);
        column += word.len() + 1;
        if column > 66 {
            text.push_str("\r\n");
            column = 0;
        } else {
            text.push(' ');
        }
    }
    text.push_str("\r\n");
    text.into_bytes()
}
