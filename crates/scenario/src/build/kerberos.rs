//! Kerberos 5 over UDP (RFC 4120): a request for a ticket and its refusal.

use super::ber::{integer, tlv};

/// GeneralString.
const STRING: u8 = 0x1b;
const SEQUENCE: u8 = 0x30;
const REALM: &[u8] = b"OFFICE.EXAMPLE";

/// Unknown name.
pub const UNKNOWN: u32 = 6;
/// Wrong password.
pub const WRONG_PASSWORD: u32 = 24;

/// A request for a ticket-granting ticket of `user`.
pub fn request(user: &str, nonce: u32) -> Vec<u8> {
    let types = [18, 17, 23].map(|kind| integer(2, kind)).concat();
    let body = [
        field(0, &tlv(3, &[0, 0x40, 0x81, 0, 0x10])),
        field(1, &principal(1, &[user.as_bytes()])),
        field(2, &tlv(STRING, REALM)),
        field(3, &principal(2, &[b"krbtgt", REALM])),
        field(5, &tlv(0x18, b"20370913024805Z")),
        field(7, &integer(2, nonce & 0x7fff_ffff)),
        field(8, &tlv(SEQUENCE, &types)),
    ];
    // The time under the key of the password: RC4-HMAC, 52 bytes.
    let sealed = [field(0, &integer(2, 23)), field(2, &tlv(4, &[0x5a; 52]))].concat();
    let proof = [field(1, &integer(2, 2)), field(2, &tlv(4, &tlv(SEQUENCE, &sealed)))];
    let fields = [
        field(1, &integer(2, 5)),
        field(2, &integer(2, 10)),
        field(3, &tlv(SEQUENCE, &tlv(SEQUENCE, &proof.concat()))),
        field(4, &tlv(SEQUENCE, &body.concat())),
    ];
    tlv(0x6a, &tlv(SEQUENCE, &fields.concat()))
}

/// A refusal with this code.
pub fn refusal(code: u32) -> Vec<u8> {
    let fields = [
        field(0, &integer(2, 5)),
        field(1, &integer(2, 30)),
        field(4, &tlv(0x18, b"20251009085320Z")),
        field(5, &integer(2, 524_000)),
        field(6, &integer(2, code)),
        field(9, &tlv(STRING, REALM)),
        field(10, &principal(2, &[b"krbtgt", REALM])),
    ];
    tlv(0x7e, &tlv(SEQUENCE, &fields.concat()))
}

fn field(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0xa0 | number, content)
}

fn principal(kind: u32, parts: &[&[u8]]) -> Vec<u8> {
    let parts: Vec<u8> = parts.iter().flat_map(|part| tlv(STRING, part)).collect();
    tlv(SEQUENCE, &[field(0, &integer(2, kind)), field(1, &tlv(SEQUENCE, &parts))].concat())
}
