//! Flows of an office and its visitors: mostly TLS and DNS, some scans, some large downloads.

use super::DAY;
use anomalyzer_engine::FlowRecord;
use anomalyzer_engine::flow::features::FlowFeatures;
use anomalyzer_engine::flow::{ConnState, FiveTuple, FlowEnd, FlowId, FlowNames, SideRecord};
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::{Addr, HostileStr, Mac, Timestamp};
use std::ops::Range;

/// Makes flows, the same for the same count.
pub(super) struct Maker {
    state: u64,
    /// Nanoseconds between two ends of flows.
    step: i64,
}

/// A kind of flow: port, protocol, application, and how many in a hundred are of it.
const KINDS: [(u16, u8, AppProto, u64); 8] = [
    (443, 6, AppProto::Tls, 34),
    (53, 17, AppProto::Dns, 28),
    (80, 6, AppProto::Http, 8),
    (443, 17, AppProto::Quic, 10),
    (22, 6, AppProto::Ssh, 2),
    (445, 6, AppProto::Smb, 3),
    (123, 17, AppProto::Ntp, 5),
    // A scan: any port.
    (0, 6, AppProto::Unknown, 10),
];

impl Maker {
    pub(super) fn new(count: u64) -> Self {
        let step = 86_400_000_000_000 / count.max(1);
        Self { state: 7, step: i64::try_from(step).unwrap_or(1) }
    }

    pub(super) fn batch(&mut self, numbers: Range<u64>) -> Vec<FlowRecord> {
        numbers.map(|n| self.flow(n)).collect()
    }

    /// A number below `n` (SplitMix64).
    fn below(&mut self, n: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) % n.max(1)
    }

    /// A number below `n` that is mostly small, as sizes and popularity are.
    fn skewed(&mut self, n: u64) -> u64 {
        let limit = self.below(n) + 1;
        let limit = self.below(limit) + 1;
        self.below(limit)
    }

    fn byte(&mut self, n: u64) -> u8 {
        u8::try_from(self.below(n)).unwrap_or(0)
    }

    fn flow(&mut self, n: u64) -> FlowRecord {
        let mut pick = self.below(100);
        let kind = KINDS.iter().find(|(.., share)| {
            let here = pick < *share;
            pick = pick.saturating_sub(*share);
            here
        });
        let (port, proto, app, _) = *kind.unwrap_or(&KINDS[7]);
        let scan = port == 0;
        let port = if scan { u16::try_from(self.below(65_536)).unwrap_or(1) } else { port };
        let src = Addr::v4([10, self.byte(4), self.byte(8), self.byte(250)]);
        let server = u32::try_from(self.skewed(60_000)).unwrap_or(0);
        let dst = Addr::v4((0xc633_0000 + server).to_be_bytes());
        // Given up in the order of their numbers, ended up to a minute before.
        let late = i64::try_from(self.skewed(60_000_000_000)).unwrap_or(0);
        let ended = i64::try_from(n).unwrap_or(0).saturating_mul(self.step) - late;
        let last = Timestamp::from_secs_nanos(DAY, ended.max(0));
        let duration = i64::try_from(self.skewed(20_000_000_000)).unwrap_or(0);
        FlowRecord {
            id: FlowId(n * 9),
            tuple: FiveTuple { src, dst, src_port: self.port(), dst_port: port, proto },
            first: last.plus_nanos(-duration),
            last,
            end: if proto == 6 { FlowEnd::Closed } else { FlowEnd::Idle },
            continued: false,
            orig: self.side(scan, 40),
            resp: if scan { SideRecord::default() } else { self.side(false, 900) },
            conn_state: if scan { ConnState::S0 } else { ConnState::Sf },
            history: if scan { "S" } else { "ShADadFf" }.to_owned(),
            rtt_ns: (!scan).then(|| self.below(80_000_000)),
            app,
            vlan: 0,
            tunnel: None,
            src_mac: Some(Mac([2, 0, 0, 0, 1, self.byte(250)])),
            dst_mac: Some(Mac([2, 0, 0, 0, 0, 1])),
            names: self.names(app, server),
            features: FlowFeatures::default(),
            score: None,
        }
    }

    fn port(&mut self) -> u16 {
        u16::try_from(32_768 + self.below(28_000)).unwrap_or(40_000)
    }

    fn side(&mut self, scan: bool, packets: u64) -> SideRecord {
        let packets = if scan { 1 } else { 3 + self.skewed(packets) };
        let payload = if scan { 0 } else { packets * (60 + self.below(1_300)) };
        SideRecord {
            packets,
            bytes: payload + packets * 54,
            ip_bytes: payload + packets * 40,
            payload,
            ttl: 64,
            flags: if scan { 2 } else { 0x1b },
            ..SideRecord::default()
        }
    }

    fn names(&mut self, app: AppProto, server: u32) -> Option<Box<FlowNames>> {
        let zone = ["example.org", "example.com", "test", "example.net"];
        let zone = zone.get(server as usize % 4).copied().unwrap_or("test");
        let name = HostileStr::from(format!("host-{server}.{zone}").as_bytes());
        let some = Some(name);
        let mut names = FlowNames::default();
        match app {
            AppProto::Dns => names.dns_query = some,
            AppProto::Http => {
                names.http_host = some;
                names.user_agent = Some(HostileStr::from(&b"Mozilla/5.0 (X11; Linux x86_64)"[..]));
                names.http_status = 200;
            }
            // Half of the clients go on with a session that shows no names.
            AppProto::Tls | AppProto::Quic if self.below(2) == 0 => {
                names.sni = some;
                names.ja3 = Some(format!("{:032x}", self.below(40)));
                names.ja4 = Some("t13d1516h2_8daaf6152771_e5627efa2ab1".to_owned());
                names.tls_version = 0x0304;
            }
            _ => return None,
        }
        Some(Box::new(names))
    }
}
