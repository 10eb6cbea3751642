//! HTTP/1.x heads (RFC 9112) and the framing that leads from one to the next.
//!
//! Our own reader of lines rather than httparse: attacks and odd clients send targets with
//! blanks, quotes and raw bytes, bare line feeds and headers without colons. A strict parser
//! refuses those requests; here they are what we want to see.

mod stream;

pub use stream::{HttpPart, HttpSide, HttpStream};

use super::Parsed;
use super::read::{decimal, split_line, split_word, starts_no_case};
use crate::HostileStr;

/// The longest head that is read.
pub(super) const HEAD_MAX: usize = 16 * 1024;
/// The longest target and the longest header value that are kept.
const TARGET_MAX: usize = 2048;
const VALUE_MAX: usize = 512;
/// The longest method, scheme and reason that are kept.
const WORD_MAX: usize = 64;
/// The most header lines of a head that are looked at.
const HEADERS_MAX: usize = 256;

/// The head of a request or a response.
#[derive(Clone, Debug, PartialEq)]
pub enum HttpHead {
    /// A client's.
    Request(Box<HttpRequest>),
    /// A server's.
    Response(Box<HttpResponse>),
}

/// The head of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HttpRequest {
    /// Method as it was written, at most 64 bytes.
    pub method: HostileStr,
    /// Target as it was written, at most 2,048 bytes.
    pub target: HostileStr,
    /// Length of the whole target in bytes.
    pub target_len: u32,
    /// Minor version: 0 or 1; `None` for HTTP/0.9.
    pub minor_version: Option<u8>,
    /// `Host`.
    pub host: Option<HostileStr>,
    /// `User-Agent`.
    pub user_agent: Option<HostileStr>,
    /// `Referer`.
    pub referer: Option<HostileStr>,
    /// `Content-Type`.
    pub content_type: Option<HostileStr>,
    /// `Content-Length`.
    pub content_length: Option<u64>,
    /// The body is chunked.
    pub chunked: bool,
    /// Scheme of `Authorization` (`Basic`, `Bearer`...); the credentials are never kept.
    pub authorization_scheme: Option<HostileStr>,
    /// How many header lines there are.
    pub header_count: u16,
    /// A line ended with a line feed alone.
    pub bare_line_feed: bool,
}

/// The head of a response.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HttpResponse {
    /// Minor version: 0 or 1.
    pub minor_version: u8,
    /// Status code.
    pub status: u16,
    /// Reason phrase, at most 64 bytes.
    pub reason: HostileStr,
    /// `Server`.
    pub server: Option<HostileStr>,
    /// `Content-Type`.
    pub content_type: Option<HostileStr>,
    /// `Content-Length`.
    pub content_length: Option<u64>,
    /// The body is chunked.
    pub chunked: bool,
    /// `Location`.
    pub location: Option<HostileStr>,
    /// Scheme that `WWW-Authenticate` asks for.
    pub authenticate_scheme: Option<HostileStr>,
    /// How many header lines there are.
    pub header_count: u16,
    /// A line ended with a line feed alone.
    pub bare_line_feed: bool,
}

/// Reads a request's head at the beginning of `prefix`.
pub fn parse_request(prefix: &[u8]) -> Parsed<HttpRequest> {
    parse(prefix, is_request_start, request)
}

/// Reads a response's head at the beginning of `prefix`.
pub fn parse_response(prefix: &[u8]) -> Parsed<HttpResponse> {
    parse(prefix, is_response_start, response)
}

fn parse<T>(
    prefix: &[u8],
    may_start: fn(&[u8]) -> bool,
    read: fn(&[u8]) -> Option<T>,
) -> Parsed<T> {
    if !may_start(prefix) {
        return Parsed::NotThis;
    }
    match head_len(prefix) {
        Some(len) => match prefix.get(..len).and_then(read) {
            Some(fact) => Parsed::Fact { fact, consumed: len },
            None => Parsed::NotThis,
        },
        None if prefix.len() < HEAD_MAX => Parsed::NeedMore,
        None => Parsed::NotThis,
    }
}

/// Length of the head with its empty line; a first line of HTTP/0.9 is a head of its own.
pub(super) fn head_len(prefix: &[u8]) -> Option<usize> {
    let looked_at = prefix.get(..HEAD_MAX).unwrap_or(prefix);
    let mut rest = looked_at;
    while let Some((line, after)) = split_line(rest) {
        let first = rest.len() == looked_at.len();
        rest = after;
        if line.is_empty() && !first {
            return Some(looked_at.len() - rest.len());
        }
        if first && line.starts_with(b"GET ") && version_of(line).is_none() && !line.is_empty() {
            return Some(looked_at.len() - rest.len());
        }
    }
    None
}

/// A method is a word of letters, up to 32 of them.
pub(super) fn is_request_start(prefix: &[u8]) -> bool {
    let word = prefix.iter().take_while(|byte| is_method_byte(**byte)).count();
    (1..=32).contains(&word) && matches!(prefix.get(word), None | Some(b' ' | b'\t'))
}

fn is_method_byte(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_')
}

