//! A self-made X.509 certificate in DER (RFC 5280) with random key and signature.

use crate::rng::Rng;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OID: u8 = 0x06;
const UTF8: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;

const SHA256_WITH_RSA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
const RSA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const COMMON_NAME: [u8; 3] = [0x55, 4, 3];
const SUBJECT_ALT_NAME: [u8; 3] = [0x55, 0x1d, 0x11];

/// A certificate for `name`, valid 2025 to 2035, issued by "Example Issuing CA".
pub fn certificate(rng: &mut Rng, name: &str) -> Vec<u8> {
    let algorithm = der(SEQUENCE, &[der(OID, &SHA256_WITH_RSA), vec![5, 0]].concat());
    let mut serial = rng.bytes::<16>();
    serial[0] = serial[0] & 0x3f | 0x40;
    let validity = [der(UTC_TIME, b"250101000000Z"), der(UTC_TIME, b"350101000000Z")].concat();
    let signed = der(
        SEQUENCE,
        &[
            der(0xa0, &[INTEGER, 1, 2]),
            der(INTEGER, &serial),
            algorithm.clone(),
            common_name("Example Issuing CA"),
            der(SEQUENCE, &validity),
            common_name(name),
            public_key(rng),
            der(0xa3, &der(SEQUENCE, &alternative_name(name))),
        ]
        .concat(),
    );
    let signature = [vec![0], rng.bytes::<256>().to_vec()].concat();
    der(SEQUENCE, &[signed, algorithm, der(BIT_STRING, &signature)].concat())
}

fn common_name(name: &str) -> Vec<u8> {
    let pair = [der(OID, &COMMON_NAME), der(UTF8, name.as_bytes())].concat();
    der(SEQUENCE, &der(SET, &der(SEQUENCE, &pair)))
}

fn alternative_name(name: &str) -> Vec<u8> {
    let names = der(SEQUENCE, &der(0x82, name.as_bytes()));
    der(SEQUENCE, &[der(OID, &SUBJECT_ALT_NAME), der(OCTET_STRING, &names)].concat())
}

fn public_key(rng: &mut Rng) -> Vec<u8> {
    let mut modulus = [vec![0], rng.bytes::<256>().to_vec()].concat();
    modulus[1] |= 0x80;
    let key = [der(INTEGER, &modulus), der(INTEGER, &[1, 0, 1])].concat();
    let bits = [vec![0], der(SEQUENCE, &key)].concat();
    let algorithm = der(SEQUENCE, &[der(OID, &RSA), vec![5, 0]].concat());
    der(SEQUENCE, &[algorithm, der(BIT_STRING, &bits)].concat())
}

/// Tag, length and content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match content.len() {
        short @ 0..128 => bytes.push(short as u8),
        medium @ 128..256 => bytes.extend_from_slice(&[0x81, medium as u8]),
        long => {
            bytes.push(0x82);
            bytes.extend_from_slice(&(long as u16).to_be_bytes());
        }
    }
    bytes.extend_from_slice(content);
    bytes
}
