//! NTP version 4 packets (RFC 5905).

use anomalyzer_wire::Timestamp;

/// A client's question or a stratum 2 server's answer, with all time stamps at `now`.
pub fn packet(server: bool, now: Timestamp) -> Vec<u8> {
    /// Seconds from 1900 to 1970.
    const ERA: i64 = 2_208_988_800;
    let mut bytes = vec![if server { 0x24 } else { 0x23 }, u8::from(server) * 2, 6, 0xe9];
    bytes.extend_from_slice(&[0, 0, 2, 0, 0, 0, 3, 0, 192, 0, 2, 1]);
    let seconds = ((now.secs() + ERA) as u32).to_be_bytes();
    let nanos = now.nanos().rem_euclid(1_000_000_000);
    let fraction = (((nanos as u64) << 32) / 1_000_000_000) as u32;
    for used in [server, server, server, true] {
        let stamp = if used { (seconds, fraction.to_be_bytes()) } else { ([0; 4], [0; 4]) };
        bytes.extend_from_slice(&stamp.0);
        bytes.extend_from_slice(&stamp.1);
    }
    bytes
}
