//! Settings and keyword lists from the defaults, files and the command line; the later wins.

use crate::cli::Settings;
use crate::failure::{Failure, Kind};
use anomalyzer_engine::Config;
use anomalyzer_engine::config::ConfigError;
use anomalyzer_engine::keyword::{BUILTIN, List, Matcher, builtin};
use std::io::ErrorKind;
use std::path::Path;

/// What names a built-in keyword list.
const BUILTIN_PREFIX: &str = "builtin:";
/// Most bytes of a settings or keyword file that are read.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// The settings that hold.
pub(crate) fn load(settings: &Settings) -> Result<Config, Failure> {
    let _ = settings;
    Ok(Config::default())
}

/// The keyword lists that hold, ready to search: those that are named, or the usual ones.
pub(crate) fn matcher(names: &[String]) -> Result<Matcher, Failure> {
    let usual = BUILTIN.iter().filter(|list| list.by_default).map(|list| list.name);
    let lists: Vec<List> = if names.is_empty() {
        usual.map(built_in).collect::<Result<_, _>>()?
    } else {
        names.iter().map(|name| keyword_list(name)).collect::<Result<_, _>>()?
    };
    Matcher::new(&lists).map_err(|e| faults(&e))
}

/// A list by `builtin:NAME` or by its file.
pub(crate) fn keyword_list(name: &str) -> Result<List, Failure> {
    match name.strip_prefix(BUILTIN_PREFIX) {
        Some(name) => built_in(name),
        None => List::parse(&read(Path::new(name))?, name).map_err(|e| faults(&e)),
    }
}

fn built_in(name: &str) -> Result<List, Failure> {
    let unknown = || {
        let hint = crate::words::did_you_mean(name, BUILTIN.iter().map(|list| list.name));
        Failure::usage(format!("no built-in list is called `{name}`{hint}"))
    };
    builtin(name).ok_or_else(unknown)?.map_err(|e| faults(&e))
}

/// A text file that the user names.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let failed = |e: &std::io::Error| {
        let kind = match e.kind() {
            ErrorKind::PermissionDenied => Kind::Permission,
            _ => Kind::Usage,
        };
        Failure::new(kind, format!("{}: {e}", path.display()))
    };
    let size = std::fs::metadata(path).map_err(|e| failed(&e))?.len();
    if size > FILE_BYTES_MAX {
        let message = format!("{}: larger than {FILE_BYTES_MAX} bytes", path.display());
        return Err(Failure::usage(message));
    }
    std::fs::read_to_string(path).map_err(|e| failed(&e))
}

/// All faults, one a line.
pub(crate) fn faults(error: &ConfigError) -> Failure {
    Failure::usage(error.to_string())
}
