//! `run`: watch interfaces, or replay a file, and serve the console.

use crate::cli::Run;
use crate::failure::Failure;
use crate::input;
use crate::service::{self, Feed, Origin, Replay, Start, Watched};
use crate::terminal::Terminal;
use crate::{data_dir, log};
use anomalyzer_store::control::SourceKind;
use anomalyzer_wire::HostileStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Runs until somebody stops it.
pub(super) fn run(options: &Run, terminal: &Terminal) -> Result<(), Failure> {
    log::start(options.serving.log_format, terminal)?;
    if let Some(filter) = &options.filter {
        input::check_filter(filter)?;
    }
    let origin = match &options.pcap {
        Some(path) => replay(options, path)?,
        None => Origin::Live(Watched {
            names: options.interface.clone(),
            filter: options.filter.clone(),
        }),
    };
    let start = Start {
        mode: "run",
        dir: data_dir::choose(options.serving.data.as_ref()),
        settings: options.settings.clone(),
        origin,
        workers: super::workers(options.workers),
        web: options.serving.web(false),
        print_token: options.serving.print_token.clone(),
    };
    service::run(start, service::load, &service::control, terminal)
}

/// A file as a source of its own.
fn replay(options: &Run, path: &Path) -> Result<Origin, Failure> {
    input::check_file(path)?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    let name = HostileStr::from(name.as_bytes()).escaped();
    let replay = Replay::new(path, options.speed.0, options.filter.as_deref());
    Ok(Origin::Feed { source: None, kind: SourceKind::File, name, feed: Feed::Replay(replay) })
}
