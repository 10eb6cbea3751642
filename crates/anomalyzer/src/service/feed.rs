//! Frames for the engine: of interfaces, or of a file at its own pace.

use super::Service;
use super::evidence::Ring;
use crate::clock::{self, Stopwatch};
use crate::failure::Failure;
use crate::input::BEHIND_NANOS;
use crate::pipeline::{Input, Source};
use anomalyzer_capture::{CaptureFile, FilterSet, Limits, Sensor, SensorEvent};
use anomalyzer_wire::{RawFrame, Timestamp};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Longest sleep between two packets of a file: time goes on meanwhile, and a stop is noticed.
const NAP: Duration = Duration::from_millis(50);
/// Frames between two looks at what others want.
const FRAMES_PER_LOOK: u64 = 1_024;

/// A step of the clock back by more than this begins the engine anew: its time never runs back, so
/// it would stand still for as long.
const STEP_BACK_NANOS: i64 = 2_000_000_000;

/// Where the frames come from.
pub(crate) enum Feed {
    /// Interfaces.
    Live(Sensor),
    /// A capture file.
    Replay(Replay),
    /// Somebody makes them.
    Made(Box<dyn Maker>),
}

/// Makes frames, at its own pace.
pub(crate) trait Maker: Send {
    /// Hands everything to `sink` until it answers false or there is no more. While no frame is due
    /// it tells the time, at least every 100 ms.
    fn pump(&mut self, sink: &mut dyn FnMut(Input<'_>) -> bool) -> Result<(), Failure>;
}

impl Feed {
    /// True when no more will come.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Live(_) | Self::Made(_) => false,
            Self::Replay(replay) => replay.done,
        }
    }
}

/// A capture file, paced by its packet times.
pub(crate) struct Replay {
    path: PathBuf,
    /// How many times faster than it was; `None`: as fast as can be.
    speed: Option<f64>,
    filter: Option<FilterSet>,
    /// Read to its end.
    done: bool,
}

/// A feed with what every frame passes.
pub(super) struct Frames<'a> {
    pub(super) service: &'a Arc<Service>,
    pub(super) feed: &'a mut Feed,
    pub(super) ring: &'a mut Ring,
    /// Frames and bytes that were not added to the counters yet.
    counted: [u64; 2],
    /// The clock was set back while frames were read.
    pub(super) set_back: bool,
}

impl<'a> Frames<'a> {
    pub(super) fn new(service: &'a Arc<Service>, feed: &'a mut Feed, ring: &'a mut Ring) -> Self {
        Self { service, feed, ring, counted: [0; 2], set_back: false }
    }
}

impl Source for Frames<'_> {
    fn pump(&mut self, sink: &mut impl FnMut(Input<'_>) -> bool) -> Result<(), Failure> {
        let Self { service, feed, ring, counted, set_back } = self;
        let mut take = Take { service, ring, counted };
        match feed {
            Feed::Live(sensor) => *set_back = live(sensor, &mut take, sink),
            Feed::Replay(replay) => replay.pump(&mut take, sink),
            Feed::Made(maker) => made(maker.as_mut(), &mut take, sink)?,
        }
        service.stop.check()
    }
}

/// What happens to each frame beside the engine.
struct Take<'a> {
    service: &'a Arc<Service>,
    ring: &'a mut Ring,
    counted: &'a mut [u64; 2],
}

impl Take<'_> {
    #[inline]
    fn frame(&mut self, frame: &RawFrame<'_>) {
        self.ring.push(frame);
        self.counted[0] += 1;
        self.counted[1] += u64::from(frame.orig_len);
        if self.counted[0] >= FRAMES_PER_LOOK {
            self.look();
        }
    }

    /// Adds up, and lets the one who cuts evidence see what has come.
    fn look(&mut self) {
        let [frames, bytes] = std::mem::take(self.counted);
        self.service.health.frames.fetch_add(frames, Ordering::Relaxed);
        self.service.health.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.ring.look();
    }
}

/// The clock as it was seen last.
struct Clock {
    wall: Timestamp,
    watch: Stopwatch,
}

impl Clock {
    fn new() -> Self {
        Self { wall: clock::wall(), watch: Stopwatch::start() }
    }

    /// True when it was set back since the last look.
    fn set_back(&mut self) -> bool {
        let now = Self::new();
        let passed = i64::try_from(self.watch.elapsed().as_nanos()).unwrap_or(i64::MAX);
        let expected = self.wall.plus_nanos(passed);
        *self = now;
        expected.since(self.wall) > STEP_BACK_NANOS
    }
}

