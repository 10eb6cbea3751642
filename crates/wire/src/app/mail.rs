//! SMTP, POP3 and IMAP control lines: verbs, replies and what they say about logins.
//!
//! SMTP's replies speak for themselves. POP3 and IMAP answer `OK` to everything, so those two
//! remember in a small state which answer is due to a login.

use super::read::split_word;
use super::text::{Login, TextEvent, TextKind, reply_code};

/// One line that an SMTP client sent; `None` when it holds no command (mail text, encoded
/// credentials).
pub fn parse_smtp_client_line(line: &[u8]) -> Option<TextEvent> {
    const VERBS: [&[u8]; 13] = [
        b"HELO",
        b"EHLO",
        b"MAIL",
        b"RCPT",
        b"DATA",
        b"RSET",
        b"NOOP",
        b"QUIT",
        b"VRFY",
        b"EXPN",
        b"HELP",
        b"AUTH",
        b"STARTTLS",
    ];
    let (verb, _) = split_word(line);
    VERBS.iter().find(|known| verb.eq_ignore_ascii_case(known))?;
    let login = verb.eq_ignore_ascii_case(b"AUTH").then_some(Login::PassGiven);
    Some(TextEvent::command(verb, login, None))
}

/// One line that an SMTP server sent; 235 accepts a login, 535 and its kin refuse one (RFC 4954
/// section 6).
pub fn parse_smtp_server_line(line: &[u8]) -> Option<TextEvent> {
    let code = reply_code(line)?;
    let login = match code {
        235 => Some(Login::Success),
        454 | 534 | 535 => Some(Login::Failure),
        _ => None,
    };
    Some(TextEvent::answer(TextKind::Reply(code), login))
}

/// POP3 (RFC 1939): one per connection, fed with the lines of both directions in order.
#[derive(Clone, Debug, Default)]
pub struct Pop3 {
    login_due: bool,
}

impl Pop3 {
    /// One line that the client sent.
    pub fn client_line(&mut self, line: &[u8]) -> Option<TextEvent> {
        let (verb, argument) = split_word(line);
        if !(3..=4).contains(&verb.len()) || !verb.iter().all(u8::is_ascii_alphabetic) {
            return None;
        }
        let is = |name: &[u8]| verb.eq_ignore_ascii_case(name);
        self.login_due = is(b"PASS") || is(b"APOP") || is(b"AUTH");
        Some(if is(b"USER") {
            TextEvent::command(verb, Some(Login::UserGiven), Some(argument))
        } else if is(b"APOP") {
            TextEvent::command(verb, Some(Login::PassGiven), Some(split_word(argument).0))
        } else {
            TextEvent::command(verb, self.login_due.then_some(Login::PassGiven), None)
        })
    }

    /// One line that the server sent.
    pub fn server_line(&mut self, line: &[u8]) -> Option<TextEvent> {
        let good = line.starts_with(b"+OK");
        if !good && !line.starts_with(b"-ERR") {
            return None;
        }
        let due = std::mem::take(&mut self.login_due);
        let login = due.then_some(if good { Login::Success } else { Login::Failure });
        Some(TextEvent::answer(TextKind::Status(good), login))
    }
}

/// The longest IMAP tag that is remembered.
const TAG_MAX: usize = 32;

/// IMAP (RFC 9051): one per connection, fed with the lines of both directions in order.
#[derive(Clone, Debug, Default)]
pub struct Imap {
    login_tag: Vec<u8>,
}

impl Imap {
    /// One line that the client sent.
    pub fn client_line(&mut self, line: &[u8]) -> Option<TextEvent> {
        let (tag, command) = split_word(line);
        let (verb, arguments) = split_word(command);
        if tag.len() > TAG_MAX || verb.len() < 3 || !verb.iter().all(u8::is_ascii_alphabetic) {
            return None;
        }
        let login = verb.eq_ignore_ascii_case(b"LOGIN");
        if !login && !verb.eq_ignore_ascii_case(b"AUTHENTICATE") {
            return Some(TextEvent::command(verb, None, None));
        }
        self.login_tag = tag.to_vec();
        let user = login.then(|| unquoted(split_word(arguments).0));
        Some(TextEvent::command(verb, Some(Login::PassGiven), user))
    }

    /// One line that the server sent.
    pub fn server_line(&mut self, line: &[u8]) -> Option<TextEvent> {
        let (tag, answer) = split_word(line);
        let (word, _) = split_word(answer);
        let good = word.eq_ignore_ascii_case(b"OK");
        if !good && !word.eq_ignore_ascii_case(b"NO") && !word.eq_ignore_ascii_case(b"BAD") {
            return None;
        }
        let due = !self.login_tag.is_empty() && tag == self.login_tag;
        if due {
            self.login_tag.clear();
        }
        let login = due.then_some(if good { Login::Success } else { Login::Failure });
        Some(TextEvent::answer(TextKind::Status(good), login))
    }
}

fn unquoted(word: &[u8]) -> &[u8] {
    word.strip_prefix(b"\"").and_then(|w| w.strip_suffix(b"\"")).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smtp_login() {
        let auth = parse_smtp_client_line(b"AUTH PLAIN AGpvZQBzZWNyZXQ=").unwrap();
        assert_eq!(auth.login, Some(Login::PassGiven));
        assert!(!format!("{auth:?}").contains("AGpv"));
        assert_eq!(parse_smtp_client_line(b"AGpvZQBzZWNyZXQ="), None);
        let login = |line: &[u8]| parse_smtp_server_line(line).unwrap().login;
        assert_eq!(login(b"235 2.7.0 Accepted"), Some(Login::Success));
        assert_eq!(login(b"535 5.7.8 bad"), Some(Login::Failure));
        assert_eq!(login(b"250-SIZE"), None);
    }

    #[test]
    fn pop3_login_is_the_answer_to_pass() {
        let mut pop = Pop3::default();
        assert_eq!(pop.server_line(b"+OK ready").unwrap().login, None);
        assert_eq!(pop.client_line(b"USER bob").unwrap().user.unwrap().as_bytes(), b"bob");
        assert_eq!(pop.server_line(b"+OK").unwrap().login, None);
        let pass = pop.client_line(b"PASS s3cret").unwrap();
        assert!(pass.login == Some(Login::PassGiven) && !format!("{pass:?}").contains("s3cret"));
        assert_eq!(pop.server_line(b"-ERR no").unwrap().login, Some(Login::Failure));
        pop.client_line(b"PASS again");
        assert_eq!(pop.server_line(b"+OK 3 messages").unwrap().login, Some(Login::Success));
        assert_eq!(pop.server_line(b"+OK").unwrap().login, None);
    }

    #[test]
    fn imap_login_is_the_answer_with_its_tag() {
        let mut imap = Imap::default();
        assert_eq!(imap.server_line(b"* OK IMAP4rev1").unwrap().login, None);
        let event = imap.client_line(b"a1 LOGIN \"carol\" \"pw\"").unwrap();
        assert_eq!(event.user.as_ref().unwrap().as_bytes(), b"carol");
        assert!(!format!("{event:?}").contains("pw\""));
        assert_eq!(imap.server_line(b"a0 OK other").unwrap().login, None);
        assert_eq!(imap.server_line(b"a1 NO denied").unwrap().login, Some(Login::Failure));
        imap.client_line(b"a2 LOGIN carol pw2");
        assert_eq!(imap.server_line(b"a2 OK done").unwrap().login, Some(Login::Success));
    }
}
