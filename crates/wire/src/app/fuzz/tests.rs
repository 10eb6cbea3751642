//! Arbitrary and nearly right bytes through every door.

use super::*;
use crate::app::tls::tests::{example_hello, message, vector};
use proptest::prelude::*;

/// Messages that lead deep into each parser.
fn seeds() -> Vec<Vec<u8>> {
    let hello = message(1, &example_hello());
    let mut seeds = vec![
        [&[22, 3, 1][..], &vector(2, &hello)].concat(),
        [&[22, 3, 1][..], &vector(2, &message(2, &example_hello()))].concat(),
        b"\x12\x34\x81\x80\0\x01\0\x02\0\0\0\0\x03www\x01a\0\0\x01\0\x01\xc0\x0c\0\x05\0\x01\0\0\0\0\0\x02\xc0\x0c\
          \xc0\x0c\0\x10\0\x01\0\0\0\0\0\x04\x03abc"
            .to_vec(),
        b"POST /a HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 304 x\r\n\r\n".to_vec(),
        b"SSH-2.0-a b\r\n\0\0\0\x20\0\x14cookiecookiecook\0\0\0\x02ab\0\0\0\0".to_vec(),
        b"\0\0\0\x50\xfeSMB\x40\0\x01\0\0\0\0\0\x01\0\x01\0\0\0\0\0NTLMSSP\0\x03\0\0\0............................................................".to_vec(),
        b"\0\0\0\x20\x6a\x1e\x30\x1c\xa4\x1a\x30\x18\xa1\x0b\x30\x09\xa1\x07\x30\x05\x1b\x03bob\xa2\x05\x1b\x03REA\xa8\0".to_vec(),
        b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00".to_vec(),
        b"\x30\x20\x30\x1e\xa0\x03\x02\x01\x02\x02\x01\x01\x30\x00\x30\x00\x30\x00\x30\x00\x30\x00\xa3\x06\x30\x04\x30\x02\x06\x00".to_vec(),
        b"M-SEARCH * HTTP/1.1\r\nST: x\r\n\r\n".to_vec(),
        b"a1 LOGIN u p\r\na1 NO\r\nUSER x\r\nPASS y\r\n+OK\r\n530 no\r\n\xff\xfd\x01login:".to_vec(),
    ];
    let mut dhcp = vec![1; 236];
    dhcp.extend(b"\x63\x82\x53\x63\x35\x01\x03\x0c\x02ab\xff");
    seeds.push(dhcp);
    let mut quic = b"\xc3\0\0\0\x01\x08abcdefgh\0\0\x44\x9e".to_vec();
    quic.resize(1200, 7);
    seeds.push(quic);
    seeds
}

fn every_door(bytes: &[u8]) {
    for (_, door) in DOORS {
        door(bytes);
    }
}

#[test]
fn truncation_at_every_length() {
    for seed in seeds() {
        for cut in 0..=seed.len() {
            every_door(&seed[..cut]);
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..1500)) {
        every_door(&bytes);
    }

    #[test]
    fn nearly_right_bytes(
        which in 0usize..14,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        doubled in any::<bool>(),
    ) {
        let seeds = seeds();
        let mut bytes = seeds[which % seeds.len()].clone();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if doubled {
            bytes.extend_from_within(..);
        }
        every_door(&bytes);
    }
}
