//! DCE/RPC over TCP ([MS-RPCE]): one bind, one call, one answer.

use crate::actor::MILLI;
use crate::rng::Rng;
use crate::session::{Side, Step};

const REQUEST: u8 = 0;
const RESPONSE: u8 = 2;
const BIND: u8 = 11;
const BIND_ACK: u8 = 12;

/// Netlogon ([MS-NRPC]), version 1.
const NETLOGON: [u8; 20] = [
    0x78, 0x56, 0x34, 0x12, 0x34, 0x12, 0xcd, 0xab, 0xef, 0x00, 0x01, 0x23, 0x45, 0x67, 0xcf, 0xfb,
    1, 0, 0, 0,
];
/// The transfer syntax NDR, version 2.
const NDR: [u8; 20] = [
    0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60,
    2, 0, 0, 0,
];
/// NetrServerAuthenticate3.
const AUTHENTICATE: u16 = 26;
/// NT status "access denied".
const DENIED: u32 = 0xc000_0022;

/// A call of Netlogon's authentication with a proof of zeros, refused.
pub fn refused_netlogon(rng: &mut Rng) -> Vec<Step> {
    let call = rng.next_u64() as u32;
    let mut bind = vec![0xd0, 0x16, 0xd0, 0x16, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0];
    bind.extend_from_slice(&NETLOGON);
    bind.extend_from_slice(&NDR);
    let mut accepted = vec![0xd0, 0x16, 0xd0, 0x16, 1, 0x20, 0, 0, 6, 0];
    accepted.extend_from_slice(b"49668\0");
    accepted.extend_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0]);
    accepted.extend_from_slice(&NDR);
    let mut ask = [&140_u32.to_le_bytes()[..], &[0, 0], &AUTHENTICATE.to_le_bytes()].concat();
    ask.resize(ask.len() + 140, 0);
    // The server's proof, its flags and the account's number come before the status.
    let mut answer = vec![20, 0, 0, 0, 0, 0, 0, 0];
    answer.extend_from_slice(&[0; 16]);
    answer.extend_from_slice(&DENIED.to_le_bytes());
    vec![
        Step::Send(Side::Client, message(BIND, call, &bind)),
        Step::Wait(MILLI),
        Step::Send(Side::Server, message(BIND_ACK, call, &accepted)),
        Step::Send(Side::Client, message(REQUEST, call, &ask)),
        Step::Wait(2 * MILLI),
        Step::Send(Side::Server, message(RESPONSE, call, &answer)),
        Step::Close(Side::Client),
    ]
}

fn message(kind: u8, call: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![5, 0, kind, 3, 0x10, 0, 0, 0];
    bytes.extend_from_slice(&((16 + body.len()) as u16).to_le_bytes());
    bytes.extend_from_slice(&[0, 0]);
    bytes.extend_from_slice(&call.to_le_bytes());
    bytes.extend_from_slice(body);
    bytes
}
