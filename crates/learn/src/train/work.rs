//! Work on several threads whose result does not depend on how many there are, with progress.

use std::{
    ops::ControlFlow,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Sender, channel},
    },
};

/// Is told how far a training run is, and can end it.
pub trait Progress {
    /// `done` steps of `of` in this stage are behind us. [`ControlFlow::Break`] cancels the run.
    fn tell(&mut self, stage: &str, done: u64, of: u64) -> ControlFlow<()>;
}

/// Nobody asks how far it is.
impl Progress for () {
    fn tell(&mut self, _: &str, _: u64, _: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// The run was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cancelled;

/// What a piece of work tells its progress to.
pub(crate) struct Ticker<'a> {
    stop: &'a AtomicBool,
    steps: Sender<()>,
}

impl Ticker<'_> {
    /// One more step is done; an error when there shall be no further one.
    pub(crate) fn step(&self) -> Result<(), Cancelled> {
        // Nobody listens any more only after the end.
        let _ = self.steps.send(());
        if self.stop.load(Ordering::Relaxed) { Err(Cancelled) } else { Ok(()) }
    }
}

/// Does `jobs` pieces of work on up to `threads` threads; results come in the order of the jobs.
/// All jobs together are `steps` steps long.
pub(crate) fn parallel<T: Send>(
    threads: usize,
    jobs: usize,
    progress: &mut dyn Progress,
    (stage, steps): (&str, usize),
    work: impl Fn(usize, &Ticker) -> Result<T, Cancelled> + Sync,
) -> Result<Vec<T>, Cancelled> {
    let stop = AtomicBool::new(progress.tell(stage, 0, steps as u64).is_break());
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<T>>> = (0..jobs).map(|_| Mutex::new(None)).collect();
    let (sender, ticks) = channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, jobs.max(1)) {
            let ticker = Ticker { stop: &stop, steps: sender.clone() };
            let (next, results, work) = (&next, &results, &work);
            scope.spawn(move || {
                while !ticker.stop.load(Ordering::Relaxed) {
                    let job = next.fetch_add(1, Ordering::Relaxed);
                    let Some(place) = results.get(job) else { break };
                    let Ok(result) = work(job, &ticker) else { break };
                    *place.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(result);
                }
            });
        }
        drop(sender);
        for (done, ()) in ticks.iter().enumerate() {
            if progress.tell(stage, done as u64 + 1, steps as u64).is_break() {
                stop.store(true, Ordering::Relaxed);
            }
        }
    });
    if stop.load(Ordering::Relaxed) {
        return Err(Cancelled);
    }
    let taken = results.into_iter().map(|place| {
        place.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).ok_or(Cancelled)
    });
    taken.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order_for_any_number_of_threads() {
        for threads in [0, 1, 2, 7] {
            let result = parallel(threads, 20, &mut (), ("test", 20), |job, ticker| {
                ticker.step()?;
                Ok(job * job)
            });
            assert_eq!(result, Ok((0..20).map(|job| job * job).collect()));
        }
    }

    #[test]
    fn a_break_ends_the_work() {
        struct Third;
        impl Progress for Third {
            fn tell(&mut self, _: &str, done: u64, _: u64) -> ControlFlow<()> {
                if done >= 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            }
        }
        let endless = |_: usize, ticker: &Ticker| -> Result<(), Cancelled> {
            loop {
                ticker.step()?;
            }
        };
        assert_eq!(parallel(2, 4, &mut Third, ("test", 9), endless), Err(Cancelled));
    }
}
