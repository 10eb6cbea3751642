//! argon2id, with a bound on what it may cost: a hash takes 19 MiB and tens of milliseconds.

use crate::auth::secret;
use crate::error::Problem;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;

/// Memory of a hash in KiB, rounds, lanes: what OWASP asks for at least.
const MEMORY_KIB: u32 = 19_456;
const ROUNDS: u32 = 2;
const LANES: u32 = 1;
/// Bytes of salt.
const SALT: usize = 16;
/// Most hashes at once.
const JOBS_MAX: usize = 4;
/// Most that wait for one.
const QUEUE_MAX: usize = 32;

/// What came of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is another one.
    Wrong,
    /// It is the right one. Its hash was made with less than is asked today: here is a new one.
    Right(Option<String>),
}

/// Hashes and checks passwords. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Hasher {
    jobs: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    /// The hash of a password that nobody has: an unknown user takes as long as a known one.
    nobody: Arc<str>,
}

impl Hasher {
    /// A hasher with its own limits.
    pub(crate) fn new() -> Result<Self, Problem> {
        Ok(Self {
            jobs: Arc::new(Semaphore::new(JOBS_MAX)),
            waiting: Arc::new(AtomicUsize::new(0)),
            nobody: hash_now(&secret::secret()?)?.into(),
        })
    }

    /// Hashes a password.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Problem> {
        self.job(move || hash_now(&password)).await?
    }

    /// Checks a password against a hash; without one (or with an empty one) it is always wrong, and
    /// takes as long.
    pub(crate) async fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<Verdict, Problem> {
        let known = hash.filter(|hash| !hash.is_empty());
        let (known, hash) = (known.is_some(), known.unwrap_or_else(|| self.nobody.to_string()));
        self.job(move || {
            let right = check(&password, &hash)?;
            if !(right && known) {
                return Ok(Verdict::Wrong);
            }
            let newer = if is_weak(&hash) { Some(hash_now(&password)?) } else { None };
            Ok(Verdict::Right(newer))
        })
        .await?
    }

    async fn job<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let waiting = Waiting::enter(&self.waiting)?;
        let Ok(job) = Arc::clone(&self.jobs).acquire_owned().await else {
            return Err(Problem::internal(&"no more passwords are checked"));
        };
        drop(waiting);
        let done = tokio::task::spawn_blocking(move || {
            let _job = job;
            work()
        });
        done.await.map_err(|error| Problem::internal(&error))
    }
}

/// A place in the queue for a hash.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Result<Self, Problem> {
        let place = Self(count);
        if count.fetch_add(1, Ordering::Relaxed) >= QUEUE_MAX {
            return Err(Problem::busy(2, "too many log-ins at once; try again in some seconds"));
        }
        Ok(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn argon() -> Result<Argon2<'static>, Problem> {
    let params = Params::new(MEMORY_KIB, ROUNDS, LANES, None).map_err(|e| Problem::internal(&e))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes on this thread: for the command line, and inside jobs.
pub(crate) fn hash_now(password: &str) -> Result<String, Problem> {
    let salt = secret::bytes::<SALT>()?;
    let hash = argon()?.hash_password_with_salt(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|error| Problem::internal(&error))
}

/// A hash that cannot be read is a fault of the store, and no log-in.
fn check(password: &str, hash: &str) -> Result<bool, Problem> {
    let hash = PasswordHash::new(hash).map_err(|error| Problem::internal(&error))?;
    Ok(argon()?.verify_password(password.as_bytes(), &hash).is_ok())
}

/// True when a hash was made with less than is asked today.
fn is_weak(hash: &str) -> bool {
    let params = PasswordHash::new(hash).ok().and_then(|hash| Params::try_from(&hash).ok());
    params.is_none_or(|p| p.m_cost() < MEMORY_KIB || p.t_cost() < ROUNDS)
}

/// A hash as an earlier version made it, with less than is asked today.
#[cfg(test)]
pub(crate) fn weak(password: &str) -> String {
    let params = Params::new(1_024, 1, 1, None).unwrap();
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_with_salt(password.as_bytes(), b"0123456789abcdef").unwrap().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn passwords_are_hashed_and_checked() {
        let hasher = Hasher::new().unwrap();
        let hash = hasher.hash("right one".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let verify = |password: &str, hash: Option<String>| hasher.verify(password.into(), hash);
        assert_eq!(verify("right one", Some(hash.clone())).await.unwrap(), Verdict::Right(None));
        assert_eq!(verify("wrong one", Some(hash)).await.unwrap(), Verdict::Wrong);
        assert_eq!(verify("right one", None).await.unwrap(), Verdict::Wrong);
        assert_eq!(verify("", Some(String::new())).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn weaker_hashes_are_made_anew() {
        let hasher = Hasher::new().unwrap();
        let verdict = hasher.verify("right one".into(), Some(weak("right one"))).await.unwrap();
        let Verdict::Right(Some(newer)) = verdict else { panic!("{verdict:?}") };
        assert!(newer.contains("m=19456,t=2"), "{newer}");
        assert_eq!(
            hasher.verify("wrong one".into(), Some(weak("right one"))).await.unwrap(),
            Verdict::Wrong
        );
    }

    #[tokio::test]
    async fn the_queue_is_bounded() {
        let hasher = Hasher::new().unwrap();
        let held = hasher.jobs.clone().acquire_many_owned(4).await.unwrap();
        let waiting: Vec<_> = (0..QUEUE_MAX)
            .map(|_| {
                tokio::spawn({
                    let h = hasher.clone();
                    async move { h.hash("x".into()).await }
                })
            })
            .collect();
        while hasher.waiting.load(Ordering::Relaxed) < QUEUE_MAX {
            tokio::task::yield_now().await;
        }
        let refused = hasher.hash("x".into()).await.unwrap_err();
        assert_eq!((refused.status, refused.retry_after_s), (429, Some(2)));
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
        drop(held);
    }
}
