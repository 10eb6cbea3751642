//! What happens when the engine fails, with the service's real threads.

use super::*;
use crate::pipeline::Input;
use crate::service::feed::Maker;
use crate::service::testing;
use std::sync::atomic::{AtomicU64, Ordering};

/// Frames whose making fails so many times, and then goes on until somebody stops it.
struct Faulty {
    faults: u64,
    lives: Arc<AtomicU64>,
}

impl Maker for Faulty {
    fn pump(&mut self, sink: &mut dyn FnMut(Input<'_>) -> bool) -> Result<(), Failure> {
        let life = self.lives.fetch_add(1, Ordering::Relaxed);
        assert!(life >= self.faults, "a fault of ours, number {life}");
        while sink(Input::Now(clock::wall())) {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

/// Runs the service's threads over such frames until they end, or `until` says so.
fn ran(faults: u64, workers: usize, until: fn(u64) -> bool) -> (Result<(), Failure>, u64) {
    let dir = tempfile::tempdir().unwrap();
    let service = testing::plain(dir.path());
    let lives = Arc::new(AtomicU64::new(0));
    let feed = Feed::Made(Box::new(Faulty { faults, lives: Arc::clone(&lives) }));
    let parts = Parts::start(&service, feed, workers).unwrap();
    let (watched, stop) = (Arc::clone(&lives), service.stop.clone());
    let stopper = std::thread::spawn(move || {
        while stop.check().is_ok() && !until(watched.load(Ordering::Relaxed)) {
            std::thread::sleep(PAUSE / 10);
        }
        std::thread::sleep(PAUSE);
        stop.close();
    });
    let ended = attend(&service, &parts);
    let stopped = parts.stop(&service);
    stopper.join().unwrap();
    let restarts = service.health.restarts.load(Ordering::Relaxed);
    assert_eq!(restarts, faults.min(3));
    (ended.and(stopped), lives.load(Ordering::Relaxed))
}

#[test]
fn the_third_fault_within_a_minute_ends_the_program_with_a_message() {
    for workers in [1, 2] {
        let (ended, lives) = ran(u64::MAX, workers, |_| false);
        let failure = ended.unwrap_err();
        assert_eq!((failure.kind(), lives), (Kind::Runtime, 3), "{workers} workers");
        assert!(failure.to_string().contains("a fault of ours, number 2"), "{failure}");
    }
}

#[test]
fn after_two_faults_the_engine_goes_on() {
    let (ended, lives) = ran(2, 1, |lives| lives == 3);
    assert!(ended.is_ok(), "{ended:?}");
    assert_eq!(lives, 3);
}
