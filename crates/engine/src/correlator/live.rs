//! What only a program that goes on needs: traffic by second, and the inventory of devices.

use crate::config::Config;
use crate::device::Inventory;
use crate::observation::{Observation, Seen};
use crate::rollup::Rollup;
use anomalyzer_wire::Addr;
use anomalyzer_wire::app::AppProto;

/// Kept apart from the rest, so that an analysis of files pays nothing for it.
pub(super) struct Live {
    pub(super) rollup: Rollup,
    pub(super) devices: Inventory,
}

impl Live {
    pub(super) fn new(config: &Config, seed: u64) -> Self {
        let devices = Inventory::new(config.limits.devices, seed);
        Self { rollup: Rollup::new(seed), devices }
    }

    pub(super) fn observe(&mut self, seen: &Seen, config: &Config) {
        self.devices.observe(seen, &|addr: Addr| config.is_local(addr));
        let devices = &self.devices;
        let known = |src: Addr, dst: Addr| [devices.knows(src), devices.knows(dst)];
        match &seen.what {
            Observation::FlowStarted(flow) => {
                self.rollup.started(flow, known(flow.tuple.src, flow.tuple.dst));
            }
            Observation::Traffic(digest) => {
                self.rollup.traffic(digest, known(digest.tuple.src, digest.tuple.dst));
            }
            Observation::FlowEnded(record) if record.app != AppProto::Unknown => {
                self.rollup.ended(record.app);
            }
            _ => {}
        }
    }
}
