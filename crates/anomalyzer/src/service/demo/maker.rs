//! Makes the packets of the office when they are due.

use super::story::{FIRST, LATER, PAUSE_S};
use super::{OFFICE_START, STATIONS};
use crate::clock::{self, Stopwatch};
use crate::failure::Failure;
use crate::input::BEHIND_NANOS;
use crate::pipeline::Input;
use crate::service::Maker;
use anomalyzer_scenario::{Plan, Rng, Scenario, generate};
use anomalyzer_wire::Timestamp;
use std::time::Duration;

/// Longest sleep: time goes on meanwhile.
const NAP: Duration = Duration::from_millis(50);
/// Shortest sleep that is worth it.
const NAP_MIN: Duration = Duration::from_millis(1);
/// Minutes that a scenario can be asked for: ten years.
const MINUTES: u32 = 5_256_000;
/// When this far behind (a machine that slept), what was missed is left out.
const MISSED: Duration = Duration::from_secs(20);

/// The office and who attacks it.
pub(super) struct Office {
    seed: u64,
    speed: f64,
    scenario: Scenario,
    rng: Rng,
    /// Attacks launched so far.
    attacks: usize,
    /// Office time of the next one.
    next: Timestamp,
}

impl Office {
    pub(super) fn new(seed: u64, speed: f64) -> Self {
        let mut scenario = generate(&plan(seed, OFFICE_START, MINUTES));
        for (ms, kind, origin) in FIRST {
            scenario.launch(kind, origin, OFFICE_START.plus_nanos(ms * 1_000_000), seed);
        }
        let rng = Rng::stream(seed, "story");
        let next = OFFICE_START.plus_secs(20);
        Self { seed, speed, scenario, rng, attacks: 0, next }
    }

    /// Launches the attack that is due.
    fn attack(&mut self) {
        let Some((kind, origin)) = LATER.get(self.attacks % LATER.len()) else { return };
        let seed = self.seed.wrapping_add(1 + self.attacks as u64);
        self.scenario.launch(*kind, *origin, self.next, seed);
        self.attacks += 1;
        let pause = self.rng.range(PAUSE_S.0, PAUSE_S.1);
        self.next = self.next.plus_secs(i64::try_from(pause).unwrap_or(60));
    }
}

/// The office from `start` on.
pub(super) fn plan(seed: u64, start: Timestamp, minutes: u32) -> Plan {
    Plan { start, hosts: STATIONS, ..Plan::office(seed, minutes) }
}

impl Maker for Office {
    fn pump(&mut self, sink: &mut dyn FnMut(Input<'_>) -> bool) -> Result<(), Failure> {
        let mut pace = Pace::new(OFFICE_START, self.speed);
        while let Some(mut frame) = self.scenario.next() {
            // Attacks are launched before the first frame behind their beginning.
            while self.next <= frame.time.plus_secs(2) {
                self.attack();
            }
            while let Some(wait) = pace.wait(frame.time) {
                if !sink(Input::Now(clock::wall().plus_nanos(-BEHIND_NANOS))) {
                    return Ok(());
                }
                std::thread::sleep(wait.min(NAP));
            }
            frame.time = pace.wall(frame.time);
            if !sink(Input::Frame(&frame.raw())) {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Office time and the clock's, side by side.
struct Pace {
    office: Timestamp,
    wall: Timestamp,
    watch: Stopwatch,
    speed: f64,
}

impl Pace {
    fn new(office: Timestamp, speed: f64) -> Self {
        Self { office, wall: clock::wall(), watch: Stopwatch::start(), speed }
    }

    /// How long to wait for a frame; `None` when it is due.
    fn wait(&mut self, time: Timestamp) -> Option<Duration> {
        let due = Duration::from_nanos(self.passed(time).unsigned_abs());
        let now = self.watch.elapsed();
        if now > due + MISSED {
            *self = Self::new(time, self.speed);
        }
        Some(due.saturating_sub(now)).filter(|wait| *wait >= NAP_MIN)
    }

    /// The clock's time of an office time.
    fn wall(&self, time: Timestamp) -> Timestamp {
        self.wall.plus_nanos(self.passed(time))
    }

    /// Nanoseconds of the clock since the beginning.
    #[allow(clippy::cast_possible_truncation)] // saturates after 292 years
    fn passed(&self, time: Timestamp) -> i64 {
        (time.since(self.office).max(0) as f64 / self.speed) as i64
    }
}
