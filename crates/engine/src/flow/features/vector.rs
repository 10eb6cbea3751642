//! From running statistics to the vector.

use super::moments::Moments;
use super::{COUNT, Features, SideFeatures, VERSION, Vector, micros32};

struct Writer {
    values: Vector,
    at: usize,
}

impl Writer {
    #[inline]
    fn push(&mut self, value: f64) {
        if let Some(slot) = self.values.get_mut(self.at) {
            *slot = value;
        }
        self.at += 1;
    }

    fn spread(&mut self, m: &Moments) {
        self.push(f64::from(m.max));
        self.push(f64::from(m.min));
        self.push(m.mean());
        self.push(m.sd());
    }

    fn times(&mut self, m: &Moments) {
        self.push(m.mean());
        self.push(m.sd());
        self.push(f64::from(m.max));
        self.push(f64::from(m.min));
    }

    fn total_and_times(&mut self, m: &Moments) {
        self.push(m.sum as f64);
        self.times(m);
    }
}

impl Features {
    /// The feature vector in the order of [`super::NAMES`]; side 0 is the originator.
    pub(super) fn vector(&self) -> Vector {
        let [fwd, bwd] = &self.sides;
        let mut v = Writer { values: [0.0; COUNT], at: 0 };
        let duration = (self.last - self.first) as f64;
        let seconds = duration / 1e6;
        let rate = |n: f64| if seconds > 0.0 { n / seconds } else { 0.0 };
        v.push(duration);
        v.push(f64::from(fwd.len.n));
        v.push(f64::from(bwd.len.n));
        v.push(fwd.len.sum as f64);
        v.push(bwd.len.sum as f64);
        v.spread(&fwd.len);
        v.spread(&bwd.len);
        v.push(rate((fwd.len.sum + bwd.len.sum) as f64));
        v.push(rate(f64::from(fwd.len.n) + f64::from(bwd.len.n)));
        v.times(&self.iat);
        v.total_and_times(&fwd.iat);
        v.total_and_times(&bwd.iat);
        for flag in [fwd.psh, bwd.psh, fwd.urg, bwd.urg] {
            v.push(f64::from(flag));
        }
        v.push(fwd.header as f64);
        v.push(bwd.header as f64);
        v.push(rate(f64::from(fwd.len.n)));
        v.push(rate(f64::from(bwd.len.n)));
        self.whole_flow(&mut v, fwd, bwd);
        self.parts(&mut v, fwd, bwd);
        self.endings(&mut v, fwd, bwd);
        v.values
    }

    fn whole_flow(&self, v: &mut Writer, fwd: &SideFeatures, bwd: &SideFeatures) {
        let all = fwd.len.merged(&bwd.len);
        v.push(f64::from(all.min));
        v.push(f64::from(all.max));
        v.push(all.mean());
        v.push(all.sd());
        v.push(all.variance());
        for count in self.flags {
            v.push(f64::from(count));
        }
        let ratio = if fwd.len.n == 0 { 0.0 } else { f64::from(bwd.len.n) / f64::from(fwd.len.n) };
        v.push(ratio);
        v.push(all.mean());
        v.push(fwd.len.mean());
        v.push(bwd.len.mean());
    }

    /// Bulks and subflows.
    fn parts(&self, v: &mut Writer, fwd: &SideFeatures, bwd: &SideFeatures) {
        for side in [fwd, bwd] {
            for average in side.bulk.averages() {
                v.push(average);
            }
        }
        let subflows = f64::from(self.pauses) + 1.0;
        for side in [fwd, bwd] {
            v.push(f64::from(side.len.n) / subflows);
            v.push(side.len.sum as f64 / subflows);
        }
    }

    fn endings(&self, v: &mut Writer, fwd: &SideFeatures, bwd: &SideFeatures) {
        v.push(fwd.window.map_or(-1.0, f64::from));
        v.push(bwd.window.map_or(-1.0, f64::from));
        v.push(f64::from(fwd.data_packets));
        v.push(f64::from(fwd.min_header));
        let mut active = self.active;
        if self.last > self.active_start {
            active.add(micros32(self.last - self.active_start));
        }
        v.times(&active);
        v.times(&self.idle);
        v.push(VERSION);
    }
}
