//! Users, sessions and API tokens. Secrets come here as hashes only.

use super::Control;
use crate::Result;
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
    /// Lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
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

impl Control {
    /// All users, by name.
    pub fn users(&self) -> Result<Vec<User>> {
        unimplemented!()
    }
    /// A user by id.
    pub fn user(&self, _id: i64) -> Result<User> {
        unimplemented!()
    }
    /// A user by name, whatever the case.
    pub fn user_named(&self, _name: &str) -> Result<Option<User>> {
        unimplemented!()
    }
    /// Makes a user; a name that is taken is a conflict.
    pub fn add_user(&self, _user: &NewUser, _now: i64) -> Result<i64> {
        unimplemented!()
    }
    /// Changes role or state; ends all sessions of the user, and tokens whose role is above his.
    /// The last admin that can log in can be neither demoted nor disabled nor removed.
    pub fn change_user(
        &self,
        _id: i64,
        _role: Option<Role>,
        _disabled: Option<bool>,
    ) -> Result<()> {
        unimplemented!()
    }
    /// Sets a password (PHC form); ends all sessions of the user but `keep`.
    pub fn set_password(&self, _id: i64, _password: &str, _keep: Option<i64>) -> Result<()> {
        unimplemented!()
    }
    /// Keeps preferences of the console, at most 64 KiB of JSON.
    pub fn set_preferences(&self, _id: i64, _json: &str) -> Result<()> {
        unimplemented!()
    }
    /// Removes a user with sessions and tokens.
    pub fn remove_user(&self, _id: i64) -> Result<()> {
        unimplemented!()
    }
    /// Makes a session and notes the log-in.
    pub fn add_session(&self, _session: &NewSession, _now: i64) -> Result<i64> {
        unimplemented!()
    }
    /// The session and user of a secret's hash; none when unknown, idle longer than `idle`
    /// seconds, older than `absolute`, or its user disabled. Notes that it was seen, at most once
    /// a minute.
    pub fn session(
        &self,
        _hash: &[u8; 32],
        _now: i64,
        _idle: i64,
        _absolute: i64,
    ) -> Result<Option<(Session, User)>> {
        unimplemented!()
    }
    /// Sessions of a user.
    pub fn sessions(&self, _user: i64) -> Result<Vec<Session>> {
        unimplemented!()
    }
    /// Notes that the password was entered again.
    pub fn reauthenticated(&self, _session: i64, _now: i64) -> Result<()> {
        unimplemented!()
    }
    /// Ends one session of a user, or all but `keep`.
    pub fn end_sessions(&self, _user: i64, _only: Option<i64>, _keep: Option<i64>) -> Result<u64> {
        unimplemented!()
    }
    /// Makes a token.
    pub fn add_token(&self, _token: &NewToken, _now: i64) -> Result<i64> {
        unimplemented!()
    }
    /// The token and user of a token's hash, if valid; notes its use, at most once a minute.
    pub fn token(&self, _hash: &[u8; 32], _now: i64, _peer: &str) -> Result<Option<(Token, User)>> {
        unimplemented!()
    }
    /// Tokens of a user, or of all.
    pub fn tokens(&self, _user: Option<i64>) -> Result<Vec<Token>> {
        unimplemented!()
    }
    /// Ends a token.
    pub fn remove_token(&self, _id: i64) -> Result<()> {
        unimplemented!()
    }
    /// Keeps a small value of the program itself (`setup.token`, `secret.csrf`...).
    pub fn put_value(&self, _key: &str, _value: &[u8]) -> Result<()> {
        unimplemented!()
    }
    /// A value of the program itself.
    pub fn value(&self, _key: &str) -> Result<Option<Vec<u8>>> {
        unimplemented!()
    }
}
