//! SSH connections (RFC 4253): banner and key exchange in clear, the rest random.

use crate::actor::MILLI;
use crate::rng::Rng;
use crate::session::{Fill, Side, Step};

/// What each client and server calls itself.
pub const CLIENT: &str = "SSH-2.0-OpenSSH_9.6";
/// See [`CLIENT`].
pub const SERVER: &str = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3";

/// Name lists of a KEXINIT in the order of RFC 4253 section 7.1. The cipher is called by its name of
/// RFC 5647: of one it knows, Wireshark 4.0 tries a decryption without the key, and takes one packet
/// in 130,000 for a broken one.
const LISTS: [&str; 10] = [
    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256",
    "ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512",
    "AEAD_AES_256_GCM,AEAD_AES_128_GCM",
    "AEAD_AES_256_GCM,AEAD_AES_128_GCM",
    "AEAD_AES_256_GCM,AEAD_AES_128_GCM",
    "AEAD_AES_256_GCM,AEAD_AES_128_GCM",
    "none,zlib@openssh.com",
    "none,zlib@openssh.com",
    "",
    "",
];

/// Everything up to the first encrypted packet.
pub fn handshake(rng: &mut Rng, client: &str) -> Vec<Step> {
    let mut reply = ecdh_reply(rng);
    reply.extend_from_slice(&packet(21, &[]));
    vec![
        Step::Wait(MILLI),
        Step::Send(Side::Server, format!("{SERVER}\r\n").into_bytes()),
        Step::Send(Side::Client, format!("{client}\r\n").into_bytes()),
        Step::Send(Side::Server, kexinit(rng)),
        Step::Send(Side::Client, kexinit(rng)),
        Step::Send(Side::Client, packet(30, &string(&rng.bytes::<32>()))),
        Step::Wait(2 * MILLI),
        Step::Send(Side::Server, reply),
        Step::Send(Side::Client, packet(21, &[])),
    ]
}

/// Encrypted packet of about `size` bytes from one side.
pub const fn encrypted(side: Side, size: u64) -> Step {
    Step::Bulk(side, Fill::Random, size)
}

/// A login that is refused `tries` times, as guessers leave it.
pub fn failed_login(rng: &mut Rng, client: &str, tries: u32) -> Vec<Step> {
    let mut steps = handshake(rng, client);
    steps.extend([encrypted(Side::Client, 52), encrypted(Side::Server, 52)]);
    for _ in 0..tries {
        steps.push(encrypted(Side::Client, rng.range(100, 160)));
        steps.push(Step::Wait(rng.span(250 * MILLI, 700 * MILLI)));
        steps.push(encrypted(Side::Server, 60));
    }
    steps.push(Step::Close(Side::Client));
    steps
}

/// A login by password that succeeds, one command and its output.
pub fn one_command(rng: &mut Rng, client: &str, output: u64) -> Vec<Step> {
    let mut steps = handshake(rng, client);
    steps.extend([encrypted(Side::Client, 52), encrypted(Side::Server, 52)]);
    steps.extend([encrypted(Side::Client, 84), encrypted(Side::Server, 68)]);
    steps.push(encrypted(Side::Client, 148));
    steps.push(Step::Wait(rng.span(20 * MILLI, 60 * MILLI)));
    // Acceptance is a message of one byte; the host keys follow.
    steps.extend([encrypted(Side::Server, 36), Step::Wait(MILLI), encrypted(Side::Server, 644)]);
    steps.extend([encrypted(Side::Client, 132), encrypted(Side::Server, 100)]);
    steps.extend([encrypted(Side::Client, 100), Step::Wait(10 * MILLI)]);
    steps.extend([Step::Bulk(Side::Server, Fill::Random, output), encrypted(Side::Server, 180)]);
    steps.extend([encrypted(Side::Client, 84), Step::Close(Side::Client)]);
    steps
}

fn kexinit(rng: &mut Rng) -> Vec<u8> {
    let mut body = rng.bytes::<16>().to_vec();
    for list in LISTS {
        body.extend_from_slice(&string(list.as_bytes()));
    }
    body.extend_from_slice(&[0; 5]);
    packet(20, &body)
}

fn ecdh_reply(rng: &mut Rng) -> Vec<u8> {
    let key = [string(b"ssh-ed25519"), string(&rng.bytes::<32>())].concat();
    let signature = [string(b"ssh-ed25519"), string(&rng.bytes::<64>())].concat();
    packet(31, &[string(&key), string(&rng.bytes::<32>()), string(&signature)].concat())
}

/// A clear packet: length, padding length, message number, body, padding to eight bytes.
fn packet(message: u8, body: &[u8]) -> Vec<u8> {
    let padding = 4 + (8 - (body.len() + 10) % 8) % 8;
    let mut bytes = (body.len() as u32 + 2 + padding as u32).to_be_bytes().to_vec();
    bytes.extend_from_slice(&[padding as u8, message]);
    bytes.extend_from_slice(body);
    bytes.resize(bytes.len() + padding, 0);
    bytes
}

fn string(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes(), bytes].concat()
}