/// Reads interfaces until somebody stops it, or the clock is set back: true.
fn live(
    sensor: &mut Sensor,
    take: &mut Take<'_>,
    sink: &mut impl FnMut(Input<'_>) -> bool,
) -> bool {
    let stop = take.service.stop.clone();
    let mut number = 0_u64;
    let (mut clock, mut set_back) = (Clock::new(), false);
    let mut go_on = || {
        set_back = clock.set_back();
        !set_back && stop.check().is_ok()
    };
    sensor.pump(&mut |event| match event {
        SensorEvent::Frame(frame) => {
            number += 1;
            if number.is_multiple_of(FRAMES_PER_LOOK) && !go_on() {
                return false;
            }
            take.frame(frame);
            sink(Input::Frame(frame))
        }
        SensorEvent::Idle => {
            take.look();
            go_on() && sink(Input::Now(clock::wall().plus_nanos(-BEHIND_NANOS)))
        }
    });
    set_back
}

fn made(
    maker: &mut dyn Maker,
    take: &mut Take<'_>,
    sink: &mut impl FnMut(Input<'_>) -> bool,
) -> Result<(), Failure> {
    let stop = take.service.stop.clone();
    maker.pump(&mut |input| {
        match input {
            Input::Frame(frame) => take.frame(frame),
            Input::Now(_) => take.look(),
        }
        sink(input) && stop.check().is_ok()
    })
}

impl Replay {
    /// Replays a file so many times faster than it was (`None`: as fast as can be).
    pub(crate) fn new(path: &Path, speed: Option<f64>, filter: Option<&str>) -> Self {
        Self { path: path.to_owned(), speed, filter: filter.map(FilterSet::new), done: false }
    }

    fn pump(&mut self, take: &mut Take<'_>, sink: &mut impl FnMut(Input<'_>) -> bool) {
        match self.read(take, sink) {
            Ok(true) => self.done = true,
            Ok(false) => {}
            Err(damage) => {
                take.service.set_source_problem(Some(damage));
                self.done = true;
            }
        }
    }

    /// Reads the file; true at its end, false when somebody stopped it.
    fn read(
        &mut self,
        take: &mut Take<'_>,
        sink: &mut impl FnMut(Input<'_>) -> bool,
    ) -> Result<bool, String> {
        let mut file =
            CaptureFile::open(&self.path, &Limits::default()).map_err(|e| e.to_string())?;
        let mut pace: Option<Pace> = None;
        let mut number = 0_u64;
        while let Some(frame) = file.next_frame().map_err(|e| e.to_string())? {
            if let Some(filter) = &mut self.filter
                && !filter.matches(&frame).map_err(ToString::to_string)?
            {
                continue;
            }
            if let Some(speed) = self.speed {
                let pace = pace.get_or_insert_with(|| Pace::new(frame.time, speed));
                while let Some(wait) = pace.wait(frame.time) {
                    take.look();
                    if !sink(Input::Now(pace.now())) || take.service.stop.check().is_err() {
                        return Ok(false);
                    }
                    std::thread::sleep(wait.min(NAP));
                }
            }
            take.frame(&frame);
            number += 1;
            let look = number.is_multiple_of(FRAMES_PER_LOOK);
            if !sink(Input::Frame(&frame)) || look && take.service.stop.check().is_err() {
                return Ok(false);
            }
        }
        take.look();
        Ok(true)
    }
}

/// When a packet of a file is due.
struct Pace {
    first: Timestamp,
    speed: f64,
    watch: Stopwatch,
}

impl Pace {
    fn new(first: Timestamp, speed: f64) -> Self {
        Self { first, speed, watch: Stopwatch::start() }
    }

    /// How long to wait for the packet with this time; `None` when it is due.
    fn wait(&self, time: Timestamp) -> Option<Duration> {
        let due =
            Duration::from_secs_f64((time.since(self.first).max(0) as f64 / 1e9) / self.speed);
        let wait = due.saturating_sub(self.watch.elapsed());
        (wait > Duration::from_millis(1)).then_some(wait)
    }

    /// The file's time now, a little behind.
    fn now(&self) -> Timestamp {
        #[allow(clippy::cast_possible_truncation)] // saturates after 292 years
        let passed = (self.watch.elapsed().as_secs_f64() * self.speed * 1e9) as i64;
        self.first.plus_nanos(passed.saturating_sub(BEHIND_NANOS).max(0))
    }
}
