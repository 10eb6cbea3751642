//! What a file that is no capture looks like, for the error message.

/// As many first bytes as are looked at.
pub(crate) const LOOK_BYTES: usize = 512;

/// First bytes of formats that are mistaken for captures, and what to say of them.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"snoop\0\0\0", "a snoop capture (convert it with `editcap -F pcap`)"),
    (b"RTSS", "a Network Monitor 1 capture (convert it with `editcap -F pcap`)"),
    (b"GMBU", "a Network Monitor 2 capture (convert it with `editcap -F pcap`)"),
    (b"TRSNIFF data", "a Sniffer capture (convert it with `editcap -F pcap`)"),
    (b"XCP\0", "a NetXRay capture (convert it with `editcap -F pcap`)"),
    (b"\xfd7zXZ\0", "an xz archive (unpack it first)"),
    (b"BZh", "a bzip2 archive (unpack it first)"),
    (b"\x04\x22\x4d\x18", "an lz4 archive (unpack it first)"),
    (b"PK\x03\x04", "a zip archive (unpack it first)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive (unpack it first)"),
    (b"\x1f\x8b", "a gzip stream inside another one (unpack it first)"),
    (b"\x28\xb5\x2f\xfd", "a zstd stream inside another one (unpack it first)"),
    (b"\x7fELF", "a program"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x89PNG", "a picture"),
];

/// Place and content of the mark of a tar archive.
const TAR_MARK: (usize, &[u8]) = (257, b"ustar");

/// A phrase that completes "it looks like".
pub(crate) fn looks_like(bytes: &[u8]) -> String {
    if let Some((_, phrase)) = SIGNATURES.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return (*phrase).to_owned();
    }
    if bytes.get(TAR_MARK.0..).is_some_and(|rest| rest.starts_with(TAR_MARK.1)) {
        return "a tar archive (unpack it first)".to_owned();
    }
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        _ if !is_text(bytes) => format!("binary data that begins with {}", hex(bytes)),
        Some(b'{' | b'[') => "JSON text".to_owned(),
        Some(b'<') => "an HTML or XML page".to_owned(),
        _ => "text".to_owned(),
    }
}

/// True for UTF-8 without control characters; the last character may be cut.
fn is_text(bytes: &[u8]) -> bool {
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(valid).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !valid.is_empty() && !valid.chars().any(|c| c.is_control() && !c.is_ascii_whitespace())
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    digits.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_it_sees() {
        let check = |bytes: &[u8], phrase: &str| assert_eq!(looks_like(bytes), phrase);
        check(b"time,source\n1,2\n", "text");
        check("gr\u{fc}\u{df}e".as_bytes(), "text");
        check(&"gr\u{fc}".as_bytes()[..3], "text");
        check(b"  {\"a\": 1}", "JSON text");
        check(b"<!doctype html>", "an HTML or XML page");
        check(b"PK\x03\x04....", "a zip archive (unpack it first)");
        check(b"\0\x01\xff", "binary data that begins with 00 01 ff");
        check(b"a\x1b[2J", "binary data that begins with 61 1b 5b 32 4a");
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        check(&tar, "a tar archive (unpack it first)");
    }
}
