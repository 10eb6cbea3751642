//! What the command line and the start need of accounts: the first link, links for users, tokens.

use crate::auth::{links, password, secret};
use crate::error::Problem;
use crate::state::AppState;
use crate::{WebError, clock};
use anomalyzer_store::Store;
use anomalyzer_store::control::{NewAudit, NewToken, NewUser, Role, User};
use std::net::{IpAddr, SocketAddr};

/// Names that belong to the program itself.
const RESERVED: &[&str] = &["system", SERVICE, DEMO];
/// The user of tokens made at the start.
const SERVICE: &str = "service";
/// The user of the demonstration.
const DEMO: &str = "demo";
/// What tokens made at the start are called.
const PRINTED: &str = "print-token";
/// Days that they hold.
const PRINTED_DAYS: i64 = 365;
/// Longest name of a user, in characters.
const NAME_MAX: usize = 64;

impl From<Problem> for WebError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem.detail.clone())
    }
}

/// True while nobody can log in with a password: the first browser sets the program up.
pub(crate) fn setup_needed(store: &Store) -> Result<bool, Problem> {
    let users = store.control().users()?;
    Ok(!users
        .iter()
        .any(|user| user.role == Role::Admin && !user.disabled && !user.password.is_empty()))
}

/// Says what is wrong with a new user's name.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let length = name.chars().count();
    if length == 0 || length > NAME_MAX {
        return Err(format!("must have 1 to {NAME_MAX} characters"));
    }
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    if !name.chars().all(fits) {
        return Err("may hold letters, digits and . - _ @".into());
    }
    if RESERVED.contains(&name.to_lowercase().as_str()) {
        return Err(format!("`{name}` belongs to the program itself"));
    }
    Ok(())
}

/// Makes a user who logs in with this password. For the command line; hashes on this thread.
pub fn add_user(store: &Store, name: &str, role: Role, password: &str) -> Result<i64, WebError> {
    check_name(name).map_err(|why| WebError::Refused(format!("the name {why}")))?;
    let password = hashed(name, password)?;
    let user = NewUser { name: name.to_owned(), role, password };
    let id = store.control().add_user(&user, clock::now())?;
    note(store, "user.add", name)?;
    Ok(id)
}

/// Sets a user's password; ends his sessions and tokens. For the command line.
pub fn set_password(store: &Store, name: &str, password: &str) -> Result<(), WebError> {
    let user = named(store, name)?;
    let password = hashed(&user.name, password)?;
    store.control().set_password(user.id, &password, None)?;
    end_tokens(store, user.id)?;
    note(store, "user.password", &user.name)
}

/// Changes role or state of a user; ends his sessions. For the command line.
pub fn change_user(
    store: &Store,
    name: &str,
    role: Option<Role>,
    disabled: Option<bool>,
) -> Result<(), WebError> {
    let user = named(store, name)?;
    store.control().change_user(user.id, role, disabled)?;
    note(store, "user.change", &user.name)
}

/// Removes a user with his sessions and tokens. For the command line.
pub fn remove_user(store: &Store, name: &str) -> Result<(), WebError> {
    let user = named(store, name)?;
    store.control().remove_user(user.id)?;
    note(store, "user.remove", &user.name)
}

/// Makes a token of a user, which holds for some days; it is told only now. For the command line.
pub fn add_token(
    store: &Store,
    owner: &str,
    name: &str,
    role: Role,
    days: u16,
) -> Result<String, WebError> {
    let owner = named(store, owner)?;
    if role > owner.role {
        let (own, asked) = (owner.role.name(), role.name());
        let words = format!("{} is {own}: a token of that user cannot be {asked}", owner.name);
        return Err(WebError::Refused(words));
    }
    let token = secret::api_token().map_err(Problem::from)?;
    let now = clock::now();
    let new = NewToken {
        hash: secret::hash(&token),
        user: owner.id,
        name: name.to_owned(),
        prefix: prefix(&token),
        role,
        expires: now + i64::from(days) * 86_400,
    };
    store.control().add_token(&new, now)?;
    note(store, "token.add", name)?;
    Ok(token)
}

