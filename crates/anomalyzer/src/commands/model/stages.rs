//! How far training is, and how long its stages took.

use crate::clock::Stopwatch;
use crate::failure::{Failure, Kind};
use crate::stop::Stop;
use crate::terminal::Terminal;
use anomalyzer_learn::train::{HOLDING_OUT, Progress, TrainError};
use std::io::Write as _;
use std::ops::ControlFlow;
use std::time::Duration;

/// Time between two drawings.
const PAUSE: Duration = Duration::from_millis(200);

/// Draws the progress of a training run, measures its stages, and ends it at Ctrl-C.
pub(super) struct Stages {
    stop: Stop,
    on: bool,
    watch: Stopwatch,
    stage: String,
    began: Duration,
    drawn: Option<Duration>,
    /// Time spent on rows that were held out.
    select: Duration,
}

impl Stages {
    pub(super) fn new(terminal: &Terminal) -> Result<Self, Failure> {
        Ok(Self {
            stop: Stop::listen()?,
            on: terminal.progress(),
            watch: Stopwatch::start(),
            stage: String::new(),
            began: Duration::ZERO,
            drawn: None,
            select: Duration::ZERO,
        })
    }

    /// Seconds of choosing and of all the rest since the beginning.
    pub(super) fn seconds(&mut self) -> (f64, f64) {
        self.turn("");
        let select = self.select.as_secs_f64();
        (select, self.watch.elapsed().as_secs_f64() - select)
    }

    /// Removes the line.
    pub(super) fn clear(&mut self) {
        if self.drawn.take().is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }

    /// Another stage begins.
    fn turn(&mut self, stage: &str) {
        let now = self.watch.elapsed();
        if self.stage == HOLDING_OUT {
            self.select += now.saturating_sub(self.began);
        }
        stage.clone_into(&mut self.stage);
        self.began = now;
    }
}

impl Progress for Stages {
    fn tell(&mut self, stage: &str, done: u64, of: u64) -> ControlFlow<()> {
        if self.stage != stage {
            self.turn(stage);
        }
        let now = self.watch.elapsed();
        if self.on && self.drawn.is_none_or(|last| now >= last + PAUSE) {
            self.drawn = Some(now);
            let share = (done * 100).checked_div(of).unwrap_or(0);
            // When stderr is gone there is nobody to look.
            let _ = write!(std::io::stderr(), "\r\x1b[K{stage}: {share} %");
        }
        if self.stop.interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// The exit code that fits.
pub(super) fn failure(error: &TrainError) -> Failure {
    match error {
        TrainError::Cancelled => Failure::new(Kind::Interrupted, "interrupted"),
        TrainError::Tree(_) => Failure::runtime(error.to_string()),
        _ => Failure::usage(error.to_string()),
    }
}
