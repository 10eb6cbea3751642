//! What is known of the addresses of a source: which device has them, where they are, and how many
//! open alerts name them. Looked up in memory, so that a page of rows costs no query for each row.

use super::geo::{Geo, Place};
use crate::clock;
use crate::json::{FlowDevice, FlowExtra, device_label, raw};
use anomalyzer_engine::{FlowRecord, Severity};
use anomalyzer_store::control::{AlertQuery, AlertState, DeviceQuery};
use anomalyzer_store::{Control, Result, SourceId};
use anomalyzer_wire::Addr;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// How long what was read holds; a change by a user ends it at once.
const FRESH: Duration = Duration::from_secs(5);
/// Most devices read: as many as the engine keeps.
const DEVICES_MAX: usize = 16_384;
/// Rows of one read.
const PAGE: usize = 1_000;
/// Most open alerts counted by address, the latest first.
const ALERTS_MAX: usize = 5_000;
/// Most sources kept.
const SOURCES_MAX: usize = 64;

/// Devices of one source by their addresses.
#[derive(Debug, Default)]
pub(crate) struct Names {
    by_addr: HashMap<Addr, Arc<FlowDevice>>,
    /// Open alerts of medium severity and above that list the address.
    alerts: HashMap<Addr, u64>,
}

impl Names {
    /// The device at the address.
    pub(crate) fn device(&self, addr: Addr) -> Option<&FlowDevice> {
        self.by_addr.get(&addr).map(AsRef::as_ref)
    }

    /// Open alerts of medium severity and above that name one of the addresses; an alert that
    /// names two of them counts for the one that it names most.
    pub(crate) fn open_alerts(&self, addrs: &[Addr]) -> u64 {
        addrs.iter().filter_map(|addr| self.alerts.get(addr).copied()).max().unwrap_or(0)
    }
}

/// The names of all sources, and the places of addresses.
#[derive(Debug, Default)]
pub(crate) struct Known {
    geo: OnceLock<Geo>,
    names: Mutex<HashMap<SourceId, (Instant, Arc<Names>)>>,
}

impl Known {
    /// What is added to a flow record: its key, and who and where its two sides are.
    pub(crate) fn flow_extra(
        &self,
        record: &FlowRecord,
        key: Option<String>,
        names: &Names,
    ) -> FlowExtra {
        let (src, dst) = (record.tuple.src, record.tuple.dst);
        let place = |addr| self.place(addr).map(|place| raw(&*place));
        FlowExtra {
            key,
            src_device: names.device(src).cloned(),
            dst_device: names.device(dst).cloned(),
            src_place: place(src),
            dst_place: place(dst),
        }
    }

    /// Takes the files of places; those that came first stay.
    pub(crate) fn set_geo(&self, geo: Geo) {
        // A second call would be a fault of ours, without harm.
        let _ = self.geo.set(geo);
    }

    /// Devices and open alerts of a source, at most 5 s old. One reader at a time: the others wait
    /// for what it reads.
    pub(crate) fn names(&self, control: &Control, source: SourceId) -> Result<Arc<Names>> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::instant();
        if let Some((at, known)) = names.get(&source)
            && now.saturating_duration_since(*at) < FRESH
        {
            return Ok(Arc::clone(known));
        }
        let known = Arc::new(Names {
            by_addr: devices(control, source)?,
            alerts: alerts(control, source)?,
        });
        if names.len() >= SOURCES_MAX {
            names.clear();
        }
        names.insert(source, (now, Arc::clone(&known)));
        Ok(known)
    }

    /// Forgets what was read of a source: somebody changed it.
    pub(crate) fn forget(&self, source: SourceId) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).remove(&source);
    }

    /// Where an address is.
    pub(crate) fn place(&self, addr: Addr) -> Option<Arc<Place>> {
        self.geo.get()?.place(addr)
    }
}

fn devices(control: &Control, source: SourceId) -> Result<HashMap<Addr, Arc<FlowDevice>>> {
    let mut by_addr = HashMap::new();
    for offset in (0..DEVICES_MAX).step_by(PAGE) {
        let query = DeviceQuery {
            source,
            sort: "last".to_owned(),
            descending: true,
            limit: PAGE,
            offset,
            ..DeviceQuery::default()
        };
        let (rows, total) = control.devices(&query)?;
        for row in &rows {
            let name = Arc::new(FlowDevice { id: row.device.id.clone(), name: device_label(row) });
            for addr in &row.device.addresses {
                // Seen last comes first: an address that moved belongs to whom has it now.
                by_addr.entry(*addr).or_insert_with(|| Arc::clone(&name));
            }
        }
        if rows.len() < PAGE || (offset + PAGE) as u64 >= total {
            break;
        }
    }
    Ok(by_addr)
}

fn alerts(control: &Control, source: SourceId) -> Result<HashMap<Addr, u64>> {
    let mut counts = HashMap::new();
    let mut query = AlertQuery {
        source: Some(source),
        range: None,
        states: vec![AlertState::Open],
        severity: Severity::Medium,
        detector: None,
        address: None,
        text: None,
        incident: None,
        suppressed: false,
        limit: PAGE,
        cursor: None,
    };
    for _ in 0..ALERTS_MAX / PAGE {
        let page = control.alerts(&query)?;
        for row in &page.rows {
            let mut addrs: Vec<Addr> =
                row.alert.src.iter().chain(&row.alert.dst).copied().collect();
            addrs.sort_unstable();
            addrs.dedup();
            for addr in addrs {
                *counts.entry(addr).or_insert(0) += 1;
            }
        }
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    Ok(counts)
}
