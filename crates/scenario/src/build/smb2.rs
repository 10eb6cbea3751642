//! SMB2 over TCP port 445 ([MS-SMB2]): negotiate, session set-up without credentials inside, tree,
//! create, read or write, close.

use crate::actor::MILLI;
use crate::rng::Rng;
use crate::session::{Side, Step};

const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
const LOGOFF: u16 = 2;
const TREE_CONNECT: u16 = 3;
const CREATE: u16 = 5;
const CLOSE: u16 = 6;
const READ: u16 = 8;

const SUCCESS: u32 = 0;
/// NT status "more processing required".
const MORE: u32 = 0xc000_0016;
/// NT status "logon failure".
const LOGON_FAILURE: u32 = 0xc000_006d;

/// One connection's running numbers.
struct Smb {
    message: u64,
    session: u64,
    tree: u32,
}

/// Opens the share and reads each of these files (name, length); logs off after `pause`.
pub fn read_files(rng: &mut Rng, user: &str, files: &[(String, u64)], pause: i64) -> Vec<Step> {
    let mut smb = Smb { message: 0, session: 0, tree: 0 };
    let mut steps = smb.log_in(rng, user, SUCCESS);
    steps.extend(smb.tree("\\\\files\\public"));
    for (name, length) in files {
        steps.push(Step::Wait(rng.span(5 * MILLI, 300 * MILLI)));
        steps.extend(smb.read(rng, name, *length));
    }
    steps.push(Step::Wait(pause));
    steps.extend(smb.exchange(LOGOFF, &[4, 0, 0, 0], (SUCCESS, &[4, 0, 0, 0])));
    steps.push(Step::Close(Side::Client));
    steps
}

/// A log-in that is refused.
pub fn failed_login(rng: &mut Rng, user: &str) -> Vec<Step> {
    let mut smb = Smb { message: 0, session: 0, tree: 0 };
    let mut steps = smb.log_in(rng, user, LOGON_FAILURE);
    steps.push(Step::Close(Side::Client));
    steps
}

impl Smb {
    /// Request and response of one command.
    fn exchange(&mut self, command: u16, ask: &[u8], (status, reply): (u32, &[u8])) -> [Step; 3] {
        let request = self.message(command, false, SUCCESS, ask);
        let response = self.message(command, true, status, reply);
        self.message += 1;
        [
            Step::Send(Side::Client, request),
            Step::Wait(MILLI / 4),
            Step::Send(Side::Server, response),
        ]
    }

    /// A message behind its NetBIOS length.
    fn message(&self, command: u16, response: bool, status: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = ((64 + body.len()) as u32).to_be_bytes().to_vec();
        bytes.extend_from_slice(&[0xfe, b'S', b'M', b'B', 64, 0, 1, 0]);
        bytes.extend_from_slice(&status.to_le_bytes());
        bytes.extend_from_slice(&command.to_le_bytes());
        bytes.extend_from_slice(&[1, 0]);
        bytes.extend_from_slice(&u32::from(response).to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.message.to_le_bytes());
        bytes.extend_from_slice(&[0xff, 0xfe, 0, 0]);
        bytes.extend_from_slice(&self.tree.to_le_bytes());
        bytes.extend_from_slice(&self.session.to_le_bytes());
        bytes.extend_from_slice(&[0; 16]);
        bytes.extend_from_slice(body);
        bytes
    }

    fn log_in(&mut self, rng: &mut Rng, user: &str, verdict: u32) -> Vec<Step> {
        let mut ask = vec![36, 0, 2, 0, 1, 0, 0, 0, 0x7f, 0, 0, 0];
        ask.extend_from_slice(&rng.bytes::<16>());
        ask.extend_from_slice(&[0; 8]);
        ask.extend_from_slice(&[0x02, 0x02, 0x10, 0x02]);
        let mut reply = vec![65, 0, 1, 0, 0x10, 0x02, 0, 0];
        reply.extend_from_slice(&rng.bytes::<16>());
        reply.extend_from_slice(&[7, 0, 0, 0]);
        for _ in 0..3 {
            reply.extend_from_slice(&[0, 0, 0x80, 0]);
        }
        reply.extend_from_slice(&[0; 16]);
        reply.extend_from_slice(&[128, 0, 0, 0, 0, 0, 0, 0]);
        let mut steps = self.exchange(NEGOTIATE, &ask, (SUCCESS, &reply)).to_vec();
        let first = setup_request(&ntlm_negotiate());
        let challenge = setup_response(&ntlm_challenge(rng));
        self.session = rng.next_u64() & 0xffff_ffff | 0x4000_0000;
        steps.extend(self.exchange(SESSION_SETUP, &first, (MORE, &challenge)));
        let second = setup_request(&ntlm_authenticate(rng, user));
        let done = if verdict == SUCCESS { setup_response(&[]) } else { error_body() };
        steps.extend(self.exchange(SESSION_SETUP, &second, (verdict, &done)));
        steps
    }

    fn tree(&mut self, share: &str) -> [Step; 3] {
        let path = utf16(share);
        let mut ask = vec![9, 0, 0, 0, 72, 0];
        ask.extend_from_slice(&(path.len() as u16).to_le_bytes());
        ask.extend_from_slice(&path);
        let reply = [16, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 1, 0x1f, 0];
        let steps = self.exchange(TREE_CONNECT, &ask, (SUCCESS, &reply));
        self.tree = 5;
        steps
    }

