//! Telnet (RFC 854): option negotiation taken out, prompts and outcomes of a login found in what
//! is left.

use super::read::contains_no_case;
use super::text::{Login, TextEvent, TextKind, USER_MAX};
use crate::HostileStr;

/// The longest text that [`visible`] keeps.
const VISIBLE_MAX: usize = 4096;

const IAC: u8 = 255;
const SB: u8 = 250;
const SE: u8 = 240;

/// What a piece of one direction shows on a screen: the bytes without Telnet commands, at most
/// 4,096 of them, and how many commands there were. Escaped 255 bytes are dropped with them.
pub fn visible(bytes: &[u8]) -> (Vec<u8>, usize) {
    let (mut text, mut commands) = (Vec::new(), 0);
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != IAC {
            if text.len() < VISIBLE_MAX && *first != 0 {
                text.push(*first);
            }
            continue;
        }
        commands += 1;
        rest = match rest {
            // WILL, WONT, DO, DONT and their option.
            [251..=254, _, after @ ..] => after,
            [SB, after @ ..] => behind_subnegotiation(after),
            [IAC, after @ ..] => {
                commands -= 1;
                after
            }
            [_, after @ ..] => after,
            [] => rest,
        };
    }
    (text, commands)
}

fn behind_subnegotiation(bytes: &[u8]) -> &[u8] {
    match bytes.windows(2).position(|pair| pair == [IAC, SE]) {
        Some(end) => bytes.get(end + 2..).unwrap_or_default(),
        None => &[],
    }
}

/// A line or an unfinished prompt of the server (Telnet commands taken out); `None` when it says
/// nothing about a login. The words are those of common login programs and devices.
pub fn parse_server_line(line: &[u8]) -> Option<TextEvent> {
    const REFUSED: [&[u8]; 8] = [
        b"login incorrect",
        b"login failed",
        b"logon failure",
        b"authentication fail",
        b"access denied",
        b"invalid password",
        b"bad password",
        b"wrong password",
    ];
    const ACCEPTED: [&[u8]; 3] = [b"last login", b"login successful", b"welcome to"];
    let says = |words: &[&[u8]]| words.iter().any(|word| contains_no_case(line, word));
    let line_end = line.trim_ascii_end();
    let asks = |word: &[u8]| {
        line_end.len() >= word.len()
            && line_end
                .get(line_end.len() - word.len()..)
                .is_some_and(|end| end.eq_ignore_ascii_case(word))
    };
    let login = if says(&REFUSED) {
        Login::Failure
    } else if asks(b"password:") {
        // The prompt follows the name that the client sent.
        Login::UserGiven
    } else if says(&ACCEPTED) && !asks(b"login:") {
        Login::Success
    } else {
        return None;
    };
    Some(TextEvent::answer(TextKind::Text, Some(login)))
}

/// A log-in dialogue: one per connection, fed with the lines and prompts of both directions in
/// order. The password is taken note of, never kept.
#[derive(Clone, Debug, Default)]
pub struct TelnetLogin {
    asked: Asked,
    given: bool,
    over: bool,
}

/// What the server asked for last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Asked {
    #[default]
    Nothing,
    User,
    Password,
}

impl TelnetLogin {
    /// False when the log-in has succeeded: what follows is a session.
    pub const fn goes_on(&self) -> bool {
        !self.over
    }

    /// What the server has written without ending the line: a shell's prompt is an outcome.
    pub fn prompt(&mut self, pending: &[u8]) -> Option<TextEvent> {
        let text = pending.trim_ascii_end();
        let asks = |words: &[&[u8]]| words.iter().any(|word| ends_no_case(text, word));
        if asks(&[b"login:", b"username:", b"user name:", b"account:"]) {
            self.asked = Asked::User;
        } else if asks(&[b"password:"]) {
            self.asked = Asked::Password;
        } else if self.given && asks(&[b"$", b"#", b">"]) {
            (self.given, self.over) = (false, true);
            return Some(TextEvent::answer(TextKind::Text, Some(Login::Success)));
        }
        None
    }

    /// One line that the client sent.
    pub fn client_line(&mut self, line: &[u8]) -> Option<TextEvent> {
        // A carriage return and line feed end a line twice.
        if line.is_empty() && self.asked != Asked::Password {
            return None;
        }
        let (login, user) = match std::mem::take(&mut self.asked) {
            Asked::Nothing => return None,
            Asked::User => (Login::UserGiven, Some(HostileStr::capped(line, USER_MAX))),
            Asked::Password => {
                self.given = true;
                (Login::PassGiven, None)
            }
        };
        Some(TextEvent { kind: TextKind::Text, login: Some(login), user })
    }

    /// One whole line that the server sent: an outcome, when a password was given before.
    pub fn server_line(&mut self, line: &[u8]) -> Option<TextEvent> {
        if let Some(event) = self.prompt(line) {
            return Some(event);
        }
        let event = parse_server_line(line)?;
        if !self.given || !matches!(event.login, Some(Login::Success | Login::Failure)) {
            return None;
        }
        self.given = false;
        self.over = event.login == Some(Login::Success);
        Some(event)
    }
}

fn ends_no_case(text: &[u8], end: &[u8]) -> bool {
    let tail = text.len().checked_sub(end.len()).and_then(|at| text.get(at..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_taken_out() {
        let bytes = b"\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0log\xff\xffin: \xff\xf1\0";
        assert_eq!(visible(bytes), (b"login: ".to_vec(), 3));
        assert_eq!(visible(b"\xff\xfa\x18never ends"), (Vec::new(), 1));
        assert_eq!(visible(b"\xff"), (Vec::new(), 1));
    }

    #[test]
    fn outcomes_of_logins() {
        let login = |line: &[u8]| parse_server_line(line).and_then(|event| event.login);
        assert_eq!(login(b"Login incorrect"), Some(Login::Failure));
        assert_eq!(login(b"Last login: Thu Dec  2 21:32:59 on ttyp1"), Some(Login::Success));
        assert_eq!(login(b"Password: "), Some(Login::UserGiven));
        assert_eq!(login(b"Welcome to box login: "), None);
        assert_eq!(login(b"ls -l"), None);
    }

    #[test]
    fn a_login_by_lines_and_prompts() {
        let mut login = TelnetLogin::default();
        assert_eq!(login.server_line(b"Welcome to the router"), None, "nobody has logged in");
        login.prompt(b"router login: ");
        let user = login.client_line(b"root").unwrap();
        assert_eq!(
            (user.login, user.user.unwrap().as_bytes()),
            (Some(Login::UserGiven), &b"root"[..])
        );
        assert_eq!(login.client_line(b""), None);
        login.prompt(b"Password: ");
        let pass = login.client_line(b"hunter2").unwrap();
        assert_eq!((pass.login, pass.user), (Some(Login::PassGiven), None));
        let told = login.server_line(b"Login incorrect").unwrap();
        assert_eq!(told.login, Some(Login::Failure));
        assert_eq!(login.server_line(b"Login incorrect"), None, "one answer to one password");
        login.prompt(b"Password: ");
        login.client_line(b"other");
        let told = login.server_line(b"Last login: Mon").unwrap();
        assert!(told.login == Some(Login::Success) && !login.goes_on());
    }

    #[test]
    fn what_nobody_asked_for_is_no_user() {
        let mut login = TelnetLogin::default();
        assert_eq!(login.client_line(b"enable"), None);
        login.prompt(b"Password: ");
        login.client_line(b"x");
        let told = login.prompt(b"router> ").unwrap();
        assert!(told.login == Some(Login::Success) && !login.goes_on());
    }
}
