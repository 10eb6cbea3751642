//! The packets that belong to alerts, kept as small capture files.
//!
//! Of an interface they are cut out of the latest packets in memory when an alert comes or becomes
//! more severe; of a capture file by reading it a second time. Each file holds at most 200 packets
//! of at most 512 bytes; the store removes the oldest when all together take too much room.

mod facts;
mod files;
mod layers;
mod pick;
mod ring;

pub(crate) use ring::{PACKET_BYTES, Ring, Shelf};

use super::Service;
use anomalyzer_capture::{CaptureFile, Limits};
use anomalyzer_engine::{Alert, Severity};
use anomalyzer_store::SourceId;
use anomalyzer_web::control::EvidencePacket;
use anomalyzer_wire::RawFrame;
use crossbeam_channel::Receiver;
use pick::Wants;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long the reader of frames may take to hand over the latest ones.
const PATIENCE: Duration = Duration::from_millis(500);
/// Alerts that one pass looks for.
const WANTS_MAX: usize = 64;
/// Alerts whose severity is remembered.
const ALERTS_MAX: usize = 200_000;

/// The life of the thread that cuts: until the writer of alerts is gone.
pub(super) fn run(service: &Arc<Service>, wanted: &Receiver<Vec<Alert>>) {
    let mut cut: HashMap<String, Severity> = HashMap::new();
    for mut alerts in wanted {
        while let Ok(more) = wanted.try_recv() {
            alerts.extend(more);
        }
        // The latest of those with the same id is the last.
        alerts.retain(|a| cut.get(&a.id).is_none_or(|before| *before < a.severity));
        for alerts in alerts.chunks(WANTS_MAX) {
            live(service, alerts);
        }
        if cut.len() > ALERTS_MAX {
            cut.clear();
        }
        cut.extend(alerts.into_iter().map(|a| (a.id, a.severity)));
    }
}

/// Cuts the packets of alerts out of those in memory.
fn live(service: &Service, alerts: &[Alert]) {
    if alerts.is_empty() {
        return;
    }
    let mut wants = Wants::new(alerts, service.keeps_payload());
    let Some((from, to)) = wants.span() else { return };
    for segment in service.shelf.take(PATIENCE).iter().filter(|s| s.touches(from, to)) {
        segment.frames().for_each(|frame| wants.offer(&frame));
    }
    if let Err(error) = keep(service, service.source, wants) {
        tracing::warn!("packets of alerts could not be kept: {error}");
    }
}

/// Cuts the packets of a source's alerts out of its capture file. How many alerts have some.
pub(crate) fn from_file(
    service: &Service,
    source: SourceId,
    file: &Path,
    alerts: &[Alert],
) -> Result<u64, String> {
    let mut kept = 0;
    for alerts in alerts.chunks(WANTS_MAX * 16) {
        let mut wants = Wants::new(alerts, service.keeps_payload());
        let mut reader = CaptureFile::open(file, &Limits::default()).map_err(|e| e.to_string())?;
        // What is damaged was told when it was read first.
        while let Ok(Some(frame)) = reader.next_frame() {
            wants.offer(&frame);
        }
        kept += keep(service, source, wants).map_err(|e| e.to_string())?;
    }
    Ok(kept)
}

/// Writes what was picked.
fn keep(service: &Service, source: SourceId, wants: Wants) -> std::io::Result<u64> {
    let folder = files::folder(service.store.dir(), source);
    let mut kept = 0;
    for want in wants.list {
        let id = want.id.clone();
        let packets = want.take();
        if !packets.is_empty() {
            files::write(&folder, &id, packets)?;
            kept += 1;
        }
    }
    service.health.evidence.fetch_add(kept, Ordering::Relaxed);
    Ok(kept)
}

/// The packets of an alert, decoded; none are no error. `payload` shows bytes and what is in them.
pub(crate) fn packets(
    service: &Service,
    source: SourceId,
    alert: &str,
    payload: bool,
) -> Result<Vec<EvidencePacket>, String> {
    let packets = files::read(&files::folder(service.store.dir(), source), alert)?;
    Ok((1..).zip(&packets).map(|(n, p)| layers::describe(n, &p.frame(), payload)).collect())
}

/// The packets of an alert as a pcapng file; `None` when there are none.
pub(crate) fn file(
    service: &Service,
    source: SourceId,
    alert: &str,
) -> Result<Option<Vec<u8>>, String> {
    files::bytes(&files::folder(service.store.dir(), source), alert)
}

/// Removes what is kept of a source.
pub(crate) fn remove(service: &Service, source: SourceId) -> std::io::Result<()> {
    match std::fs::remove_dir_all(files::folder(service.store.dir(), source)) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// The packets in memory, each cut to [`PACKET_BYTES`].
pub(crate) struct Recent(Vec<Arc<ring::Segment>>);

/// Takes the packets in memory, the latest included.
pub(crate) fn recent(service: &Service) -> Recent {
    Recent(service.shelf.take(PATIENCE))
}

impl Recent {
    /// True when there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Hands over each, in order, until `sink` answers false.
    pub(crate) fn each(&self, sink: &mut dyn FnMut(&RawFrame<'_>) -> bool) {
        for segment in &self.0 {
            for frame in segment.frames() {
                if !sink(&frame) {
                    return;
                }
            }
        }
    }
}