pub(super) fn is_response_start(prefix: &[u8]) -> bool {
    const START: &[u8] = b"HTTP/1.";
    let len = prefix.len().min(START.len());
    prefix.get(..len) == START.get(..len)
}

/// The minor version at the end of a request line.
fn version_of(line: &[u8]) -> Option<u8> {
    let line = line.trim_ascii_end();
    let (rest, version) = line.split_at_checked(line.len().checked_sub(8)?)?;
    match version {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor @ b'0'..=b'9']
            if matches!(rest.last(), Some(b' ' | b'\t')) =>
        {
            Some(minor - b'0')
        }
        _ => None,
    }
}

fn request(head: &[u8]) -> Option<HttpRequest> {
    let (line, headers) = split_line(head)?;
    let (method, after) = split_word(line);
    let minor_version = version_of(line);
    // The target is all between method and version, blanks included.
    let end = after.trim_ascii_end().len().checked_sub(if minor_version.is_some() { 8 } else { 0 });
    let target = after.get(..end?)?.trim_ascii_end();
    let mut request = HttpRequest {
        method: HostileStr::capped(method, WORD_MAX),
        target: HostileStr::capped(target, TARGET_MAX),
        target_len: u32::try_from(target.len()).unwrap_or(u32::MAX),
        minor_version,
        bare_line_feed: has_bare_line_feed(head),
        ..HttpRequest::default()
    };
    request.header_count = each_header(headers, |name, value| match name {
        b"host" => request.host = Some(kept(value)),
        b"user-agent" => request.user_agent = Some(kept(value)),
        b"referer" => request.referer = Some(kept(value)),
        b"content-type" => request.content_type = Some(kept(value)),
        b"content-length" => request.content_length = decimal(value),
        b"transfer-encoding" => request.chunked = is_chunked(value),
        b"authorization" => request.authorization_scheme = Some(scheme(value)),
        _ => {}
    });
    Some(request)
}

fn response(head: &[u8]) -> Option<HttpResponse> {
    let (line, headers) = split_line(head)?;
    let (version, after) = split_word(line);
    let (status, reason) = split_word(after);
    let mut response = HttpResponse {
        minor_version: version.last().filter(|byte| byte.is_ascii_digit())? - b'0',
        status: decimal(status).and_then(|code| u16::try_from(code).ok())?,
        reason: HostileStr::capped(reason, WORD_MAX),
        bare_line_feed: has_bare_line_feed(head),
        ..HttpResponse::default()
    };
    response.header_count = each_header(headers, |name, value| match name {
        b"server" => response.server = Some(kept(value)),
        b"content-type" => response.content_type = Some(kept(value)),
        b"content-length" => response.content_length = decimal(value),
        b"transfer-encoding" => response.chunked = is_chunked(value),
        b"location" => response.location = Some(kept(value)),
        b"www-authenticate" => response.authenticate_scheme = Some(scheme(value)),
        _ => {}
    });
    Some(response)
}

/// Gives each header (its name in lower case) to `sink` and tells how many lines there were.
fn each_header(mut lines: &[u8], mut sink: impl FnMut(&[u8], &[u8])) -> u16 {
    let (mut count, mut name_buffer) = (0u16, [0u8; 32]);
    while let Some((line, rest)) = split_line(lines) {
        lines = rest;
        if line.is_empty() {
            break;
        }
        count = count.saturating_add(1);
        let colon = line.iter().position(|byte| *byte == b':');
        let Some((name, value)) = colon.and_then(|at| line.split_at_checked(at)) else { continue };
        let name = name.trim_ascii_end();
        // No header that we keep has a longer name.
        let Some(lower) = name_buffer.get_mut(..name.len()) else { continue };
        if usize::from(count) <= HEADERS_MAX {
            lower.copy_from_slice(name);
            lower.make_ascii_lowercase();
            sink(lower, value.get(1..).unwrap_or_default().trim_ascii());
        }
    }
    count
}

fn kept(value: &[u8]) -> HostileStr {
    HostileStr::capped(value, VALUE_MAX)
}

/// The scheme of an authentication header. A value without a blank may be a bare secret, so it
/// counts as a scheme only when it is one of the registered names.
fn scheme(value: &[u8]) -> HostileStr {
    const NAMES: [&[u8]; 6] =
        [b"Basic", b"Bearer", b"Digest", b"Negotiate", b"NTLM", b"AWS4-HMAC-SHA256"];
    let (word, rest) = split_word(value);
    let known = NAMES.iter().any(|name| word.eq_ignore_ascii_case(name));
    if known || (!rest.is_empty() && word.len() <= 16 && word.iter().all(u8::is_ascii_alphabetic)) {
        HostileStr::capped(word, WORD_MAX)
    } else {
        HostileStr::default()
    }
}

fn is_chunked(value: &[u8]) -> bool {
    value.split(|byte| *byte == b',').any(|coding| starts_no_case(coding.trim_ascii(), b"chunked"))
}

fn has_bare_line_feed(head: &[u8]) -> bool {
    head.first() == Some(&b'\n')
        || head.windows(2).any(|pair| matches!(pair, [before, b'\n'] if *before != b'\r'))
}

#[cfg(test)]
mod tests;
