//! TLS handshakes (RFC 8446, RFC 5246): well-formed records whose keys and ciphertexts are random.

use super::cert;
use crate::rng::Rng;
use crate::session::{Fill, Side, Step};

/// Record types.
const HANDSHAKE: u8 = 0x16;
const CHANGE_CIPHER_SPEC: u8 = 0x14;
const APPLICATION_DATA: u8 = 0x17;

/// What one request and its response look like inside the tunnel.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// Pause before the request in nanoseconds.
    pub pause: i64,
    /// Bytes of the request.
    pub request: u64,
    /// Time the server works in nanoseconds.
    pub work: i64,
    /// Bytes of the response.
    pub response: u64,
}

/// What the two ends of a TLS connection are.
#[derive(Clone, Copy, Debug)]
pub struct Hello<'a> {
    /// Server name sent by the client.
    pub name: &'a str,
    /// TLS 1.3 when true, 1.2 otherwise.
    pub tls13: bool,
    /// Application protocol offered.
    pub alpn: &'a str,
}

/// A whole connection: handshake, exchanges, close alert and FIN by the client.
pub fn script(rng: &mut Rng, hello: Hello, exchanges: &[Exchange]) -> Vec<Step> {
    let mut steps = handshake(rng, hello);
    for exchange in exchanges {
        steps.push(Step::Wait(exchange.pause));
        steps.push(Step::Bulk(Side::Client, Fill::Tls, exchange.request));
        steps.push(Step::Wait(exchange.work));
        steps.push(Step::Bulk(Side::Server, Fill::Tls, exchange.response));
    }
    steps.push(Step::Wait(rng.span(50_000_000, 4_000_000_000)));
    let alert = if hello.tls13 { (APPLICATION_DATA, 19) } else { (0x15, 26) };
    steps.push(Step::Send(Side::Client, encrypted(rng, alert.0, alert.1)));
    steps.push(Step::Close(Side::Client));
    steps
}

/// The steps of a handshake alone.
pub fn handshake(rng: &mut Rng, hello: Hello) -> Vec<Step> {
    let first = Step::Send(Side::Client, client_hello(rng, hello));
    let work = Step::Wait(rng.span(300_000, 3_000_000));
    let ccs = record(CHANGE_CIPHER_SPEC, &[1]);
    if hello.tls13 {
        let mut answer = server_hello(rng, true, hello.alpn);
        answer.extend_from_slice(&ccs);
        let certificates = rng.range(2_400, 4_200) as usize;
        for size in [36, certificates, 281, 53] {
            answer.extend_from_slice(&encrypted(rng, APPLICATION_DATA, size));
        }
        let mut finish = ccs;
        finish.extend_from_slice(&encrypted(rng, APPLICATION_DATA, 53));
        return vec![
            first,
            work,
            Step::Send(Side::Server, answer),
            Step::Send(Side::Client, finish),
        ];
    }
    let mut answer = server_hello(rng, false, hello.alpn);
    answer.extend_from_slice(&certificate(rng, hello.name));
    answer.extend_from_slice(&server_key_exchange(rng));
    answer.extend_from_slice(&handshake_record(14, &[]));
    let mut keys = vec![32];
    keys.extend_from_slice(&rng.bytes::<32>());
    let mut finish = handshake_record(16, &keys);
    finish.extend_from_slice(&ccs);
    finish.extend_from_slice(&encrypted(rng, HANDSHAKE, 40));
    let mut done = ccs;
    done.extend_from_slice(&encrypted(rng, HANDSHAKE, 40));
    vec![
        first,
        work,
        Step::Send(Side::Server, answer),
        Step::Send(Side::Client, finish),
        Step::Send(Side::Server, done),
    ]
}

