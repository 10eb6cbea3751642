//! The way to the engine while it runs: others hand in what they want to ask or change, and the
//! correlator's thread does it after an epoch. So nobody ever waits for a lock on the way of a
//! packet, and everything happens at a point of the input.

use anomalyzer_engine::Correlator;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::time::Duration;

/// Jobs that may wait.
const JOBS: usize = 64;
/// How long [`EngineHandle::ask`] waits. Epochs come every 100 ms, on a silent link too; only an
/// engine that has much to do takes longer.
const PATIENCE: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce(&mut Correlator) + Send>;

/// Asks the running engine. Cheap to clone.
#[derive(Clone)]
pub(crate) struct EngineHandle {
    jobs: Sender<Job>,
    waiting: Receiver<Job>,
}

/// Why the engine gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unanswered {
    /// Too many wait already.
    #[error("the engine is busy; try again in a few seconds")]
    Busy,
    /// It took too long.
    #[error("the engine did not answer within {} s; try again later", PATIENCE.as_secs())]
    Late,
    /// It failed over it, or is being started again.
    #[error("the engine was interrupted; try again in a few seconds")]
    Interrupted,
}

impl Default for EngineHandle {
    fn default() -> Self {
        let (jobs, waiting) = bounded(JOBS);
        Self { jobs, waiting }
    }
}

impl EngineHandle {
    /// Has the engine do something after the next epoch, and waits for the answer. Not to be
    /// called on the correlator's own thread.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Correlator) -> T + Send + 'static,
    ) -> Result<T, Unanswered> {
        let (answer, answered) = bounded(1);
        let job: Job = Box::new(move |correlator| {
            // Whoever asked may have stopped waiting.
            let _ = answer.try_send(what(correlator));
        });
        self.jobs.try_send(job).map_err(|e| match e {
            TrySendError::Full(_) => Unanswered::Busy,
            TrySendError::Disconnected(_) => Unanswered::Interrupted,
        })?;
        answered.recv_timeout(PATIENCE).map_err(|e| match e {
            crossbeam_channel::RecvTimeoutError::Timeout => Unanswered::Late,
            crossbeam_channel::RecvTimeoutError::Disconnected => Unanswered::Interrupted,
        })
    }

    /// Does what waits now; for the correlator's thread.
    pub(super) fn serve(&self, correlator: &mut Correlator) {
        for _ in 0..JOBS {
            let Ok(job) = self.waiting.try_recv() else { return };
            job(correlator);
        }
    }

    /// As [`Self::serve`], after waiting for a job: for when no epochs come any more.
    pub(super) fn serve_within(&self, correlator: &mut Correlator, patience: Duration) {
        if let Ok(job) = self.waiting.recv_timeout(patience) {
            job(correlator);
            self.serve(correlator);
        }
    }
}

impl std::fmt::Debug for EngineHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineHandle").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anomalyzer_engine::Config;
    use std::sync::Arc;

    #[test]
    fn the_engine_answers_between_epochs_and_an_answer_nobody_waits_for_is_no_harm() {
        let handle = EngineHandle::default();
        let mut correlator = Correlator::new(&Arc::new(Config::default()), 1);
        let asking = handle.clone();
        let asked = std::thread::spawn(move || asking.ask(|c| c.summary().packets));
        while !asked.is_finished() {
            handle.serve_within(&mut correlator, Duration::from_millis(10));
        }
        assert_eq!(asked.join().unwrap(), Ok(0));
        drop(handle.jobs.send(Box::new(|_| {})));
        handle.serve(&mut correlator);
    }

    #[test]
    fn too_many_questions_are_refused_at_once() {
        let handle = EngineHandle::default();
        while handle.jobs.try_send(Box::new(|_| {})).is_ok() {}
        assert_eq!(handle.ask(|_| ()), Err(Unanswered::Busy));
    }
}
