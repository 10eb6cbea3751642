//! Links that log in once: for the first set-up, the demonstration, and users who lost their
//! password. The secret is in the fragment, which browsers do not send; stores hold its hash.

use super::secret;
use crate::error::Problem;
use anomalyzer_store::Store;
use serde::{Deserialize, Serialize};

/// How long a link holds.
pub(crate) const LINK_S: i64 = 15 * 60;
/// Most links at once; the oldest goes.
const LINKS_MAX: usize = 64;
/// Where they are kept.
const LINKS_KEY: &str = "links";
const SETUP_KEY: &str = "setup.token";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Link {
    /// SHA-256 of the secret, hex.
    hash: String,
    /// Whom it logs in.
    user: i64,
    /// Wall clock.
    expires: i64,
    /// It holds again and again: the demonstration on loopback.
    #[serde(default)]
    lasting: bool,
}

/// Makes a link for a user; its secret.
pub(crate) fn add(store: &Store, user: i64, lasting: bool, now: i64) -> Result<String, Problem> {
    let secret = secret::secret()?;
    let mut links = read(store, now)?;
    // Of the demonstration's links only the newest holds.
    links.retain(|link| !link.lasting);
    if links.len() >= LINKS_MAX {
        links.remove(0);
    }
    let expires = if lasting { i64::MAX } else { now + LINK_S };
    links.push(Link { hash: secret::hex(&secret::hash(&secret)), user, expires, lasting });
    write(store, &links)?;
    Ok(secret)
}

/// The user of a link, which is used up by this.
pub(crate) fn take(store: &Store, secret: &str, now: i64) -> Result<Option<i64>, Problem> {
    let hash = secret::hex(&secret::hash(secret));
    let mut links = read(store, now)?;
    let Some(at) = links.iter().position(|link| link.hash == hash) else { return Ok(None) };
    let user = links[at].user;
    if !links[at].lasting {
        links.remove(at);
        write(store, &links)?;
    }
    Ok(Some(user))
}

/// Makes the token for the first set-up, in place of the one before.
pub(crate) fn add_setup(store: &Store, now: i64) -> Result<String, Problem> {
    let secret = secret::secret()?;
    let hash = secret::hex(&secret::hash(&secret));
    let link = Link { hash, user: 0, expires: now + LINK_S, lasting: false };
    let text = serde_json::to_vec(&link).map_err(|error| Problem::internal(&error))?;
    store.control().put_value(SETUP_KEY, &text)?;
    Ok(secret)
}

/// Refuses what is not the set-up's token, or is too late.
pub(crate) fn check_setup(store: &Store, secret: &str, now: i64) -> Result<(), Problem> {
    let kept = store.control().value(SETUP_KEY)?.unwrap_or_default();
    let link: Option<Link> = serde_json::from_slice(&kept).ok();
    let hash = secret::hex(&secret::hash(secret));
    match link {
        Some(link) if link.hash == hash && link.expires > now => Ok(()),
        Some(link) if link.hash == hash => Err(Problem::login(
            "this link has expired; start the program again, it prints a new one",
        )),
        _ => {
            Err(Problem::login("this link is not the one that the program printed when it started"))
        }
    }
}

/// Ends the set-up's token.
pub(crate) fn end_setup(store: &Store) -> Result<(), Problem> {
    Ok(store.control().put_value(SETUP_KEY, b"")?)
}

/// Links that still hold. What cannot be read holds no more.
fn read(store: &Store, now: i64) -> Result<Vec<Link>, Problem> {
    let kept = store.control().value(LINKS_KEY)?.unwrap_or_default();
    let mut links: Vec<Link> = serde_json::from_slice(&kept).unwrap_or_default();
    links.retain(|link| link.expires > now);
    Ok(links)
}

fn write(store: &Store, links: &[Link]) -> Result<(), Problem> {
    let text = serde_json::to_vec(links).map_err(|error| Problem::internal(&error))?;
    Ok(store.control().put_value(LINKS_KEY, &text)?)
}
