//! Attacks, one file each, and the table that names them.
//!
//! A row of the table is the kind's variant, its name, the detector that should find it, the
//! technique the detector should name, and the function that starts it.

mod amplification;
mod arp_spoof;
mod brute_force;
mod ddos;
mod dns_abuse;
mod flood;
mod host_sweep;
mod icmp_tunnel;
mod intruder;
mod malformed;
mod outbound;
mod port_scan;
mod protocol_scan;
mod target;
mod volume;
mod web_attack;
mod worm;

pub use outbound::LISTED;

use std::net::IpAddr;

use crate::actor::Actor;
use crate::rng::Rng;
use crate::truth::Truth;
use crate::world::World;

/// Where an attack comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Where this kind usually comes from.
    #[default]
    Default,
    /// A host of the office.
    Inside,
    /// A host on the Internet.
    Outside,
}

/// One started attack.
pub(crate) struct Launch {
    pub(crate) attacker: String,
    pub(crate) victim: String,
    pub(crate) note: String,
    /// Nanoseconds after the time that the plan gives.
    pub(crate) delay: i64,
    pub(crate) actor: Box<dyn Actor>,
}

/// What a starting attack is given.
pub(crate) struct Stage<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) rng: &'a mut Rng,
    pub(crate) origin: Origin,
}

impl Launch {
    /// An attack from one address on another.
    pub(crate) fn new(
        attacker: &impl ToString,
        victim: &impl ToString,
        note: impl Into<String>,
        actor: Box<dyn Actor>,
    ) -> Self {
        Self {
            attacker: attacker.to_string(),
            victim: victim.to_string(),
            note: note.into(),
            delay: 0,
            actor,
        }
    }

    pub(crate) fn truth(&self, kind: AttackKind) -> Truth {
        Truth {
            kind: kind.name(),
            detector: kind.detector(),
            technique: kind.technique(),
            attacker: self.attacker.clone(),
            victim: self.victim.clone(),
            first: None,
            last: None,
            packets: 0,
            note: self.note.clone(),
        }
    }
}

macro_rules! attack_table {
    ($($variant:ident $name:literal $detector:literal $technique:literal $start:path;)*) => {
        /// A kind of attack that a plan can hold.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum AttackKind {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl AttackKind {
            /// All kinds in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name used on the command line and in truth rows.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Id of the detector that should find it; empty when none should.
            pub const fn detector(self) -> &'static str {
                match self { $(Self::$variant => $detector,)* }
            }

            /// The technique that the detector should name; empty when it names none.
            pub const fn technique(self) -> &'static str {
                match self { $(Self::$variant => $technique,)* }
            }
        }

        /// Starts an attack.
        pub(crate) fn launch(
            kind: AttackKind,
            origin: Origin,
            world: &mut World,
            rng: &mut Rng,
        ) -> Vec<Launch> {
            let mut stage = Stage { world, rng, origin };
            match kind { $(AttackKind::$variant => $start(&mut stage),)* }
        }
    };
}

