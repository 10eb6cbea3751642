//! HTTP: which requests are log-ins, and which answers refuse them.

use super::attempt::What;
use super::sessions::Sessions;
use crate::flow::FlowId;
use anomalyzer_wire::HostileStr;
use anomalyzer_wire::app::http::{HttpRequest, HttpResponse};

/// Parts of a path that say that a form posted to it is a log-in.
const LOGIN_WORDS: [&[u8]; 10] = [
    b"login",
    b"logon",
    b"signin",
    b"sign-in",
    b"sign_in",
    b"/auth",
    b"xmlrpc.php",
    b"security_check",
    b"passwd",
    b"password",
];
/// Names of a query's parameters that hold a password.
const PASSWORD_KEYS: [&[u8]; 4] = [b"password=", b"passwd=", b"pwd=", b"pass="];

/// A request that tries to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Credentials in the head: Basic, Digest.
    Proof,
    /// NTLM or Negotiate: the first answer is a question.
    Handshake,
    /// A log-in form.
    Form,
}

impl Sessions {
    pub(super) fn http_request(&mut self, id: FlowId, request: &HttpRequest) {
        match ask_of(request) {
            Some(ask) => {
                if let (Some(session), _) = self.open.entry(id, Default::default) {
                    session.ask = Some(ask);
                }
            }
            None => {
                if let Some(session) = self.open.get_mut(&id) {
                    session.ask = None;
                }
            }
        }
    }

    pub(super) fn http_response(&mut self, id: FlowId, response: &HttpResponse) -> Option<What> {
        if response.status < 200 {
            return None;
        }
        let session = self.open.get_mut(&id)?;
        let what = match (session.ask.take()?, response.status) {
            (Ask::Handshake, 401) => {
                session.half = !session.half;
                (!session.half).then_some(What::Failed)
            }
            (Ask::Proof, 401 | 407) | (Ask::Form, 401 | 403) => Some(What::Failed),
            (Ask::Form, status) => form_answer(status, response),
            // 403 behind valid credentials is about rights.
            (_, 200..=399) => Some(What::Succeeded),
            _ => None,
        };
        if what == Some(What::Succeeded) {
            session.half = false;
        }
        what
    }
}

fn ask_of(request: &HttpRequest) -> Option<Ask> {
    if let Some(scheme) = &request.authorization_scheme {
        let is = |name: &[u8]| scheme.as_bytes().eq_ignore_ascii_case(name);
        if is(b"basic") || is(b"digest") {
            return Some(Ask::Proof);
        }
        // A bearer's token expires: that is no guess.
        return (is(b"ntlm") || is(b"negotiate")).then_some(Ask::Handshake);
    }
    let target = request.target.as_bytes();
    let (path, query) = match target.iter().position(|byte| *byte == b'?') {
        Some(at) => target.split_at(at),
        None => (target, &[][..]),
    };
    let is_login = match request.method.as_bytes() {
        b"POST" => holds_any(path, &LOGIN_WORDS) || holds_any(query, &PASSWORD_KEYS),
        b"GET" => holds_any(query, &PASSWORD_KEYS),
        _ => false,
    };
    is_login.then_some(Ask::Form)
}

/// Forms are answered in words, so only signs are left: the form again, the way back to it, or a
/// complaint.
fn form_answer(status: u16, response: &HttpResponse) -> Option<What> {
    let holds = |field: &Option<HostileStr>, words: &[&[u8]]| {
        field.as_ref().is_some_and(|text| holds_any(text.as_bytes(), words))
    };
    match status {
        200 => holds(&response.content_type, &[b"text/html"]).then_some(What::Short),
        300..=399 if holds(&response.location, &LOGIN_WORDS) => Some(What::Short),
        300..=399 if holds(&response.location, &[b"error", b"fail", b"denied"]) => {
            Some(What::Short)
        }
        300..=399 => Some(What::Succeeded),
        400 | 422 | 423 | 429 => Some(What::Short),
        _ => None,
    }
}

fn holds_any(text: &[u8], words: &[&[u8]]) -> bool {
    words
        .iter()
        .any(|word| text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word)))
}
