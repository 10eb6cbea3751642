//! SMB 1 to 3 headers (MS-SMB, MS-SMB2): dialects, logins and their outcomes, shares.

use super::Parsed;
use super::read::{Reader, find, usize_of};
use super::text::{Login, USER_MAX};
use crate::HostileStr;

/// How much of one frame is looked at.
const LOOK_MAX: usize = 4096;
/// The longest share path that is kept, in UTF-16 units.
const PATH_MAX: usize = 255;
/// Marks of a response in SMB 1 and SMB 2 flags.
const SMB1_REPLY: u8 = 0x80;
const SMB2_REPLY: u32 = 1;
/// Text is UTF-16 (SMB 1 flags2).
const SMB1_UNICODE: u16 = 0x8000;

const STATUS_SUCCESS: u32 = 0;
const STATUS_MORE_PROCESSING: u32 = 0xc000_0016;

const SMB1_SESSION_SETUP: u16 = 0x73;
const SMB1_TREE_CONNECT: u16 = 0x75;
const SMB2_NEGOTIATE: u16 = 0;
const SMB2_SESSION_SETUP: u16 = 1;
const SMB2_TREE_CONNECT: u16 = 3;

/// One message: the first of a frame when several are chained.
#[derive(Clone, Debug, PartialEq)]
pub struct SmbMessage {
    /// Generation of the protocol.
    pub version: SmbVersion,
    /// Command: in SMB 1 0x72 negotiate, 0x73 session set-up, 0x75 tree connect; in SMB 2 0, 1, 3.
    pub command: u16,
    /// True for a response.
    pub response: bool,
    /// NT status of a response.
    pub status: u32,
    /// The dialect that a server chose: 0x0202, 0x0210, 0x0300, 0x0302, 0x0311.
    pub dialect: Option<u16>,
    /// What a session set-up means for a login.
    pub login: Option<Login>,
    /// The user name of an NTLM login, at most 64 bytes of UTF-8.
    pub user: Option<HostileStr>,
    /// The share of a tree connect, as UTF-8.
    pub share: Option<HostileStr>,
}

/// Generations of SMB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SmbVersion {
    /// SMB 1 (CIFS).
    Smb1,
    /// SMB 2 and 3.
    Smb2,
    /// SMB 3, encrypted.
    Encrypted,
}

/// Reads the next frame of a TCP direction (port 445, or 139 behind the NetBIOS session). A fact
/// needs the frame's first 4,096 bytes at most; `consumed` is the whole frame and may exceed the
/// input. NetBIOS frames that carry no SMB are [`Parsed::NotThis`] unless they open the session,
/// which [`session_frame_len`] steps over.
pub fn parse(prefix: &[u8]) -> Parsed<SmbMessage> {
    let mut r = Reader::new(prefix);
    let kind = r.u8();
    if kind.is_some_and(|kind| kind != 0) {
        return Parsed::NotThis;
    }
    let Some(len) = r.u24().map(usize_of) else { return Parsed::NeedMore };
    let rest = r.rest();
    let protocol = rest.get(..4).unwrap_or(rest);
    let known = [b"\xffSMB", b"\xfeSMB", b"\xfdSMB"].iter().any(|id| id.starts_with(protocol));
    if len < 32 || !known {
        return Parsed::NotThis;
    }
    let Some(frame) = rest.get(..len.min(LOOK_MAX)) else { return Parsed::NeedMore };
    match message(frame) {
        Some(fact) => Parsed::Fact { fact, consumed: len.saturating_add(4) },
        None => Parsed::NotThis,
    }
}

