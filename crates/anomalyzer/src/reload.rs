//! Other keyword lists for a run that goes on: SIGHUP has them read again.
//!
//! A thread of its own reads and compiles the lists while packets go on being read; the reader
//! takes the result at the next marker and hands it to every worker in-band, so all of them change
//! at the same point of the input. Lists that cannot be read leave the present ones in place.

use crate::failure::Failure;
use crate::settings;
use crate::terminal::Terminal;
use anomalyzer_engine::Config;
use anomalyzer_engine::keyword::Matcher;
use anomalyzer_engine::text::counted;
use signal_hook::consts::SIGHUP;
use signal_hook::iterator::Signals;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Keyword lists that wait to take the place of the present ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct NextLists {
    ready: Arc<AtomicBool>,
    matcher: Arc<Mutex<Option<Arc<Matcher>>>>,
}

impl NextLists {
    /// Has these lists searched from the next marker on.
    pub(crate) fn put(&self, matcher: Arc<Matcher>) {
        *self.matcher.lock().unwrap_or_else(PoisonError::into_inner) = Some(matcher);
        self.ready.store(true, Ordering::Release);
    }

    /// The lists that wait; cheap to ask for at each marker.
    pub(crate) fn take(&self) -> Option<Arc<Matcher>> {
        if !self.ready.swap(false, Ordering::Acquire) {
            return None;
        }
        self.matcher.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Reads the lists again at every SIGHUP.
    pub(crate) fn on_hangup(&self, names: &[String], config: &Arc<Config>) -> Result<(), Failure> {
        let failed = |e: std::io::Error| Failure::runtime(format!("cannot listen to signals: {e}"));
        let mut signals = Signals::new([SIGHUP]).map_err(failed)?;
        let (next, names, config) = (self.clone(), names.to_vec(), Arc::clone(config));
        let job = move || {
            for _ in signals.forever() {
                match settings::matcher(&names, &config) {
                    Ok(matcher) => {
                        let patterns = counted(matcher.len() as u64, "pattern");
                        next.put(matcher.into());
                        Terminal::say(&format!("keyword lists read again: {patterns}\n"));
                    }
                    Err(failure) => {
                        Terminal::say(&format!("keyword lists stay as they were: {failure}\n"));
                    }
                }
            }
        };
        std::thread::Builder::new().name("keywords".into()).spawn(job).map_err(failed)?;
        Ok(())
    }
}
