//! Random secrets and their hashes. Stores see hashes only.

use crate::error::Problem;
use ring::digest;
use ring::rand::{SecureRandom as _, SystemRandom};
use std::fmt::Write as _;

/// Bytes of a secret: 256 bit.
const BYTES: usize = 32;
/// How API tokens begin, so that scanners for leaked secrets find them.
pub(crate) const TOKEN_PREFIX: &str = "anz_";

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random numbers")]
pub(crate) struct NoRandom;

impl From<NoRandom> for Problem {
    fn from(error: NoRandom) -> Self {
        Self::internal(&error)
    }
}

/// A new secret of 256 bit, hex.
pub(crate) fn secret() -> Result<String, NoRandom> {
    bytes::<BYTES>().map(|bytes| hex(&bytes))
}

/// A new API token.
pub(crate) fn api_token() -> Result<String, NoRandom> {
    Ok(format!("{TOKEN_PREFIX}{}", secret()?))
}

/// Random bytes of the operating system.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], NoRandom> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandom)?;
    Ok(bytes)
}

/// SHA-256 of a secret. Secrets are random and long: they need no salt and no slow hash.
pub(crate) fn hash(secret: &str) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, secret.as_bytes());
    let mut out = [0; 32];
    out.copy_from_slice(digest.as_ref());
    out
}

/// Compares by hash, so that the time taken tells nothing about the secret.
pub(crate) fn same(a: &str, b: &str) -> bool {
    hash(a) == hash(b)
}

/// Bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_differ() {
        let (a, b) = (secret().unwrap(), secret().unwrap());
        assert_eq!(a.len(), 64);
        assert_ne!(a, b);
        assert!(api_token().unwrap().starts_with("anz_"));
    }

    #[test]
    fn hash_is_sha256() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex(&hash("abc")), expected);
        assert!(same("abc", "abc") && !same("abc", "abd"));
    }
}
