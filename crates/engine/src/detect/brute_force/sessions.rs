//! Log-in dialogues: puts the facts of one flow together until they say how a try ended.
//!
//! A user name is kept while its flow lasts, so that the answer can be told with it. Passwords
//! never come here. What finished flows tell by their sizes is in [`super::ended`].

use super::attempt::{Attempt, Service, What};
use super::http::Ask;
use crate::count::Table;
use crate::flow::FlowId;
use crate::observation::{AppFact, AppSeen};
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::app::kerberos::{KerberosKind, KerberosMessage};
use anomalyzer_wire::app::smb::SmbMessage;
use anomalyzer_wire::app::ssh::SshEvent;
use anomalyzer_wire::app::text::{Login, TextEvent, TextKind};
use anomalyzer_wire::{HostileStr, Timestamp};

/// Flows with a log-in under way.
pub(super) const SESSIONS: usize = 8_192;
/// Bytes of a user name that are kept.
const USER_MAX: usize = 64;

/// NT status codes by which a log-in is refused: wrong password, no such user, restriction,
/// disabled, locked out, expired ([MS-ERREF] section 2.3). Other errors are about rights or
/// transport.
const SMB_REFUSED: [u32; 8] = [
    0xc000_006d,
    0xc000_006a,
    0xc000_0064,
    0xc000_006e,
    0xc000_0072,
    0xc000_0234,
    0xc000_0193,
    0xc000_006f,
];

/// What is known of a flow's log-in.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    user: Option<HostileStr>,
    /// A password or another proof was given and not answered yet.
    given: bool,
    /// Bytes in the clear of an SSH connection whose key exchange is done.
    pub(super) sealed: Option<[u64; 2]>,
    /// A log-in has succeeded.
    pub(super) opened: bool,
    /// The HTTP request that waits for its answer.
    pub(super) ask: Option<Ask>,
    /// HTTP answers of a handshake that takes two of them.
    pub(super) half: bool,
}

/// The flows with a log-in under way.
#[derive(Debug)]
pub(super) struct Sessions {
    pub(super) open: Table<FlowId, Session>,
}

impl Sessions {
    pub(super) fn new(seed: u64) -> Self {
        Self { open: Table::new(SESSIONS, seed, |_| false) }
    }

    /// Takes a fact; gives the try that it ends.
    pub(super) fn fact(&mut self, seen: &AppSeen, time: Timestamp) -> Option<Attempt> {
        let (service, what, user) = match &seen.fact {
            AppFact::Text(event) => self.text(seen, event)?,
            AppFact::Smb(message) => self.smb(seen, message)?,
            AppFact::Kerberos(message) => self.kerberos(seen, message)?,
            AppFact::HttpRequest(request) => {
                self.http_request(seen.id, request);
                return None;
            }
            AppFact::HttpResponse(response) => {
                (Service::Http, self.http_response(seen.id, response)?, None)
            }
            AppFact::SshEvent(event) => return self.ssh(seen, *event, time),
            _ => return None,
        };
        Some(Attempt { tuple: seen.tuple, service, what, user, time })
    }

    /// The session of a flow, made when it is new.
    fn session(&mut self, id: FlowId) -> Option<&mut Session> {
        self.open.entry(id, Session::default).0
    }

    fn text(
        &mut self,
        seen: &AppSeen,
        event: &TextEvent,
    ) -> Option<(Service, What, Option<HostileStr>)> {
        let service = Service::of(seen.app)?;
        match event.login? {
            given @ (Login::UserGiven | Login::PassGiven) => {
                let session = self.session(seen.id)?;
                if event.user.is_some() {
                    session.user.clone_from(&event.user);
                }
                session.given |= given == Login::PassGiven;
                None
            }
            Login::Failure => {
                let session = self.open.get_mut(&seen.id)?;
                // 530 also answers commands before a log-in; 454 and 534 are about the means.
                let about_means = matches!(event.kind, TextKind::Reply(454 | 534));
                let counts = std::mem::take(&mut session.given) && !about_means;
                counts.then(|| (service, What::Failed, session.user.clone()))
            }
            Login::Success => {
                let session = self.open.get_mut(&seen.id)?;
                session.given = false;
                session.opened = true;
                let anonymous = session.user.as_ref().is_some_and(is_anonymous);
                (!anonymous).then(|| (service, What::Succeeded, session.user.clone()))
            }
        }
    }

    fn smb(
        &mut self,
        seen: &AppSeen,
        message: &SmbMessage,
    ) -> Option<(Service, What, Option<HostileStr>)> {
        let login = message.login?;
        if login == Login::PassGiven {
            let session = self.session(seen.id)?;
            session.user.clone_from(&message.user);
            return None;
        }
        let user = self.open.get(&seen.id).and_then(|session| session.user.clone());
        // A session without a name asks for what is open to everybody.
        if user.as_ref().is_some_and(HostileStr::is_empty) {
            return None;
        }
        match login {
            Login::Failure if SMB_REFUSED.contains(&message.status) => {
                Some((Service::Smb, What::Failed, user))
            }
            Login::Success => Some((Service::Smb, What::Succeeded, user)),
            _ => None,
        }
    }

    fn kerberos(
        &mut self,
        seen: &AppSeen,
        message: &KerberosMessage,
    ) -> Option<(Service, What, Option<HostileStr>)> {
        let named = |name: &Option<HostileStr>| {
            name.as_ref().map(|name| HostileStr::capped(name.as_bytes(), USER_MAX))
        };
        match message.kind {
            KerberosKind::AsReq => {
                let user = named(&message.client);
                self.session(seen.id)?.user = user;
                None
            }
            KerberosKind::AsRep => {
                Some((Service::Kerberos, What::Succeeded, named(&message.client)))
            }
            // 6 unknown name, 18 locked or disabled, 24 wrong password (RFC 4120 section 7.5.9).
            KerberosKind::Error if matches!(message.error_code, Some(6 | 18 | 24)) => {
                // An answer without its request may be about a service's ticket.
                let session = self.open.get_mut(&seen.id)?;
                let user = session.user.take().or_else(|| named(&message.client));
                Some((Service::Kerberos, What::Failed, user))
            }
            _ => None,
        }
    }

    fn ssh(&mut self, seen: &AppSeen, event: SshEvent, time: Timestamp) -> Option<Attempt> {
        let session = self.session(seen.id)?;
        match event {
            SshEvent::Sealed(clear) => {
                session.sealed = Some(clear);
                None
            }
            SshEvent::LoggedIn => {
                session.opened = true;
                let (tuple, what) = (seen.tuple, What::Succeeded);
                Some(Attempt { tuple, service: Service::Ssh, what, user: None, time })
            }
        }
    }

    /// Forgets a flow; what was known of it.
    pub(super) fn end(&mut self, id: FlowId) -> Option<Session> {
        self.open.remove(&id)
    }
}

fn is_anonymous(user: &HostileStr) -> bool {
    let name = user.as_bytes();
    name.eq_ignore_ascii_case(b"anonymous") || name.eq_ignore_ascii_case(b"ftp")
}

/// True for protocols whose facts are put together here.
pub(super) const fn is_read(app: AppProto) -> bool {
    matches!(
        app,
        AppProto::Ftp
            | AppProto::Telnet
            | AppProto::Smtp
            | AppProto::Imap
            | AppProto::Pop3
            | AppProto::Smb
            | AppProto::Kerberos
            | AppProto::Http
    )
}
