//! A look at an interface for a while.

use super::Gate;
use crate::clock::{self, Stopwatch};
use crate::failure::{Failure, Kind};
use crate::pipeline::{Input, Source};
use crate::progress::Position;
use crate::stop::Stop;
use anomalyzer_capture::{LiveCapture, LiveError, LiveEvent, LiveOptions, LiveStats};
use anomalyzer_report as report;
use anomalyzer_wire::HostileStr;
use std::time::Duration;

/// How far a silent link's time stays behind the clock: a frame may wait so long in the kernel.
pub(crate) const BEHIND_NANOS: i64 = 200_000_000;

/// Frames of an interface until the limit, the time or the user ends it.
#[derive(Debug)]
pub(crate) struct Live {
    capture: LiveCapture,
    duration: Option<Duration>,
    gate: Gate,
    stop: Stop,
    damage: Option<String>,
}

impl Live {
    /// Opens the interface; the kernel runs the filter.
    pub(crate) fn open(
        interface: &str,
        filter: Option<&str>,
        duration: Option<Duration>,
        gate: Gate,
        stop: Stop,
    ) -> Result<Self, Failure> {
        let options = LiveOptions { filter: filter.map(str::to_owned), ..LiveOptions::default() };
        let capture = LiveCapture::open(interface, &options).map_err(|e| live_failure(&e))?;
        Ok(Self { capture, duration, gate, stop, damage: None })
    }

    /// What was read, what passed, and what was lost.
    pub(crate) fn into_parts(mut self) -> (Vec<report::Source>, Gate, Option<LiveStats>) {
        let name = HostileStr::from(self.capture.interface().as_bytes());
        let format = "live interface".to_owned();
        let source = report::Source { name, format, damage: self.damage };
        (vec![source], self.gate, self.capture.stats().ok())
    }
}

impl Source for Live {
    /// An interface that disappears ends the input; what came until then counts.
    fn pump(&mut self, sink: &mut impl FnMut(Input<'_>) -> bool) -> Result<(), Failure> {
        let watch = Stopwatch::start();
        loop {
            self.stop.check()?;
            if self.duration.is_some_and(|duration| watch.elapsed() >= duration) {
                return Ok(());
            }
            match self.capture.next_frame() {
                Ok(LiveEvent::Frame(frame)) => {
                    if !self.gate.pass(&frame, Position::default, sink)? {
                        return Ok(());
                    }
                }
                Ok(LiveEvent::Idle) => {
                    if !sink(Input::Now(clock::wall().plus_nanos(-BEHIND_NANOS))) {
                        return Ok(());
                    }
                }
                Err(lost) => {
                    self.damage = Some(lost.to_string());
                    return Ok(());
                }
            }
        }
    }
}

/// The exit code that fits.
pub(crate) fn live_failure(error: &LiveError) -> Failure {
    let kind = match error {
        LiveError::NotPermitted { .. } => Kind::Permission,
        LiveError::NoSuchInterface { .. } | LiveError::Filter(_) => Kind::Usage,
        _ => Kind::Runtime,
    };
    Failure::new(kind, error.to_string())
}
