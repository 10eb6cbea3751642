//! Which attacks, and when.

use AttackKind as Kind;
use anomalyzer_scenario::{AttackKind, Origin};

/// Attacks of the last day: minutes before now, what, from where.
pub(super) const YESTERDAY: [(u32, AttackKind, Origin); 7] = [
    (15 * 60 + 10, Kind::BruteForceSsh, Origin::Outside),
    (5 * 60 + 30, Kind::HostSweepTcp, Origin::Inside),
    (5 * 60 + 24, Kind::PortScanSyn, Origin::Inside),
    (5 * 60 + 15, Kind::BruteForceSmb, Origin::Inside),
    (2 * 60 + 40, Kind::Keyword, Origin::Outside),
    (100, Kind::FloodSyn, Origin::Outside),
    (35, Kind::DnsTunnel, Origin::Inside),
];

/// Attacks at the start: milliseconds after it. Each is found within 3 s.
pub(super) const FIRST: [(i64, AttackKind, Origin); 4] = [
    (300, Kind::Keyword, Origin::Outside),
    (500, Kind::PortScanSyn, Origin::Inside),
    (900, Kind::IpprotoScan, Origin::Inside),
    (1_400, Kind::PasswordSpray, Origin::Inside),
];

/// Attacks that follow, again and again, each of them found within 20 s.
pub(super) const LATER: [(AttackKind, Origin); 24] = [
    (Kind::BruteForceSsh, Origin::Outside),
    (Kind::FloodSyn, Origin::Outside),
    (Kind::DnsTunnel, Origin::Inside),
    (Kind::PortScanUdp, Origin::Inside),
    (Kind::IcmpTunnel, Origin::Inside),
    (Kind::DdosReflection, Origin::Outside),
    (Kind::ArpSpoof, Origin::Inside),
    (Kind::HostSweepTcp, Origin::Inside),
    (Kind::RogueDhcp, Origin::Inside),
    (Kind::FloodHttp, Origin::Outside),
    (Kind::Dga, Origin::Inside),
    (Kind::BruteForceTelnet, Origin::Outside),
    (Kind::PasswordSpray, Origin::Inside),
    (Kind::DdosSyn, Origin::Outside),
    (Kind::Keyword, Origin::Outside),
    (Kind::HostSweepArp, Origin::Inside),
    (Kind::BruteForceHttp, Origin::Outside),
    (Kind::PortScanFin, Origin::Outside),
    (Kind::IcmpTunnelIp, Origin::Inside),
    (Kind::DdosAmplificationNtp, Origin::Outside),
    (Kind::DnsC2, Origin::Inside),
    (Kind::Worm, Origin::Inside),
    (Kind::FloodIcmp, Origin::Outside),
    (Kind::BruteForceRdp, Origin::Outside),
];

/// Seconds between two of those: at least, and at most.
pub(super) const PAUSE_S: (u64, u64) = (40, 75);
