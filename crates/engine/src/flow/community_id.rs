//! Community ID flow hashing, version 1 (<https://github.com/corelight/community-id-spec>).

use super::FiveTuple;
use base64::Engine as _;
use sha1::{Digest, Sha1};

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
    format!("1:{}", base64::engine::general_purpose::STANDARD.encode(hash.finalize()))
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
