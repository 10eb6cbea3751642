//! The lists that come with the program.

use super::List;
use crate::config::ConfigError;

/// A list that comes with the program.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// Name, used as `builtin:<name>`.
    pub name: &'static str,
    /// Searched unless the user says otherwise.
    pub by_default: bool,
    /// The list as TOML.
    pub text: &'static str,
}

macro_rules! lists {
    ($($name:literal, $by_default:literal;)*) => {
        &[$(Builtin {
            name: $name,
            by_default: $by_default,
            text: include_str!(concat!("../../lists/", $name, ".toml")),
        },)*]
    };
}

/// All lists that come with the program.
pub static BUILTIN: &[Builtin] = lists! {
    "web-attacks", true;
    "exploits", true;
    "shells", true;
    "lateral-movement", true;
    "malware", true;
    "mining", true;
    "words", false;
};

/// The list with that name; `None` when there is none.
pub fn builtin(name: &str) -> Option<Result<List, ConfigError>> {
    let found = BUILTIN.iter().find(|list| list.name == name)?;
    Some(List::parse(found.text, &format!("builtin:{name}")))
}

/// The lists that are searched unless the user says otherwise.
pub fn default_lists() -> Result<Vec<List>, ConfigError> {
    BUILTIN.iter().filter(|list| list.by_default).filter_map(|list| builtin(list.name)).collect()
}

#[cfg(test)]
#[path = "builtin_tests.rs"]
mod tests;
