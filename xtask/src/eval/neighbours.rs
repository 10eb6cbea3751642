//! How far the thresholds may move: every number of every detector that claims attacks, halved and
//! doubled, over all labelled captures.
//!
//! A threshold that works only at its default was fitted to the captures; one whose neighbours do
//! as well was not. Each variant runs its detector alone, in this process: what other detectors
//! find does not depend on it.

use super::judge::{Alert, Verdict, judge};
use super::truth::{Labelled, expected};
use anomalyzer_capture::{CaptureFile, Limits};
use anomalyzer_engine::config::Section;
use anomalyzer_engine::detect::{DETECTORS, Setting, Spec, Unit};
use anomalyzer_engine::keyword::{Matcher, default_lists};
use anomalyzer_engine::{Config, Correlator, FlowRecord, Output, Pacer, Severity, Worker};
use anomalyzer_wire::{LinkType, RawFrame, Timestamp};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// What a detector does over all captures with one set of thresholds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Score {
    /// Attacks that it has to find, and finds.
    pub(super) found: usize,
    /// Benign captures on which it claims an attack.
    pub(super) false_alarms: usize,
}

/// One threshold and what its neighbours do.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) detector: &'static str,
    pub(super) key: &'static str,
    pub(super) default: f64,
    /// Half and double, within the range that the setting allows; `None` at its end.
    pub(super) moved: [Option<(f64, Score)>; 2],
}

/// All rows, and each detector's score at its defaults with the attacks it has to find.
#[derive(Debug, Default)]
pub(super) struct Neighbourhood {
    pub(super) rows: Vec<Row>,
    pub(super) defaults: BTreeMap<&'static str, (Score, usize)>,
}

/// A detector with one number changed, or none.
#[derive(Clone, Copy)]
struct Variant {
    spec: &'static Spec,
    change: Option<(&'static Setting, usize, f64)>,
}

/// Runs every variant over every capture.
pub(super) fn run(folder: &Path, labels: &[Labelled]) -> Result<Neighbourhood, String> {
    let variants = variants();
    let lists = default_lists().map_err(|e| e.to_string())?;
    let matcher = Arc::new(Matcher::new(&lists).map_err(|e| e.to_string())?);
    let (next, scores) = (AtomicUsize::new(0), Mutex::new(vec![Score::default(); variants.len()]));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(label) = labels.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // One that cannot be read has failed before this.
                    if let Some(frames) = frames(&folder.join(&label.file)) {
                        let told = variants.iter().map(|v| one(*v, &matcher, &frames, label));
                        add(&scores, told);
                    }
                }
            });
        }
    });
    let scores = scores.into_inner().unwrap_or_default();
    Ok(table(&variants, &scores, labels))
}

fn add(scores: &Mutex<Vec<Score>>, told: impl Iterator<Item = Score>) {
    let told: Vec<Score> = told.collect();
    if let Ok(mut scores) = scores.lock() {
        for (score, more) in scores.iter_mut().zip(told) {
            score.found += more.found;
            score.false_alarms += more.false_alarms;
        }
    }
}

/// Every detector that claims attacks at its defaults, and with each number halved and doubled.
fn variants() -> Vec<Variant> {
    let claims = DETECTORS.iter().filter(|spec| spec.severity >= Severity::Medium);
    let mut variants = Vec::new();
    for spec in claims.copied() {
        variants.push(Variant { spec, change: None });
        for setting in spec.settings.iter().filter(|s| s.unit != Unit::Flag && s.default != 0.0) {
            for (side, factor) in [0.5, 2.0].into_iter().enumerate() {
                let moved = rounded(setting, setting.default * factor);
                if (setting.min..=setting.max).contains(&moved)
                    && (moved - setting.default).abs() > f64::EPSILON
                {
                    variants.push(Variant { spec, change: Some((setting, side, moved)) });
                }
            }
        }
    }
    variants
}

fn rounded(setting: &Setting, value: f64) -> f64 {
    if setting.unit == Unit::Count { value.round() } else { value }
}

fn table(variants: &[Variant], scores: &[Score], labels: &[Labelled]) -> Neighbourhood {
    let mut all = Neighbourhood::default();
    for (variant, score) in variants.iter().zip(scores) {
        let spec = variant.spec;
        let Some((setting, side, value)) = variant.change else {
            let wanted = labels.iter().filter(|l| l.attack && wants(l, spec)).count();
            all.defaults.insert(spec.id, (*score, wanted));
            continue;
        };
        let same = |r: &Row| r.detector == spec.id && r.key == setting.key;
        if !all.rows.last().is_some_and(same) {
            let (detector, key, default) = (spec.id, setting.key, setting.default);
            all.rows.push(Row { detector, key, default, moved: [None, None] });
        }
        let cell = all.rows.last_mut().and_then(|row| row.moved.get_mut(side));
        if let Some(cell) = cell {
            *cell = Some((value, *score));
        }
    }
    all
}

/// True when the detector has to find the attack.
fn wants(label: &Labelled, spec: &Spec) -> bool {
    expected(&label.kind).is_some_and(|(id, required)| required && id == spec.id)
}

fn one(variant: Variant, matcher: &Arc<Matcher>, frames: &[Frame], label: &Labelled) -> Score {
    let wanted = wants(label, variant.spec);
    if label.attack && !wanted || label.is_hard() {
        return Score::default();
    }
    let mut config = Config::default();
    for section in &mut config.detect {
        section.enabled = section.id() == variant.spec.id;
        if section.enabled {
            change(section, variant);
        }
    }
    let alerts = analyze(&Arc::new(config), matcher, frames);
    match judge(label, &alerts) {
        Verdict::Found(_) => Score { found: 1, false_alarms: 0 },
        Verdict::FalseAlarm(_) => Score { found: 0, false_alarms: 1 },
        _ => Score::default(),
    }
}

fn change(section: &mut Section, variant: Variant) {
    if let Some((setting, _, value)) = variant.change {
        section.set(setting.key, value);
    }
}

/// A frame that is kept, so that a capture is read once.
struct Frame {
    time: Timestamp,
    link: LinkType,
    orig_len: u32,
    data: Vec<u8>,
}

fn frames(path: &Path) -> Option<Vec<Frame>> {
    let mut file = CaptureFile::open(path, &Limits::default()).ok()?;
    let mut frames = Vec::new();
    // A damaged capture counts as far as it is whole.
    while let Ok(Some(RawFrame { time, link, orig_len, data })) = file.next_frame() {
        frames.push(Frame { time, link, orig_len, data: data.to_vec() });
    }
    Some(frames)
}

struct Nowhere;

impl Output for Nowhere {
    fn flow(&mut self, _record: &FlowRecord) {}
}

/// One worker and a correlator, as the program runs them inline.
fn analyze(config: &Arc<Config>, matcher: &Arc<Matcher>, frames: &[Frame]) -> Vec<Alert> {
    const SEED: u64 = 1;
    let mut worker = Worker::new(config, matcher, 1, SEED);
    let mut correlator = Correlator::new(config, SEED);
    let mut pacer = Pacer::default();
    for Frame { time, link, orig_len, data } in frames {
        let paced = pacer.frame(*time);
        if let Some(marker) = &paced.marker {
            correlator.epoch(marker, vec![worker.marker(marker)], &mut Nowhere);
        }
        let frame = RawFrame { time: *time, link: *link, orig_len: *orig_len, data };
        worker.frame(paced.seq, paced.now, &frame);
    }
    let marker = pacer.finish();
    correlator.epoch(&marker, vec![worker.marker(&marker)], &mut Nowhere);
    correlator.alerts().iter().map(Alert::of).collect()
}
