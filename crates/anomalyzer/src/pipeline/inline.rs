//! Everything on one thread: a frame is borrowed from the reader's buffer all the way.

use super::{Outcome, Plan, Source};
use anomalyzer_engine::{Correlator, Output, Pacer, Worker};

pub(super) fn run(
    plan: &Plan,
    mut correlator: Correlator,
    source: &mut impl Source,
    out: &mut dyn Output,
) -> Outcome {
    let mut worker = Worker::new(&plan.config, &plan.matcher, 1, plan.seed);
    let mut pacer = Pacer::default();
    let stopped = source.pump(&mut |frame| {
        let paced = pacer.frame(frame.time);
        if let Some(marker) = &paced.marker {
            correlator.epoch(marker, vec![worker.marker(marker)], out);
            if let Some(matcher) = plan.next_lists.take() {
                worker.replace_keywords(&matcher);
            }
        }
        worker.frame(paced.seq, paced.now, frame);
        true
    });
    let marker = pacer.finish();
    correlator.epoch(&marker, vec![worker.marker(&marker)], out);
    Outcome { correlator, pacer, stopped }
}
