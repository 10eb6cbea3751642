//! Reader, workers and correlator on threads of their own, joined by bounded queues.
//!
//! The reader sends the batches of all workers together, so every worker sees every marker soon,
//! whatever the balance of the shards. That is what makes it impossible for the stages to wait for
//! each other in a circle: when the correlator waits for a worker's epoch, the batch with that
//! epoch's marker has been sent to this worker before anything that the other workers hold.

use super::batch::{Batch, Step};
use super::{Input, Observer, Outcome, Plan, Source};
use crate::failure::Failure;
use crate::reload::{NextLists, NextScorer};
use ahash::RandomState;
use anomalyzer_engine::{Correlator, EpochBatch, Marker, Pacer, Worker};
use anomalyzer_wire::{RawFrame, Timestamp, flow_addresses};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::collections::VecDeque;
use std::thread::{Builder, ScopedJoinHandle, scope};

/// Batches that wait before a worker.
const BATCHES: usize = 8;
/// Lists of epochs that wait before the correlator. Under a flood an epoch holds tens of thousands
/// of records, so few wait.
const EPOCHS: usize = 2;

type Epochs = Vec<(Marker, EpochBatch)>;

pub(super) fn run(
    plan: &Plan,
    correlator: Correlator,
    source: &mut impl Source,
    out: &mut (dyn Observer + Send),
) -> Result<Outcome, Failure> {
    scope(|scope| {
        let (spare_in, spare_out) = bounded(plan.workers * (BATCHES + 2));
        let (mut inputs, mut epochs, mut workers) = (Vec::new(), Vec::new(), Vec::new());
        for index in 0..plan.workers {
            let (batch_in, batch_out) = bounded(BATCHES);
            let (epoch_in, epoch_out) = bounded(EPOCHS);
            let spare = spare_in.clone();
            let job = move || work(plan, &batch_out, &epoch_in, &spare);
            workers.push(Builder::new().name(format!("worker-{index}")).spawn_scoped(scope, job));
            inputs.push(batch_in);
            epochs.push(epoch_out);
        }
        let job = move || correlate(correlator, &epochs, out);
        let correlator = Builder::new().name("correlator".into()).spawn_scoped(scope, job);
        let mut reader = Reader::new(plan, inputs, spare_out);
        let stopped = source.pump(&mut |input| match input {
            Input::Frame(frame) => reader.frame(frame),
            Input::Now(time) => reader.now(time),
        });
        let pacer = reader.finish();
        let workers: Vec<_> = workers.into_iter().map(join).collect();
        let correlator = join(correlator)?;
        workers.into_iter().collect::<Result<(), _>>()?;
        Ok(Outcome { correlator, pacer, stopped })
    })
}

/// The thread's result; a thread that could not start or that panicked is a failure with words.
fn join<T>(handle: std::io::Result<ScopedJoinHandle<'_, T>>) -> Result<T, Failure> {
    let handle = handle.map_err(|e| Failure::runtime(format!("a thread could not start: {e}")))?;
    handle.join().map_err(|panic| Failure::panicked(panic.as_ref()))
}

/// Numbers, shards and copies frames.
struct Reader {
    pacer: Pacer,
    pending: Vec<Batch>,
    inputs: Vec<Sender<Batch>>,
    spare: Receiver<Batch>,
    hasher: RandomState,
    next_lists: NextLists,
}

impl Reader {
    fn new(plan: &Plan, inputs: Vec<Sender<Batch>>, spare: Receiver<Batch>) -> Self {
        let pending = inputs.iter().map(|_| Batch::default()).collect();
        let hasher = RandomState::with_seeds(plan.seed, !plan.seed, 1, 2);
        let next_lists = plan.next_lists.clone();
        Self { pacer: Pacer::default(), pending, inputs, spare, hasher, next_lists }
    }

    /// Takes a frame; false when the workers are gone.
    fn frame(&mut self, frame: &RawFrame<'_>) -> bool {
        let paced = self.pacer.frame(frame.time);
        if let Some(marker) = paced.marker {
            self.mark(marker);
        }
        let shard = self.shard(frame);
        let Some(batch) = self.pending.get_mut(shard) else { return false };
        batch.push_frame(paced.seq, paced.now, frame);
        !batch.is_full() || self.send()
    }

