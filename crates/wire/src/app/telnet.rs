//! Telnet (RFC 854): option negotiation taken out, prompts and outcomes of a login found in what
//! is left.

use super::read::contains_no_case;
use super::text::{Login, TextEvent, TextKind};

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
}