/// A record with `payload`.
pub fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 3, 3];
    bytes.extend_from_slice(&(payload.len() as u16).to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// A record of random bytes, as an encrypted one looks.
fn encrypted(rng: &mut Rng, kind: u8, size: usize) -> Vec<u8> {
    let mut payload = vec![0; size];
    rng.fill(&mut payload);
    if kind == HANDSHAKE {
        // An explicit nonce that starts at zero keeps an encrypted Finished from looking like a
        // clear handshake message.
        payload[..8].fill(0);
    }
    record(kind, &payload)
}

fn handshake_record(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![kind];
    message.extend_from_slice(&(body.len() as u32).to_be_bytes()[1..]);
    message.extend_from_slice(body);
    record(HANDSHAKE, &message)
}

/// A ClientHello record with the extensions browsers send.
pub fn client_hello(rng: &mut Rng, hello: Hello) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend_from_slice(&rng.bytes::<32>());
    body.push(32);
    body.extend_from_slice(&rng.bytes::<32>());
    let suites: &[u16] = if hello.tls13 {
        &[0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0x009c, 0x009d]
    } else {
        &[0xc02b, 0xc02f, 0xc02c, 0xc030, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035]
    };
    body.extend_from_slice(&(suites.len() as u16 * 2).to_be_bytes());
    for suite in suites {
        body.extend_from_slice(&suite.to_be_bytes());
    }
    body.extend_from_slice(&[1, 0]);
    body.extend_from_slice(&prefixed(&client_extensions(rng, hello)));
    let mut bytes = handshake_record(1, &body);
    // The first record says TLS 1.0 for old middleboxes (RFC 8446 section 5.1).
    bytes[2] = 1;
    bytes
}

fn client_extensions(rng: &mut Rng, hello: Hello) -> Vec<u8> {
    let mut list = Vec::with_capacity(256);
    let mut add = |kind: u16, body: &[u8]| {
        list.extend_from_slice(&kind.to_be_bytes());
        list.extend_from_slice(&prefixed(body));
    };
    let mut server_name = vec![0];
    server_name.extend_from_slice(&prefixed(hello.name.as_bytes()));
    add(0, &prefixed(&server_name));
    add(23, &[]);
    add(0xff01, &[0]);
    add(10, &[0, 6, 0, 29, 0, 23, 0, 24]);
    add(11, &[1, 0]);
    add(35, &[]);
    add(16, &alpn(hello.alpn));
    add(5, &[1, 0, 0, 0, 0]);
    add(13, &[0, 16, 4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 6, 6, 1]);
    if hello.tls13 {
        let mut share = vec![0, 29];
        share.extend_from_slice(&prefixed(&rng.bytes::<32>()));
        add(51, &prefixed(&share));
        add(45, &[1, 1]);
        add(43, &[4, 3, 4, 3, 3]);
    }
    list
}

fn server_hello(rng: &mut Rng, tls13: bool, protocol: &str) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend_from_slice(&rng.bytes::<32>());
    body.push(32);
    body.extend_from_slice(&rng.bytes::<32>());
    let suite: [u8; 2] = if tls13 { [0x13, 0x01] } else { [0xc0, 0x2f] };
    body.extend_from_slice(&suite);
    body.push(0);
    let mut list = Vec::new();
    if tls13 {
        list.extend_from_slice(&[0, 43, 0, 2, 3, 4, 0, 51, 0, 36, 0, 29, 0, 32]);
        list.extend_from_slice(&rng.bytes::<32>());
    } else {
        list.extend_from_slice(&[0xff, 1, 0, 1, 0, 0, 23, 0, 0, 0, 11, 0, 2, 1, 0, 0, 16]);
        list.extend_from_slice(&prefixed(&alpn(protocol)));
    }
    body.extend_from_slice(&prefixed(&list));
    handshake_record(2, &body)
}

fn certificate(rng: &mut Rng, name: &str) -> Vec<u8> {
    let mut chain = Vec::new();
    for der in [cert::certificate(rng, name), cert::certificate(rng, "Example Issuing CA")] {
        chain.extend_from_slice(&(der.len() as u32).to_be_bytes()[1..]);
        chain.extend_from_slice(&der);
    }
    let mut body = (chain.len() as u32).to_be_bytes()[1..].to_vec();
    body.extend_from_slice(&chain);
    handshake_record(11, &body)
}

fn server_key_exchange(rng: &mut Rng) -> Vec<u8> {
    let mut body = vec![3, 0, 29, 32];
    body.extend_from_slice(&rng.bytes::<32>());
    body.extend_from_slice(&[4, 1]);
    body.extend_from_slice(&prefixed(&rng.bytes::<256>()));
    handshake_record(12, &body)
}

fn alpn(protocol: &str) -> Vec<u8> {
    let mut list = vec![protocol.len() as u8];
    list.extend_from_slice(protocol.as_bytes());
    prefixed(&list)
}

/// `body` behind its 16-bit length.
fn prefixed(body: &[u8]) -> Vec<u8> {
    let mut bytes = (body.len() as u16).to_be_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes
}
