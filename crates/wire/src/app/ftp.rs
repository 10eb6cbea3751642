//! FTP control connection (RFC 959): verbs, reply codes and what they say about logins.

use super::read::split_word;
use super::text::{Login, TextEvent, TextKind, reply_code};

/// One line that the client sent; `None` when it holds no command.
pub fn parse_client_line(line: &[u8]) -> Option<TextEvent> {
    let (verb, argument) = split_word(line);
    if !(3..=4).contains(&verb.len()) || !verb.iter().all(u8::is_ascii_alphabetic) {
        return None;
    }
    Some(if verb.eq_ignore_ascii_case(b"USER") {
        TextEvent::command(verb, Some(Login::UserGiven), Some(argument))
    } else if verb.eq_ignore_ascii_case(b"PASS") {
        TextEvent::command(verb, Some(Login::PassGiven), None)
    } else {
        TextEvent::command(verb, None, None)
    })
}

/// One line that the server sent; `None` when it is no reply. 230 and 232 accept a login, 530
/// refuses one (RFC 959 section 5.4, RFC 2228).
pub fn parse_server_line(line: &[u8]) -> Option<TextEvent> {
    let code = reply_code(line)?;
    let login = match code {
        230 | 232 => Some(Login::Success),
        430 | 530 => Some(Login::Failure),
        _ => None,
    };
    Some(TextEvent::answer(TextKind::Reply(code), login))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_keep_the_user_and_never_the_password() {
        let user = parse_client_line(b"user alice").unwrap();
        assert_eq!(user.login, Some(Login::UserGiven));
        assert_eq!(user.user.as_ref().unwrap().as_bytes(), b"alice");
        let pass = parse_client_line(b"PASS hunter2").unwrap();
        assert_eq!(pass.login, Some(Login::PassGiven));
        assert!(!format!("{pass:?}").contains("hunter2"));
        assert_eq!(parse_client_line(b"\xff\xf4ABOR"), None);
        assert_eq!(parse_client_line(b""), None);
    }

    #[test]
    fn replies_tell_the_outcome() {
        let login = |line: &[u8]| parse_server_line(line).unwrap().login;
        assert_eq!(login(b"230 User logged in."), Some(Login::Success));
        assert_eq!(login(b"530 Login incorrect."), Some(Login::Failure));
        assert_eq!(login(b"331 Password required"), None);
        assert_eq!(parse_server_line(b"hello"), None);
    }
}
