//! Keys of Initial packets and their use (RFC 9001 section 5, RFC 9369 section 3.3).

use ring::aead::quic::{AES_128, HeaderProtectionKey};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;

use super::LongHeader;
use crate::app::read::Reader;

const V1: u32 = 1;
const V2: u32 = 0x6b33_43cf;

/// Salts by version: RFC 9001 section 5.2, RFC 9369 section 3.3.1, and the same sections of the
/// drafts that were deployed.
const SALT_V1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad,
    0xcc, 0xbb, 0x7f, 0x0a,
];
const SALT_V2: [u8; 20] = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb,
    0xf9, 0xbd, 0x2e, 0xd9,
];
const SALT_DRAFT_29: [u8; 20] = [
    0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0,
    0x43, 0x90, 0xa8, 0x99,
];
const SALT_DRAFT_23: [u8; 20] = [
    0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65,
    0xbe, 0xf9, 0xf5, 0x02,
];

/// The salt of a version, or `None` for one whose Initial packets we cannot open.
fn salt(version: u32) -> Option<&'static [u8; 20]> {
    Some(match version {
        V1 | 0xff00_0021..=0xff00_0022 => &SALT_V1,
        V2 => &SALT_V2,
        0xff00_001d..=0xff00_0020 => &SALT_DRAFT_29,
        // Drafts 23 to 28, and Facebook's names for draft 27.
        0xff00_0017..=0xff00_001c | 0xface_b002 | 0xface_b00e => &SALT_DRAFT_23,
        _ => return None,
    })
}

/// The packet type of Initial packets; version 2 counts the types differently.
pub(super) fn initial_type(version: u32) -> Option<u8> {
    salt(version)?;
    Some(u8::from(version == V2))
}

/// The packet type of Retry packets.
pub(super) fn retry_type(version: u32) -> Option<u8> {
    salt(version)?;
    Some(if version == V2 { 0 } else { 3 })
}

/// What opens the Initial packets of one client.
pub(super) struct Keys {
    packet: LessSafeKey,
    iv: [u8; 12],
    header: HeaderProtectionKey,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

impl Keys {
    /// The client's keys for a destination connection id.
    pub(super) fn of_client(version: u32, destination_id: &[u8]) -> Option<Self> {
        let salt = hmac::Key::new(hmac::HMAC_SHA256, salt(version)?);
        let initial = hmac::sign(&salt, destination_id);
        let client: [u8; 32] = expand_label(initial.as_ref(), b"client in")?;
        let (key, iv, hp): (&[u8], &[u8], &[u8]) = if version == V2 {
            (b"quicv2 key", b"quicv2 iv", b"quicv2 hp")
        } else {
            (b"quic key", b"quic iv", b"quic hp")
        };
        let key: [u8; 16] = expand_label(&client, key)?;
        let hp: [u8; 16] = expand_label(&client, hp)?;
        Some(Self {
            packet: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?),
            iv: expand_label(&client, iv)?,
            header: HeaderProtectionKey::new(&AES_128, &hp).ok()?,
        })
    }

    /// Takes the protection off a packet and gives its frames; `None` when it was not made with
    /// these keys.
    pub(super) fn open(&self, header: &LongHeader<'_>) -> Option<Vec<u8>> {
        // The sample lies where it would be if the packet number had four bytes.
        let mut sample = Reader::at_offset(header.packet, header.number_at.checked_add(4)?);
        let [first_mask, number_mask @ ..] = self.header.new_mask(sample.take(16)?).ok()?;
        let (clear, protected) = header.packet.split_at_checked(header.number_at)?;
        let mut aad = clear.to_vec();
        let first = aad.first_mut()?;
        *first ^= first_mask & 0x0f;
        let number_len = usize::from(*first & 3) + 1;
        let (number, sealed) = protected.split_at_checked(number_len)?;
        let mut nonce = self.iv;
        let number = number.iter().zip(number_mask).map(|(byte, mask)| byte ^ mask);
        let number: Vec<u8> = number.collect();
        for (byte, part) in nonce.iter_mut().rev().zip(number.iter().rev()) {
            *byte ^= part;
        }
        aad.extend_from_slice(&number);
        let mut plain = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let len = self.packet.open_in_place(nonce, Aad::from(&aad), &mut plain).ok()?.len();
        plain.truncate(len);
        Some(plain)
    }
}

/// HKDF-Expand-Label with an empty context, for at most one block (RFC 8446 section 7.1).
fn expand_label<const N: usize>(secret: &[u8], label: &[u8]) -> Option<[u8; N]> {
    let mut info = u16::try_from(N).ok()?.to_be_bytes().to_vec();
    info.push(u8::try_from(label.len() + 6).ok()?);
    info.extend_from_slice(b"tls13 ");
    info.extend_from_slice(label);
    // The context's length, then HKDF's block counter.
    info.extend_from_slice(&[0, 1]);
    let block = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &info);
    block.as_ref().get(..N)?.try_into().ok()
}
