//! Stopping early: the user's Ctrl-C, or a reader of our output that has gone.

use crate::failure::{Failure, Kind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Says whether to go on; cheap to ask for each frame.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    interrupted: Arc<AtomicBool>,
    closed: Arc<AtomicBool>,
}

impl Stop {
    /// Listens to Ctrl-C and `kill`: the first ends reading, a second one ends the program.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let stop = Self::default();
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            let flag = || Arc::clone(&stop.interrupted);
            signal_hook::flag::register_conditional_shutdown(signal, 130, flag())
                .and_then(|_| signal_hook::flag::register(signal, flag()))
                .map_err(|e| Failure::runtime(format!("cannot listen to signals: {e}")))?;
        }
        Ok(stop)
    }

    /// The output cannot be written any more: reading on would be for nobody.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// True when the user has interrupted.
    pub(crate) fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// An error when reading must stop.
    #[inline]
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.interrupted() {
            return Err(Failure::new(Kind::Interrupted, "interrupted"));
        }
        if self.closed.load(Ordering::Relaxed) {
            return Err(Failure::new(Kind::PipeClosed, ""));
        }
        Ok(())
    }
}