/// Ends a token. For the command line.
pub fn remove_token(store: &Store, id: i64) -> Result<(), WebError> {
    store.control().remove_token(id)?;
    note(store, "token.remove", &id.to_string())
}

/// The path of a link that logs a user in once, within 15 minutes: `/link#token=...`.
pub fn login_link(store: &Store, name: &str) -> Result<String, WebError> {
    let user = named(store, name)?;
    if user.disabled {
        return Err(WebError::Refused(format!("{name} is disabled; enable the user first")));
    }
    let secret = links::add(store, user.id, false, clock::now())?;
    note(store, "user.link", &user.name)?;
    Ok(format!("/link#token={secret}"))
}

/// Ends all tokens of a user.
pub(crate) fn end_tokens(store: &Store, user: i64) -> Result<(), anomalyzer_store::StoreError> {
    for token in store.control().tokens(Some(user))? {
        store.control().remove_token(token.id)?;
    }
    Ok(())
}

fn named(store: &Store, name: &str) -> Result<User, WebError> {
    let missing = || WebError::Refused(format!("there is no user `{name}`"));
    store.control().user_named(name)?.ok_or_else(missing)
}

fn hashed(name: &str, text: &str) -> Result<String, WebError> {
    password::check(text, name).map_err(|why| WebError::Refused(format!("the password {why}")))?;
    Ok(password::hash_now(text)?)
}

fn note(store: &Store, action: &str, target: &str) -> Result<(), WebError> {
    store.control().audit(&NewAudit {
        at: clock::now(),
        actor: "system".into(),
        peer: String::new(),
        action: action.to_owned(),
        target: target.to_owned(),
        detail: String::new(),
        result: "ok".into(),
    })?;
    Ok(())
}

/// A new token for `--print-token`; those before are ended.
pub(crate) fn print_token(store: &Store) -> Result<String, WebError> {
    let user = own_user(store, SERVICE)?;
    end_tokens(store, user)?;
    let token = secret::api_token().map_err(Problem::from)?;
    let now = clock::now();
    let new = NewToken {
        hash: secret::hash(&token),
        user,
        name: PRINTED.into(),
        prefix: prefix(&token),
        role: Role::Admin,
        expires: now + PRINTED_DAYS * 86_400,
    };
    store.control().add_token(&new, now)?;
    note(store, "token.add", PRINTED)?;
    Ok(token)
}

/// The characters by which a token is recognised.
pub(crate) fn prefix(token: &str) -> String {
    token.chars().take(secret::TOKEN_PREFIX.len() + 6).collect()
}

/// A user of the program's own, without a password: made when missing.
fn own_user(store: &Store, name: &str) -> Result<i64, WebError> {
    match store.control().user_named(name)? {
        Some(user) if user.role == Role::Admin && !user.disabled => Ok(user.id),
        Some(_) => Err(WebError::Refused(format!("the user `{name}` is no admin or is disabled"))),
        None => {
            let role = Role::Admin;
            let user = NewUser { name: name.to_owned(), role, password: String::new() };
            Ok(store.control().add_user(&user, clock::now())?)
        }
    }
}

/// The link to open first.
pub(crate) fn first_link(state: &AppState, addr: SocketAddr) -> Result<String, WebError> {
    let base = base(state, addr);
    let now = clock::now();
    if state.options.demo {
        let user = own_user(&state.store, DEMO)?;
        // What the demonstration shows is made up: on loopback its link may be opened again.
        let secret = links::add(&state.store, user, addr.ip().is_loopback(), now)?;
        return Ok(format!("{base}/link#token={secret}"));
    }
    if setup_needed(&state.store)? {
        let secret = links::add_setup(&state.store, now)?;
        return Ok(format!("{base}/setup#token={secret}"));
    }
    Ok(format!("{base}/"))
}

/// Scheme, host and port for a browser; of a wildcard address one that others can reach.
fn base(state: &AppState, addr: SocketAddr) -> String {
    let scheme = if state.options.tls { "https" } else { "http" };
    let ip = if addr.ip().is_unspecified() {
        state.hosts.address().unwrap_or(IpAddr::from([127, 0, 0, 1]))
    } else {
        addr.ip()
    };
    format!("{scheme}://{}", SocketAddr::new(ip, addr.port()))
}
