//! Everything on one thread: a frame is borrowed from the reader's buffer all the way.

use super::{Input, Observer, Outcome, Plan, Source};
use crate::reload::NextScorer;
use anomalyzer_engine::{Correlator, Marker, Pacer, Worker};

pub(super) fn run(
    plan: &Plan,
    mut correlator: Correlator,
    source: &mut impl Source,
    out: &mut dyn Observer,
) -> Outcome {
    let mut worker = Worker::new(&plan.config, &plan.matcher, 1, plan.seed);
    worker.replace_scorer(plan.next_lists.scorer(&plan.config));
    let mut pacer = Pacer::default();
    let mut cut = |worker: &mut Worker, marker: &Marker| {
        correlator.epoch(marker, vec![worker.marker(marker)], out);
        out.epoch(&mut correlator, marker);
        let Some(next) = plan.next_lists.take() else { return };
        if let Some(matcher) = &next.matcher {
            worker.replace_keywords(matcher);
        }
        if let Some(NextScorer(scorer)) = next.scorer {
            worker.replace_scorer(scorer);
        }
    };
    let stopped = source.pump(&mut |input| {
        match input {
            Input::Frame(frame) => {
                let paced = pacer.frame(frame.time);
                if let Some(marker) = &paced.marker {
                    cut(&mut worker, marker);
                }
                worker.frame(paced.seq, paced.now, frame);
            }
            Input::Now(time) => {
                if let Some(marker) = &pacer.tick(time) {
                    cut(&mut worker, marker);
                }
            }
        }
        true
    });
    cut(&mut worker, &pacer.finish());
    Outcome { correlator, pacer, stopped }
}