    /// Takes the time on a silent link and sends what waits; false when the workers are gone.
    fn now(&mut self, time: Timestamp) -> bool {
        if let Some(marker) = self.pacer.tick(time) {
            self.mark(marker);
        }
        self.send()
    }

    /// Ends an epoch for all workers; other keyword lists and models hold from there on.
    fn mark(&mut self, marker: Marker) {
        self.pending.iter_mut().for_each(|batch| batch.push_marker(marker));
        let Some(next) = self.next_lists.take() else { return };
        for batch in &mut self.pending {
            if let Some(matcher) = &next.matcher {
                batch.push_keywords(matcher);
            }
            if let Some(NextScorer(scorer)) = &next.scorer {
                batch.push_scorer(scorer.as_ref());
            }
        }
    }

    /// Frames of one pair of addresses go to one worker, both ways; those without to the first.
    fn shard(&self, frame: &RawFrame<'_>) -> usize {
        let Some((a, b)) = flow_addresses(frame) else { return 0 };
        let hash = self.hasher.hash_one(if a < b { (a, b) } else { (b, a) });
        usize::try_from(hash % self.inputs.len().max(1) as u64).unwrap_or(0)
    }

    /// Sends what is pending to all workers; false when one of them is gone.
    fn send(&mut self) -> bool {
        let pairs = self.inputs.iter().zip(&mut self.pending);
        pairs.filter(|(_, batch)| !batch.is_empty()).all(|(input, batch)| {
            let spare = self.spare.try_recv().unwrap_or_default();
            input.send(std::mem::replace(batch, spare)).is_ok()
        })
    }

    /// Ends the input. A worker that is gone has panicked; joining it will tell.
    fn finish(mut self) -> Pacer {
        let marker = self.pacer.finish();
        self.pending.iter_mut().for_each(|batch| batch.push_marker(marker));
        self.send();
        self.pacer
    }
}

/// The life of a worker's thread: until the reader is done or the correlator is gone.
fn work(plan: &Plan, batches: &Receiver<Batch>, epochs: &Sender<Epochs>, spare: &Sender<Batch>) {
    let mut worker = Worker::new(&plan.config, &plan.matcher, plan.workers, plan.seed);
    worker.replace_scorer(plan.next_lists.scorer(&plan.config));
    for mut batch in batches {
        let mut done = Epochs::new();
        for step in batch.steps() {
            match step {
                Step::Frame(seq, now, frame) => worker.frame(seq, now, &frame),
                Step::Keywords(matcher) => worker.replace_keywords(matcher),
                Step::Scorer(scorer) => worker.replace_scorer(scorer.cloned()),
                Step::Marker(marker) => done.push((marker, worker.marker(&marker))),
            }
        }
        batch.clear();
        // Full means that enough spare batches wait already.
        let _ = spare.try_send(batch);
        if !done.is_empty() && epochs.send(done).is_err() {
            return;
        }
    }
}

/// The life of the correlator's thread: takes each epoch once all workers have delivered it.
fn correlate(
    mut correlator: Correlator,
    epochs: &[Receiver<Epochs>],
    out: &mut dyn Observer,
) -> Correlator {
    let mut waiting: Vec<_> = epochs.iter().map(|_| VecDeque::new()).collect();
    while let Some((marker, batches)) = next_epoch(epochs, &mut waiting) {
        correlator.epoch(&marker, batches, out);
        out.epoch(&mut correlator, &marker);
    }
    correlator
}

/// The next epoch of all workers; `None` when there is no more.
fn next_epoch(
    epochs: &[Receiver<Epochs>],
    waiting: &mut [VecDeque<(Marker, EpochBatch)>],
) -> Option<(Marker, Vec<EpochBatch>)> {
    let mut batches = Vec::with_capacity(epochs.len());
    let mut epoch: Option<Marker> = None;
    for (receiver, queue) in epochs.iter().zip(waiting) {
        if queue.is_empty() {
            queue.extend(receiver.recv().ok()?);
        }
        let (marker, batch) = queue.pop_front()?;
        debug_assert!(epoch.is_none_or(|m| m.epoch == marker.epoch), "workers out of step");
        epoch = Some(marker);
        batches.push(batch);
    }
    epoch.map(|marker| (marker, batches))
}
