//! Users, sessions and API tokens. Secrets come here as hashes only.

mod sessions;
mod tokens;
mod users;
mod values;

use serde::{Deserialize, Serialize};

/// What a user may do; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Look, but see no payload.
    Viewer,
    /// Handle alerts, see payload, export, upload captures.
    Analyst,
    /// Everything: settings, users, tokens.
    Admin,
}

impl Role {
    /// All, from least to most.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Analyst, Self::Admin];

    /// Lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
        }
    }

    /// As it is kept. Numbers are for good.
    const fn number(self) -> i64 {
        match self {
            Self::Viewer => 0,
            Self::Analyst => 1,
            Self::Admin => 2,
        }
    }

    /// As it was kept; what is unknown may do the least.
    const fn of_number(number: i64) -> Self {
        match number {
            1 => Self::Analyst,
            2 => Self::Admin,
            _ => Self::Viewer,
        }
    }
}

/// A user. Wall-clock times are seconds since 1970 UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Identity.
    pub id: i64,
    /// Log-in name, unique whatever the case.
    pub name: String,
    /// Role.
    pub role: Role,
    /// argon2id in PHC form; empty: cannot log in by password.
    pub password: String,
    /// May not log in.
    pub disabled: bool,
    /// When made.
    pub created: i64,
    /// Last log-in.
    pub last_login: Option<i64>,
    /// Preferences of the console, JSON.
    pub preferences: String,
    /// Rises with everything that must end sessions.
    pub version: i64,
}

/// A user to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Log-in name, 1 to 64 characters.
    pub name: String,
    /// Role.
    pub role: Role,
    /// argon2id in PHC form.
    pub password: String,
}

/// A session of a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Names it in lists; not the secret.
    pub id: i64,
    /// Whose.
    pub user: i64,
    /// When made.
    pub created: i64,
    /// Last seen.
    pub seen: i64,
    /// Address of the browser.
    pub peer: String,
    /// What the browser calls itself, cut to 200 bytes.
    pub agent: String,
    /// CSRF token.
    pub csrf: String,
    /// Last time the password was entered.
    pub authenticated: i64,
}

/// A session to be made.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// SHA-256 of the secret in the cookie.
    pub hash: [u8; 32],
    /// Whose.
    pub user: i64,
    /// Address of the browser.
    pub peer: String,
    /// What the browser calls itself.
    pub agent: String,
    /// CSRF token.
    pub csrf: String,
}

/// An API token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Identity.
    pub id: i64,
    /// Whose.
    pub user: i64,
    /// What it is for.
    pub name: String,
    /// Its first characters, to be recognised by.
    pub prefix: String,
    /// Role; never above its user's.
    pub role: Role,
    /// When made.
    pub created: i64,
    /// When it ends.
    pub expires: i64,
    /// Last use: when, from where.
    pub used: Option<(i64, String)>,
}

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// Whose.
    pub user: i64,
    /// What it is for.
    pub name: String,
    /// Its first characters.
    pub prefix: String,
    /// Role.
    pub role: Role,
    /// When it ends.
    pub expires: i64,
}