attack_table! {
    PortScanSyn "port-scan-syn" "port-scan" "syn" port_scan::syn;
    PortScanConnect "port-scan-connect" "port-scan" "connect" port_scan::connect;
    PortScanFin "port-scan-fin" "port-scan" "fin" port_scan::fin;
    PortScanNull "port-scan-null" "port-scan" "null" port_scan::null;
    PortScanXmas "port-scan-xmas" "port-scan" "xmas" port_scan::xmas;
    PortScanAck "port-scan-ack" "port-scan" "ack" port_scan::ack;
    PortScanUdp "port-scan-udp" "port-scan" "udp" port_scan::udp;
    PortScanMixed "port-scan-mixed" "port-scan" "mixed" port_scan::mixed;
    PortScanSlow "port-scan-slow" "port-scan" "syn" port_scan::slow;
    HostSweepTcp "host-sweep-tcp" "host-sweep" "tcp" host_sweep::tcp;
    HostSweepUdp "host-sweep-udp" "host-sweep" "udp" host_sweep::udp;
    HostSweepIcmp "host-sweep-icmp" "host-sweep" "icmp" host_sweep::icmp;
    HostSweepArp "host-sweep-arp" "host-sweep" "arp" host_sweep::arp;
    IpprotoScan "ipproto-scan" "protocol-scan" "" protocol_scan::start;
    FloodSyn "flood-syn" "flood" "syn" flood::syn;
    FloodUdp "flood-udp" "flood" "udp" flood::udp;
    FloodIcmp "flood-icmp" "flood" "icmp" flood::icmp;
    FloodIcmpV6 "flood-icmpv6" "flood" "icmp" flood::icmpv6;
    FloodDhcp "flood-dhcp" "flood" "dhcp" flood::dhcp;
    FloodHttp "flood-http" "flood" "http" flood::http;
    DdosSyn "ddos-syn" "ddos" "syn" ddos::syn;
    DdosUdp "ddos-udp" "ddos" "udp" ddos::udp;
    DdosIcmp "ddos-icmp" "ddos" "icmp" ddos::icmp;
    DdosMixed "ddos-mixed" "ddos" "mixed" ddos::mixed;
    DdosReflection "ddos-reflection" "ddos" "reflection" ddos::reflection;
    DdosAmplificationDns "ddos-amplification-dns" "ddos" "amplification" amplification::dns;
    DdosAmplificationNtp "ddos-amplification-ntp" "ddos" "amplification" amplification::ntp;
    DdosAmplificationSnmp "ddos-amplification-snmp" "ddos" "amplification" amplification::snmp;
    TrafficSpike "traffic-spike" "traffic-spike" "sigma" volume::spike;
    NoisyHost "noisy-host" "noisy-host" "" volume::noisy_host;
    RarePort "rare-port" "rare-port" "" volume::rare_port;
    Keyword "keyword" "keyword" "" web_attack::start;
    BruteForceSsh "brute-force-ssh" "brute-force" "ssh" brute_force::ssh;
    BruteForceFtp "brute-force-ftp" "brute-force" "ftp" brute_force::ftp;
    BruteForceTelnet "brute-force-telnet" "brute-force" "telnet" brute_force::telnet;
    BruteForceRdp "brute-force-rdp" "brute-force" "rdp" brute_force::rdp;
    BruteForceSmb "brute-force-smb" "brute-force" "smb" brute_force::smb;
    BruteForceHttp "brute-force-http" "brute-force" "http" brute_force::http;
    BruteForceSmtp "brute-force-smtp" "brute-force" "smtp" brute_force::smtp;
    BruteForcePop3 "brute-force-pop3" "brute-force" "pop3" brute_force::pop3;
    BruteForceImap "brute-force-imap" "brute-force" "imap" brute_force::imap;
    BruteForceDcerpc "brute-force-dcerpc" "brute-force" "dcerpc" brute_force::dcerpc;
    BruteForceBreach "brute-force-breach" "brute-force" "ssh" brute_force::ssh_breach;
    BruteForceDistributed "brute-force-distributed" "brute-force" "ssh" brute_force::distributed;
    PasswordSpray "password-spray" "brute-force" "kerberos" brute_force::kerberos_spray;
    ArpSpoof "arp-spoof" "arp-spoof" "reply" arp_spoof::reply;
    ArpSpoofGratuitous "arp-spoof-gratuitous" "arp-spoof" "gratuitous" arp_spoof::gratuitous;
    DnsTunnel "dns-tunnel" "dns-tunnel" "tunnel" dns_abuse::tunnel;
    DnsTunnelSlow "dns-tunnel-slow" "dns-tunnel" "tunnel" dns_abuse::slow_tunnel;
    DnsTunnelZones "dns-tunnel-zones" "dns-tunnel" "spread" dns_abuse::many_zones;
    DnsC2 "dns-c2" "dns-tunnel" "commands" dns_abuse::commands;
    Dga "dga" "dga" "random" dns_abuse::dga;
    DgaWords "dga-words" "dga" "words" dns_abuse::word_dga;
    IcmpTunnel "icmp-tunnel" "icmp-tunnel" "reply" icmp_tunnel::start;
    IcmpTunnelIp "icmp-tunnel-ip" "icmp-tunnel" "ip" icmp_tunnel::packets;
    IcmpShell "icmp-shell" "icmp-tunnel" "reply" icmp_tunnel::shell;
    Beacon "beacon" "beacon" "name" outbound::beacon;
    BeaconJitter "beacon-jitter" "beacon" "name" outbound::beacon_jitter;
    BeaconSlow "beacon-slow" "beacon" "name" outbound::beacon_slow;
    Exfiltration "exfiltration" "exfiltration" "" outbound::exfiltration;
    ExfiltrationSmall "exfiltration-small" "exfiltration" "" outbound::small_exfiltration;
    RogueDhcp "rogue-dhcp" "rogue-dhcp" "" intruder::rogue_dhcp;
    NewDevice "new-device" "new-device" "" intruder::new_device;
    Worm "worm" "host-sweep" "tcp" worm::start;
    ThreatList "threat-list" "threat-list" "" outbound::threat_list;
    Malformed "malformed" "malformed" "" malformed::start;
}

impl AttackKind {
    /// The kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// An address of the documentation range that no site uses, for attackers outside.
pub(crate) fn outsider(rng: &mut Rng) -> IpAddr {
    let nets = [[198, 51, 100], [203, 0, 113]];
    let [a, b, c] = *rng.pick(&nets);
    IpAddr::from([a, b, c, rng.range(2, 20) as u8])
}
