//! What stands for states, ends, tunnels and applications on the disk.

use anomalyzer_engine::flow::{ConnState, FlowEnd};
use anomalyzer_wire::TunnelKind;
use anomalyzer_wire::app::AppProto;

/// Connection states by their code on disk. The order must never change.
pub(crate) const STATES: [ConnState; 13] = [
    ConnState::S0,
    ConnState::S1,
    ConnState::Sf,
    ConnState::Rej,
    ConnState::S2,
    ConnState::S3,
    ConnState::Rsto,
    ConnState::Rstr,
    ConnState::Rstos0,
    ConnState::Rstrh,
    ConnState::Sh,
    ConnState::Shr,
    ConnState::Oth,
];

/// Ends of flows by their code on disk. The order must never change.
pub(crate) const ENDS: [FlowEnd; 5] =
    [FlowEnd::Closed, FlowEnd::Idle, FlowEnd::Active, FlowEnd::Evicted, FlowEnd::InputEnd];

/// Kinds of tunnels by their code on disk. The order must never change.
pub(crate) const TUNNELS: [TunnelKind; 7] = [
    TunnelKind::Gre,
    TunnelKind::Vxlan,
    TunnelKind::Geneve,
    TunnelKind::GtpU,
    TunnelKind::IpInIp,
    TunnelKind::SixInFour,
    TunnelKind::Teredo,
];

/// The place of a value in a table; every table has fewer than 256 entries.
pub(super) fn code<T: PartialEq + Copy>(table: &[T], value: T) -> u8 {
    table
        .iter()
        .position(|known| *known == value)
        .and_then(|place| u8::try_from(place).ok())
        .unwrap_or(0)
}

/// Which application a code stands for in one partition: names are kept in the file, so that a
/// later version may order its protocols as it likes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Apps {
    by_code: Box<[AppProto; 256]>,
}

impl Apps {
    /// From the names of a partition, comma-separated; names that this version does not know mean
    /// [`AppProto::Unknown`].
    pub(crate) fn parse(names: &str) -> Self {
        let mut by_code = Box::new([AppProto::Unknown; 256]);
        for (slot, name) in by_code.iter_mut().zip(names.split(',')) {
            let known = AppProto::ALL.iter().find(|app| app.name() == name);
            *slot = known.copied().unwrap_or_default();
        }
        Self { by_code }
    }

    /// The names as this version orders them.
    pub(crate) fn names() -> String {
        AppProto::ALL.iter().map(|app| app.name()).collect::<Vec<_>>().join(",")
    }

    /// The protocol of a code.
    #[inline]
    pub(crate) fn proto(&self, code: u8) -> AppProto {
        // An array of 256 holds every byte.
        self.by_code[usize::from(code)]
    }

    /// The code of each protocol of this version, by its own number; `None` when the partition
    /// has the same order.
    pub(crate) fn recode(&self) -> Option<Vec<u8>> {
        let same =
            AppProto::ALL.iter().enumerate().all(|(n, app)| self.by_code.get(n) == Some(app));
        if same {
            return None;
        }
        Some(AppProto::ALL.iter().map(|app| code(self.by_code.as_slice(), *app)).collect())
    }
}
