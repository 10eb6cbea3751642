//! Threshold random walk: a sequential test for scanners.

/// Logarithm of (1 - theta1) / (1 - theta0) = 0.8 / 0.2: how much a failure speaks for a scanner.
const FAILURE: f64 = 1.386_294_361_119_890_6;
/// Logarithm of (1 - beta) / alpha = 0.99 / 0.01.
const BOUND: f64 = 4.595_119_850_134_59;

/// The test of Jung, Paxson, Berger and Balakrishnan, "Fast portscan detection using sequential
/// hypothesis testing" (2004), with their values: a benign source succeeds at 80 % of its first
/// contacts, a scanner at 20 %; false alarms and misses at most 1 % each.
///
/// Each first contact (a host or port not tried before) moves the walk once.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Trw {
    walk: f64,
}

/// What the walk says so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not enough evidence.
    Pending,
    /// The source scans.
    Scanner,
    /// The source behaves.
    Benign,
}

impl Trw {
    /// A first contact failed.
    pub fn failure(&mut self) -> Verdict {
        self.step(FAILURE)
    }

    /// A first contact succeeded.
    pub fn success(&mut self) -> Verdict {
        self.step(-FAILURE)
    }

    /// A failure that was counted turned out a success.
    pub fn take_back(&mut self) -> Verdict {
        self.step(-2.0 * FAILURE)
    }

    /// The verdict now. The walk rests at its bounds, so a source can still change its ways.
    pub fn verdict(&self) -> Verdict {
        if self.walk >= BOUND {
            Verdict::Scanner
        } else if self.walk <= -BOUND {
            Verdict::Benign
        } else {
            Verdict::Pending
        }
    }

    fn step(&mut self, by: f64) -> Verdict {
        self.walk = (self.walk + by).clamp(-BOUND, BOUND);
        self.verdict()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_failures_in_a_row_decide() {
        let mut trw = Trw::default();
        for _ in 0..3 {
            assert_eq!(trw.failure(), Verdict::Pending);
        }
        assert_eq!(trw.failure(), Verdict::Scanner);
        assert_eq!(trw.success(), Verdict::Pending);
    }

    #[test]
    fn mostly_successful_sources_are_benign() {
        let mut trw = Trw::default();
        for i in 0..100 {
            if i % 5 == 0 {
                trw.failure()
            } else {
                trw.success()
            };
            assert_ne!(trw.verdict(), Verdict::Scanner);
        }
        assert_eq!(trw.verdict(), Verdict::Benign);
    }
}
