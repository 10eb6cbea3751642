//! Community ID flow hashing, version 1 (<https://github.com/corelight/community-id-spec>).

use super::FiveTuple;
use base64::Engine as _;
use sha1::{Digest, Sha1};

/// Characters of an identifier: the version, and 20 bytes in base64.
const LENGTH: usize = 30;
const ICMP: u8 = 1;
const ICMP6: u8 = 58;

/// The Community ID v1 with seed 0 of a flow, such as `1:wCb3OG7yAFWelaUydu0D+125CLM=`.
///
/// For ICMP the "ports" are the type and its counterpart (echo request and reply) or, for one-way
/// messages, type and code.
pub fn community_id(tuple: &FiveTuple) -> String {
    let (src_port, dst_port, one_way) = ports(tuple);
    let forward = one_way || (tuple.src.to_bits(), src_port) <= (tuple.dst.to_bits(), dst_port);
    let (a, b, pa, pb) = if forward {
        (tuple.src, tuple.dst, src_port, dst_port)
    } else {
        (tuple.dst, tuple.src, dst_port, src_port)
    };
    let mut hash = Sha1::new();
    hash.update([0, 0]);
    for addr in [a, b] {
        match addr.as_v4() {
            Some(v4) if tuple.src.is_v4() == tuple.dst.is_v4() => hash.update(v4.to_be_bytes()),
            _ => hash.update(addr.to_bits().to_be_bytes()),
        }
    }
    hash.update([tuple.proto, 0]);
    if matches!(tuple.proto, 1 | 6 | 17 | 58 | 132) {
        hash.update(pa.to_be_bytes());
        hash.update(pb.to_be_bytes());
    }
    // Written once per flow record: one allocation, no formatting.
    let mut id = String::with_capacity(LENGTH);
    id.push_str("1:");
    base64::engine::general_purpose::STANDARD.encode_string(hash.finalize(), &mut id);
    id
}

/// Ports as the specification wants them, and whether the flow is one-way (not to be sorted).
fn ports(tuple: &FiveTuple) -> (u16, u16, bool) {
    let counterpart = match tuple.proto {
        ICMP => icmp_counterpart(tuple.src_port),
        ICMP6 => icmp6_counterpart(tuple.src_port),
        _ => return (tuple.src_port, tuple.dst_port, false),
    };
    match counterpart {
        Some(other) => (tuple.src_port, other, false),
        None => (tuple.src_port, tuple.dst_port, true),
    }
}

const fn icmp_counterpart(kind: u16) -> Option<u16> {
    Some(match kind {
        8 => 0,
        0 => 8,
        13 => 14,
        14 => 13,
        15 => 16,
        16 => 15,
        17 => 18,
        18 => 17,
        10 => 9,
        9 => 10,
        _ => return None,
    })
}

const fn icmp6_counterpart(kind: u16) -> Option<u16> {
    Some(match kind {
        128 => 129,
        129 => 128,
        133 => 134,
        134 => 133,
        135 => 136,
        136 => 135,
        130 => 131,
        131 => 130,
        144 => 145,
        145 => 144,
        139 => 140,
        140 => 139,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anomalyzer_wire::Addr;
    use std::net::IpAddr;

    fn check(src: (&str, u16), dst: (&str, u16), proto: u8, expected: &str) {
        let addr = |text: &str| Addr::from(text.parse::<IpAddr>().unwrap());
        let tuple = FiveTuple {
            src: addr(src.0),
            dst: addr(dst.0),
            src_port: src.1,
            dst_port: dst.1,
            proto,
        };
        assert_eq!(community_id(&tuple), expected);
    }

    /// Values of the specification's baseline.
    #[test]
    fn baseline_of_the_specification() {
        let tcp = "1:LQU9qZlK+B5F3KDmev6m5PMibrg=";
        check(("128.232.110.120", 34855), ("66.35.250.204", 80), 6, tcp);
        check(("66.35.250.204", 80), ("128.232.110.120", 34855), 6, tcp);
        let udp = "1:d/FP5EW3wiY1vCndhwleRRKHowQ=";
        check(("192.168.1.52", 54585), ("8.8.8.8", 53), 17, udp);
        let icmp = "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=";
        check(("192.168.0.89", 8), ("192.168.0.1", 0), 1, icmp);
        let icmp6 = "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=";
        check(("fe80::200:86ff:fe05:80da", 135), ("fe80::260:97ff:fe07:69ea", 136), 58, icmp6);
    }
}
