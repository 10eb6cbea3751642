//! Flow records of frames, with the label of their first frame.

use anomalyzer_engine::keyword::Matcher;
use anomalyzer_engine::{Config, EpochBatch, FlowRecord, Observation, Pacer, Worker};
use anomalyzer_scenario::{Plan, generate};
use anomalyzer_wire::RawFrame;
use std::collections::HashMap;
use std::sync::Arc;

/// A worker that gives flow records.
pub(crate) struct Meter {
    worker: Worker,
    pacer: Pacer,
    records: Vec<FlowRecord>,
}

impl Meter {
    pub(crate) fn new() -> Self {
        let worker = Worker::new(&Arc::new(Config::default()), &Arc::new(Matcher::default()), 1, 1);
        Self { worker, pacer: Pacer::default(), records: Vec::new() }
    }

    /// Takes a frame; its number, which is the id of a flow that begins with it.
    pub(crate) fn frame(&mut self, frame: &RawFrame<'_>) -> u64 {
        let paced = self.pacer.frame(frame.time);
        if let Some(marker) = &paced.marker {
            let batch = self.worker.marker(marker);
            self.take(batch);
        }
        self.worker.frame(paced.seq, paced.now, frame);
        paced.seq
    }

    /// All records.
    pub(crate) fn finish(mut self) -> Vec<FlowRecord> {
        let marker = self.pacer.finish();
        let batch = self.worker.marker(&marker);
        self.take(batch);
        self.records
    }

    fn take(&mut self, batch: EpochBatch) {
        for seen in batch.seen {
            if let Observation::FlowEnded(record) = seen.what {
                self.records.push(*record);
            }
        }
        self.records.extend(batch.expired.into_iter().map(|expired| *expired.record));
    }
}

/// The flows of a scenario; with each the name of the attack that it is part of.
pub(crate) fn of_scenario(plan: &Plan) -> Vec<(FlowRecord, Option<&'static str>)> {
    let mut scenario = generate(plan);
    let (mut meter, mut labels) = (Meter::new(), HashMap::new());
    for frame in scenario.by_ref() {
        let seq = meter.frame(&frame.raw());
        if frame.label > 0 {
            labels.insert(seq, frame.label);
        }
    }
    let truth = scenario.truth();
    let kind = |record: &FlowRecord| {
        let label = labels.get(&record.id.0)?;
        let truth = truth.get(usize::from(*label).checked_sub(1)?)?;
        // Traffic that only looks like an attack is normal traffic.
        (!truth.detector.is_empty()).then_some(truth.kind)
    };
    meter
        .finish()
        .into_iter()
        .map(|record| {
            let kind = kind(&record);
            (record, kind)
        })
        .collect()
}