    fn read(&mut self, rng: &mut Rng, name: &str, length: u64) -> Vec<Step> {
        let file = rng.bytes::<16>();
        let (ask, reply) = create(name, length, file);
        let mut steps = self.exchange(CREATE, &ask, (SUCCESS, &reply)).to_vec();
        let mut offset = 0;
        while offset < length {
            let part = (length - offset).min(60_000) as usize;
            let mut ask = vec![49, 0, 80, 0];
            ask.extend_from_slice(&(part as u32).to_le_bytes());
            ask.extend_from_slice(&offset.to_le_bytes());
            ask.extend_from_slice(&file);
            ask.extend_from_slice(&[0; 17]);
            let mut reply = vec![17, 0, 80, 0];
            reply.extend_from_slice(&(part as u32).to_le_bytes());
            reply.extend_from_slice(&[0; 8]);
            let start = reply.len();
            reply.resize(start + part, 0);
            rng.fill(&mut reply[start..]);
            steps.extend(self.exchange(READ, &ask, (SUCCESS, &reply)));
            offset += part as u64;
        }
        let mut ask = vec![24, 0, 0, 0, 0, 0, 0, 0];
        ask.extend_from_slice(&file);
        let mut reply = vec![60, 0, 0, 0];
        reply.resize(60, 0);
        steps.extend(self.exchange(CLOSE, &ask, (SUCCESS, &reply)));
        steps
    }
}

/// Request and response bodies that open `name` for reading.
fn create(name: &str, length: u64, file: [u8; 16]) -> (Vec<u8>, Vec<u8>) {
    let name = utf16(name);
    let mut ask = vec![57, 0, 0, 0, 2, 0, 0, 0];
    ask.extend_from_slice(&[0; 16]);
    ask.extend_from_slice(&[0x89, 0, 0x12, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0x40, 0, 0, 0]);
    ask.extend_from_slice(&[120, 0]);
    ask.extend_from_slice(&(name.len() as u16).to_le_bytes());
    ask.extend_from_slice(&[0; 8]);
    ask.extend_from_slice(&name);
    let mut reply = vec![89, 0, 0, 0, 1, 0, 0, 0];
    reply.extend_from_slice(&[0; 32]);
    reply.extend_from_slice(&length.next_multiple_of(4_096).to_le_bytes());
    reply.extend_from_slice(&length.to_le_bytes());
    reply.extend_from_slice(&[0x20, 0, 0, 0, 0, 0, 0, 0]);
    reply.extend_from_slice(&file);
    reply.extend_from_slice(&[0; 8]);
    (ask, reply)
}

fn setup_request(token: &[u8]) -> Vec<u8> {
    let mut body = vec![25, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 88, 0];
    body.extend_from_slice(&(token.len() as u16).to_le_bytes());
    body.extend_from_slice(&[0; 8]);
    body.extend_from_slice(token);
    body
}

fn setup_response(token: &[u8]) -> Vec<u8> {
    let mut body = vec![9, 0, 0, 0, 72, 0];
    body.extend_from_slice(&(token.len() as u16).to_le_bytes());
    body.extend_from_slice(token);
    body
}

fn error_body() -> Vec<u8> {
    vec![9, 0, 0, 0, 0, 0, 0, 0, 0]
}

/// The three messages of NTLM ([MS-NLMP]), bare as SMB2 accepts them.
fn ntlm_negotiate() -> Vec<u8> {
    let mut bytes = b"NTLMSSP\0".to_vec();
    bytes.extend_from_slice(&[1, 0, 0, 0, 0x97, 0x82, 0x08, 0xe2]);
    bytes.resize(32, 0);
    bytes.extend_from_slice(&[10, 0, 0x61, 0x4a, 0, 0, 0, 15]);
    bytes
}

fn ntlm_challenge(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = b"NTLMSSP\0".to_vec();
    bytes.extend_from_slice(&[2, 0, 0, 0]);
    bytes.extend_from_slice(&[0, 0, 0, 0, 56, 0, 0, 0]);
    bytes.extend_from_slice(&[0x15, 0x82, 0x89, 0xe2]);
    bytes.extend_from_slice(&rng.bytes::<8>());
    bytes.extend_from_slice(&[0; 8]);
    bytes.extend_from_slice(&[4, 0, 4, 0, 56, 0, 0, 0]);
    bytes.extend_from_slice(&[10, 0, 0x61, 0x4a, 0, 0, 0, 15]);
    bytes.extend_from_slice(&[0; 4]);
    bytes
}

fn ntlm_authenticate(rng: &mut Rng, user: &str) -> Vec<u8> {
    let (user, domain, host) = (utf16(user), utf16("OFFICE"), utf16("STATION"));
    let lm = [0_u8; 24].to_vec();
    let mut proof = rng.bytes::<16>().to_vec();
    proof.extend_from_slice(&[1, 1, 0, 0, 0, 0, 0, 0]);
    proof.extend_from_slice(&rng.bytes::<16>());
    proof.extend_from_slice(&[0; 8]);
    let key = rng.bytes::<16>().to_vec();
    let mut bytes = b"NTLMSSP\0".to_vec();
    bytes.extend_from_slice(&[3, 0, 0, 0]);
    let mut at = 88_u32;
    for part in [&lm, &proof, &domain, &user, &host, &key] {
        let length = (part.len() as u16).to_le_bytes();
        bytes.extend_from_slice(&length);
        bytes.extend_from_slice(&length);
        bytes.extend_from_slice(&at.to_le_bytes());
        at += part.len() as u32;
    }
    bytes.extend_from_slice(&[0x15, 0x82, 0x88, 0xe2, 10, 0, 0x61, 0x4a, 0, 0, 0, 15]);
    bytes.extend_from_slice(&[0; 16]);
    for part in [lm, proof, domain, user, host, key] {
        bytes.extend_from_slice(&part);
    }
    bytes
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
