//! The running service: capture, engine, stores and server joined together.
//!
//! `Service` is what its parts share. Each part is a file of its own; `web::Control` is
//! implemented over it.

pub(crate) mod handle;

use crate::cli;
use crate::reload::NextLists;
use anomalyzer_store::{SourceId, Store};
use anomalyzer_web::Hub;
use handle::EngineHandle;

/// What the parts of the service share.
#[derive(Debug)]
pub(crate) struct Service {
    /// `run` or `demo`.
    pub(crate) mode: &'static str,
    /// The source that the engine works on.
    pub(crate) source: SourceId,
    /// Where the settings come from; the console's own come on top.
    pub(crate) settings: cli::Settings,
    /// All stores.
    pub(crate) store: Store,
    /// The live stream.
    pub(crate) hub: Hub,
    /// The way to the engine.
    pub(crate) engine: EngineHandle,
    /// Takes keyword lists that shall be searched from the next epoch on.
    pub(crate) next_lists: NextLists,
}
