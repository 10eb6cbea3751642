//! One moving line on stderr while a file is read.

use crate::clock::Stopwatch;
use anomalyzer_engine::text;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

/// Frames between two looks at the clock.
const FRAMES_PER_LOOK: u64 = 4_096;
/// Time between two drawings.
const PAUSE: Duration = Duration::from_millis(200);

/// Draws how far reading has come. Draws nothing when it is off.
#[derive(Debug)]
pub(crate) struct Progress {
    on: bool,
    frames: u64,
    started: Stopwatch,
    drawn: Option<Duration>,
}

/// How far a file has been read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Position {
    /// Bytes read of all files.
    pub(crate) read: u64,
    /// Bytes of all files, where they are known.
    pub(crate) total: Option<u64>,
}

impl Progress {
    pub(crate) fn new(on: bool) -> Self {
        Self { on, frames: 0, started: Stopwatch::start(), drawn: None }
    }

    /// Counts a frame and draws when it is time.
    #[inline]
    pub(crate) fn frame(&mut self, position: impl FnOnce() -> Position) {
        self.frames += 1;
        if self.on && self.frames.is_multiple_of(FRAMES_PER_LOOK) {
            self.draw(position());
        }
    }

    /// Removes the line.
    pub(crate) fn clear(&mut self) {
        if self.drawn.take().is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }

    fn draw(&mut self, position: Position) {
        let elapsed = self.started.elapsed();
        if self.drawn.is_some_and(|last| elapsed < last + PAUSE) {
            return;
        }
        self.drawn = Some(elapsed);
        let line = line(self.frames, position, elapsed.as_secs_f64());
        // When stderr is gone there is nobody to look.
        let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
    }
}

/// `1,204,224 packets  312.5 MB/s  43 %  3 s left`
fn line(frames: u64, position: Position, seconds: f64) -> String {
    let rate = position.read as f64 / 1e6 / seconds.max(1e-3);
    let mut line = format!("{} packets  {rate:.1} MB/s", text::thousands(frames));
    if let Some(total) = position.total.filter(|t| *t > 0) {
        let share = (position.read as f64 / total as f64).min(1.0);
        let _ = write!(line, "  {:.0} %", share * 100.0);
        if share > 0.02 {
            let left = seconds * (1.0 - share) / share;
            let _ = write!(line, "  {} left", text::duration(left.ceil()));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_and_how_long() {
        let half = Position { read: 50_000_000, total: Some(100_000_000) };
        assert_eq!(line(1_204_224, half, 2.0), "1,204,224 packets  25.0 MB/s  50 %  2 s left");
        let pipe = Position { read: 1_000_000, total: None };
        assert_eq!(line(10, pipe, 1.0), "10 packets  1.0 MB/s");
    }
}
