//! The caller of a request, as the guard of its route found him.

use crate::error::Problem;
use anomalyzer_store::control::{Role, User};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::net::IpAddr;

/// How the caller showed who he is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    /// A browser's session.
    Session {
        /// Its id.
        id: i64,
        /// Its CSRF token.
        csrf: String,
        /// Last time the password was entered, wall clock.
        authenticated: i64,
    },
    /// An API token.
    Token {
        /// Its id.
        id: i64,
    },
}

/// The caller of a request to a route that is not public.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The user.
    pub(crate) user: User,
    /// What the caller may do: the user's role, or less with a token.
    pub(crate) role: Role,
    /// By session or token.
    pub(crate) via: Via,
    /// Address of the peer, seen through trusted proxies.
    pub(crate) peer: IpAddr,
}

impl Caller {
    /// The user's name: the actor of audit entries.
    pub(crate) fn name(&self) -> &str {
        &self.user.name
    }

    /// True when payload bytes may be shown.
    pub(crate) fn sees_payload(&self) -> bool {
        self.role >= Role::Analyst
    }

    /// Names the caller for limits: his session or token.
    pub(crate) fn key(&self) -> (bool, i64) {
        match &self.via {
            Via::Session { id, .. } => (true, *id),
            Via::Token { id } => (false, *id),
        }
    }

    /// Refuses those with a lower role. Routes have a least role of their own; this is for what
    /// depends on the request.
    pub(crate) fn require(&self, least: Role) -> Result<(), Problem> {
        if self.role >= least {
            return Ok(());
        }
        let (least, role) = (least.name(), self.role.name());
        Err(Problem::role(format!("this needs the role {least}; yours is {role}")))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::login("log in first"))
    }
}
