//! Passwords: what is accepted, and how they are hashed.

mod common;
mod hasher;

#[cfg(test)]
pub(crate) use hasher::weak;
pub(crate) use hasher::{Hasher, Verdict, hash_now};

/// Fewest characters.
const CHARS_MIN: usize = 12;
/// Most characters; far above 64, and small enough to hash at once.
const CHARS_MAX: usize = 256;

/// Says why a password is refused. No rules of composition: length, and not a common one.
pub(crate) fn check(password: &str, user: &str) -> Result<(), String> {
    let length = password.chars().count();
    if length < CHARS_MIN {
        return Err(format!("has {length} characters; at least {CHARS_MIN} are needed"));
    }
    if length > CHARS_MAX {
        return Err(format!("has {length} characters; at most {CHARS_MAX} are taken"));
    }
    if common::is_common(password, user) {
        return Err("is too easy to guess: a common password, a keyboard pattern, or your own \
                    name; take several words that do not belong together"
            .into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(check("äöüßäöüßäöü", "anna").is_err());
        let long = "grüne tische am mond, viele blaue lampen und ein alter hut im regen";
        assert!(long.chars().count() >= 64 && check(long, "anna").is_ok());
        assert!(check(&format!("{long}{long}{long}{long}"), "anna").is_err());
    }
}