/// Length of a NetBIOS session frame other than a message (request, answer, keep-alive) at the
/// beginning of `prefix`.
pub fn session_frame_len(prefix: &[u8]) -> Option<usize> {
    match prefix {
        [0x81..=0x85, 0, high, low, ..] => Some(4 + usize::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

fn message(frame: &[u8]) -> Option<SmbMessage> {
    match frame.first()? {
        0xff => smb1(frame),
        0xfe => smb2(frame),
        _ => Some(plain(SmbVersion::Encrypted, 0, false, 0)),
    }
}

const fn plain(version: SmbVersion, command: u16, response: bool, status: u32) -> SmbMessage {
    SmbMessage {
        version,
        command,
        response,
        status,
        dialect: None,
        login: None,
        user: None,
        share: None,
    }
}

fn smb1(frame: &[u8]) -> Option<SmbMessage> {
    let mut r = Reader::at_offset(frame, 4);
    let command = u16::from(r.u8()?);
    let status = r.u32_le()?;
    let response = r.u8()? & SMB1_REPLY != 0;
    let unicode = r.u16_le()? & SMB1_UNICODE != 0;
    let mut message = plain(SmbVersion::Smb1, command, response, status);
    if command == SMB1_SESSION_SETUP {
        session_setup(&mut message, frame);
    } else if command == SMB1_TREE_CONNECT && !response {
        message.share = smb1_share(frame, unicode);
    }
    Some(message)
}

/// Parameters (8 bytes: AndX, flags, length of the password), bytes: password, path, service.
fn smb1_share(frame: &[u8], unicode: bool) -> Option<HostileStr> {
    let mut r = Reader::at_offset(frame, 32);
    let words = usize::from(r.u8()?);
    let parameters = r.take(words * 2)?;
    let password_len = Reader::at_offset(parameters, 6).u16_le()?;
    r.u16_le()?;
    r.skip(usize::from(password_len))?;
    if !unicode {
        let path = r.rest().split(|byte| *byte == 0).next()?;
        return Some(HostileStr::capped(path, PATH_MAX));
    }
    // Text begins at an even offset of the header.
    if r.at() % 2 == 1 {
        r.u8()?;
    }
    let units = r.rest().chunks_exact(2).take_while(|unit| *unit != [0, 0]).take(PATH_MAX);
    Some(utf8_of(units))
}

fn smb2(frame: &[u8]) -> Option<SmbMessage> {
    let mut r = Reader::at_offset(frame, 8);
    let status = r.u32_le()?;
    let command = r.u16_le()?;
    r.skip(2)?;
    let response = r.u32_le()? & SMB2_REPLY != 0;
    let mut message = plain(SmbVersion::Smb2, command, response, status);
    let mut body = Reader::at_offset(frame, 64);
    match (command, response) {
        (SMB2_NEGOTIATE, true) => {
            body.skip(4);
            message.dialect = body.u16_le().filter(|_| status == STATUS_SUCCESS);
        }
        (SMB2_SESSION_SETUP, _) => session_setup(&mut message, frame),
        (SMB2_TREE_CONNECT, false) => {
            body.skip(4);
            message.share = body.u16_le().zip(body.u16_le()).and_then(|(at, len)| {
                let mut path = Reader::at_offset(frame, usize::from(at));
                let path = path.take(usize::from(len))?;
                Some(utf8_of(path.chunks_exact(2).take(PATH_MAX)))
            });
        }
        _ => {}
    }
    Some(message)
}

/// A response tells the outcome; a request with NTLM's third message gives user and proof.
fn session_setup(message: &mut SmbMessage, frame: &[u8]) {
    message.login = match (message.response, message.status) {
        (true, STATUS_SUCCESS) => Some(Login::Success),
        // Errors only: warnings and informational codes refuse nobody.
        (true, status) if status >> 30 == 3 && status != STATUS_MORE_PROCESSING => {
            Some(Login::Failure)
        }
        _ => None,
    };
    if !message.response
        && let Some(user) = ntlm_user(frame)
    {
        message.login = Some(Login::PassGiven);
        message.user = Some(user);
    }
}

/// The user name of an NTLMSSP AUTHENTICATE message (MS-NLMP section 2.2.1.3).
fn ntlm_user(frame: &[u8]) -> Option<HostileStr> {
    let start = find(frame, b"NTLMSSP\0\x03\0\0\0")?;
    let token = frame.get(start..)?;
    let mut fields = Reader::at_offset(token, 36);
    let len = usize::from(fields.u16_le()?);
    fields.skip(2)?;
    let at = fields.u32_le()?;
    let name = Reader::at_offset(token, usize_of(at)).take(len)?;
    let unicode = Reader::at_offset(token, 60).u32_le()? & 1 == 1;
    if unicode {
        Some(utf8_of(name.chunks_exact(2).take(USER_MAX)))
    } else {
        Some(HostileStr::capped(name, USER_MAX))
    }
}

/// Little-endian UTF-16 as UTF-8; what is none becomes U+FFFD.
fn utf8_of<'a>(units: impl Iterator<Item = &'a [u8]>) -> HostileStr {
    let units = units.filter_map(|unit| <[u8; 2]>::try_from(unit).ok()).map(u16::from_le_bytes);
    let text: String =
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    HostileStr::from(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn frame(message: &[u8]) -> Vec<u8> {
        [&u32::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat()
    }

    fn header2(command: u16, response: bool, status: u32) -> Vec<u8> {
        let mut bytes = b"\xfeSMB\x40\0\x01\0".to_vec();
        bytes.extend(status.to_le_bytes());
        bytes.extend(command.to_le_bytes());
        bytes.extend([1, 0]);
        bytes.extend(u32::from(response).to_le_bytes());
        bytes.resize(64, 0);
        bytes
    }

    fn ntlm(user: &str) -> Vec<u8> {
        let mut token = b"NTLMSSP\0\x03\0\0\0".to_vec();
        token.resize(36, 0);
        let name = utf16(user);
        token.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        token.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        token.extend(72u32.to_le_bytes());
        token.resize(60, 0);
        token.extend(1u32.to_le_bytes());
        token.resize(72, 0);
        [token, name].concat()
    }

    #[test]
    fn smb2_logins() {
        let login = |status| {
            let bytes = frame(&header2(SMB2_SESSION_SETUP, true, status));
            parse(&bytes).fact().unwrap().login
        };
        assert_eq!(login(0), Some(Login::Success));
        assert_eq!(login(STATUS_MORE_PROCESSING), None);
        assert_eq!(login(0xc000_006d), Some(Login::Failure));
        let request = [header2(SMB2_SESSION_SETUP, false, 0), vec![9; 24], ntlm("élise")].concat();
        let fact = parse(&frame(&request)).fact().unwrap();
        assert_eq!(fact.login, Some(Login::PassGiven));
        assert_eq!(fact.user.unwrap().as_bytes(), "élise".as_bytes());
    }

    #[test]
    fn smb2_dialect_and_share() {
        let answer = [header2(SMB2_NEGOTIATE, true, 0), vec![65, 0, 1, 0, 0x11, 3]].concat();
        assert_eq!(parse(&frame(&answer)).fact().unwrap().dialect, Some(0x0311));
        let path = utf16("\\\\srv\\ADMIN$");
        let body = [9, 0, 0, 0, 72, 0, u8::try_from(path.len()).unwrap(), 0];
        let request = [header2(SMB2_TREE_CONNECT, false, 0), body.to_vec(), path].concat();
        let share = parse(&frame(&request)).fact().unwrap().share.unwrap();
        assert_eq!(share.as_bytes(), b"\\\\srv\\ADMIN$");
    }

    #[test]
    fn smb1_login_and_share() {
        let header = |command: u8, status: u32, flags: u8| {
            let mut bytes = b"\xffSMB".to_vec();
            bytes.push(command);
            bytes.extend(status.to_le_bytes());
            bytes.extend([flags, 0, 0x80]);
            bytes.resize(32, 0);
            bytes
        };
        let refused = parse(&frame(&header(0x73, 0xc000_006d, 0x80))).fact().unwrap();
        assert_eq!((refused.version, refused.login), (SmbVersion::Smb1, Some(Login::Failure)));
        // Four words, one byte of password, then the path at an even offset.
        let mut tree = header(0x75, 0, 0);
        tree.extend([4, 0xff, 0, 0, 0, 0, 0, 1, 0, 30, 0, 0]);
        assert_eq!(tree.len() % 2, 0);
        tree.extend(utf16("\\\\h\\IPC$\0"));
        tree.extend(b"?????\0");
        let share = parse(&frame(&tree)).fact().unwrap().share.unwrap();
        assert_eq!(share.as_bytes(), b"\\\\h\\IPC$");
    }

    #[test]
    fn frames() {
        let whole = frame(&header2(5, true, 0));
        for cut in 0..whole.len() {
            assert_eq!(parse(&whole[..cut]), Parsed::NeedMore, "cut at {cut}");
        }
        // A large write: the first bytes are enough, the caller steps over the rest.
        let mut write = header2(9, false, 0);
        write.resize(LOOK_MAX, 0);
        let bytes = [&[0, 0x10, 0, 0][..], &write].concat();
        let Parsed::Fact { consumed, .. } = parse(&bytes) else { panic!("a write") };
        assert_eq!(consumed, 0x0010_0000 + 4);
        assert_eq!(parse(b"GET "), Parsed::NotThis);
        assert_eq!(session_frame_len(b"\x81\0\0\x44...."), Some(72));
        assert_eq!(session_frame_len(&whole), None);
    }
}
