//! Settings, keyword lists and threat lists from the defaults, files and the command line; the later wins.

use crate::cli::Settings;
use crate::failure::{Failure, Kind};
use anomalyzer_engine::Config;
use anomalyzer_engine::config::ConfigError;
use anomalyzer_engine::keyword::{BUILTIN, List, Matcher, builtin};
use anomalyzer_engine::threat::{self, Builder, Indicators, ListSpec, Report};
use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::Path;

/// What names a built-in keyword list.
const BUILTIN_PREFIX: &str = "builtin:";
/// Most bytes of a settings or keyword file that are read.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// Bytes of a threat list that are read at a time.
const READ_BYTES: usize = 256 << 10;

/// The settings that hold: defaults, file, environment, `--set`.
pub(crate) fn load(settings: &Settings) -> Result<Config, Failure> {
    let mut config = Config::default();
    if let Some(path) = &settings.config {
        let name = path.display().to_string();
        config.read(&read(path)?, &name).map_err(|e| faults(&e))?;
    }
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    config.read_env(variables).map_err(|e| faults(&e))?;
    for setting in &settings.set {
        let (key, value) = setting
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("--set {setting}: must be KEY=VALUE")))?;
        config.set(key.trim(), value.trim()).map_err(|e| faults(&e))?;
    }
    Ok(config)
}

/// The keyword lists that hold, ready to search: those that are named, or those of the settings.
pub(crate) fn matcher(names: &[String], config: &Config) -> Result<Matcher, Failure> {
    let names = if names.is_empty() { &config.keywords } else { names };
    let lists: Vec<List> = names.iter().map(|n| keyword_list(n)).collect::<Result<_, _>>()?;
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

/// The threat lists that hold, ready to look up: those that are named, or those of the settings.
/// `now` is the time in seconds by which expired indicators are counted.
pub(crate) fn indicators(
    names: &[String],
    config: &Config,
    seed: u64,
    now: Option<i64>,
) -> Result<(Indicators, Vec<Report>), Failure> {
    let names = if names.is_empty() { &config.threat } else { names };
    let mut builder = Builder::new(seed, &config.home);
    if let Some(now) = now {
        builder = builder.at(now);
    }
    for name in names {
        threat_list(&mut builder, name)?;
    }
    Ok(builder.finish())
}

pub(crate) fn threat_list(builder: &mut Builder, name: &str) -> Result<(), Failure> {
    let spec = ListSpec::parse(name);
    let path = Path::new(&spec.path);
    let file = File::open(path).map_err(|e| unreadable(path, &e))?;
    let size = file.metadata().map_err(|e| unreadable(path, &e))?.len();
    if size > threat::FILE_BYTES_MAX {
        let message = format!("{}: larger than {} bytes", spec.path, threat::FILE_BYTES_MAX);
        return Err(Failure::usage(message));
    }
    let mut reader = BufReader::with_capacity(READ_BYTES, file);
    builder.list(&spec, &mut reader).map_err(|e| faults(&e))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let kind = match error.kind() {
        ErrorKind::PermissionDenied => Kind::Permission,
        _ => Kind::Usage,
    };
    Failure::new(kind, format!("{}: {error}", path.display()))
}

/// A text file that the user names.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let failed = |e: &std::io::Error| unreadable(path, e);
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
