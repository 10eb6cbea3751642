//! IEEE 802.11 data frames, alone or behind a radiotap, Prism or AVS header.

use super::link::Carried;
use super::view::len16;
use super::{Decoder, View};
use crate::{Layer, Mac, MalformedKind};

/// Header of a data frame with three addresses.
const HEADER_LEN: usize = 24;

/// Second byte of the frame control field.
const TO_DS: u8 = 0x01;
const FROM_DS: u8 = 0x02;
const MORE_FRAGMENTS: u8 = 0x04;
const PROTECTED: u8 = 0x40;
const HT_CONTROL: u8 = 0x80;
/// Subtype bits of data frames.
const SUBTYPE_QOS: u8 = 0x80;
const SUBTYPE_NO_DATA: u8 = 0x40;
/// First byte of the QoS control field: the body is an A-MSDU.
const QOS_AGGREGATED: u8 = 0x80;

/// Bits of radiotap's flags field.
const RADIOTAP_FCS: u8 = 0x10;
const RADIOTAP_PADDED: u8 = 0x20;

impl<'a> Decoder<'a, '_> {
    /// An IEEE 802.11 frame without extra header. What is encrypted, fragmented or no data frame
    /// carries EtherType 0.
    pub(super) fn wlan(&mut self, view: View<'a>) -> Carried<'a> {
        self.wlan_padded(view, false)
    }

    fn wlan_padded(&mut self, view: View<'a>, padded: bool) -> Carried<'a> {
        let Some(&[control, flags]) = view.head() else {
            self.short(Layer::Link, view, 2);
            return (0, view);
        };
        if control & 0x0f != 0x08 {
            return (0, view);
        }
        let qos = control & SUBTYPE_QOS != 0;
        let four = flags & (TO_DS | FROM_DS) == TO_DS | FROM_DS;
        let (Some(header), false) = (view.head::<HEADER_LEN>(), four && view.data.len() < 30)
        else {
            self.short(Layer::Link, view, if four { 30 } else { HEADER_LEN });
            return (0, view);
        };
        self.wlan_addresses(header, flags, view);
        let &[.., sequence, _] = header;
        let opaque = control & SUBTYPE_NO_DATA != 0
            || flags & (PROTECTED | MORE_FRAGMENTS) != 0
            || sequence & 0x0f != 0;
        if opaque {
            return (0, view);
        }
        let address_end = if four { 30 } else { HEADER_LEN };
        let qos_len = if qos { 2 } else { 0 };
        let control_len = if qos && flags & HT_CONTROL != 0 { 4 } else { 0 };
        let header_len = address_end + qos_len + control_len;
        let padding = if padded { header_len.next_multiple_of(4) - header_len } else { 0 };
        let aggregated =
            qos && view.data.get(address_end).is_some_and(|qos| qos & QOS_AGGREGATED != 0);
        let body = view.skip(header_len + padding);
        if aggregated { self.first_subframe(body) } else { self.llc(body) }
    }

    /// Keeps source and destination, which stand in different places by direction.
    fn wlan_addresses(&mut self, header: &[u8; HEADER_LEN], flags: u8, view: View<'a>) {
        let &[
            _,
            _,
            _,
            _,
            a0,
            a1,
            a2,
            a3,
            a4,
            a5,
            b0,
            b1,
            b2,
            b3,
            b4,
            b5,
            c0,
            c1,
            c2,
            c3,
            c4,
            c5,
            ..,
        ] = header;
        let first = Mac([a0, a1, a2, a3, a4, a5]);
        let second = Mac([b0, b1, b2, b3, b4, b5]);
        let third = Mac([c0, c1, c2, c3, c4, c5]);
        let fourth = view.skip(HEADER_LEN).head().map(|mac| Mac(*mac));
        let (src, dst) = match (flags & TO_DS != 0, flags & FROM_DS != 0) {
            (false, false) => (Some(second), first),
            (true, false) => (Some(second), third),
            (false, true) => (Some(third), first),
            (true, true) => (fourth, third),
        };
        if self.outermost {
            self.link.src = src;
            self.link.dst = Some(dst);
        }
    }

    /// The first of several packets in one frame; the others are not read.
    fn first_subframe(&mut self, view: View<'a>) -> Carried<'a> {
        let Some((&[.., l0, l1], rest)) = view.split::<14>() else {
            self.short(Layer::Link, view, 14);
            return (0, view);
        };
        self.llc(rest.limit(len16([l0, l1])))
    }

    /// IEEE 802.11 behind a radiotap header (radiotap.org).
    pub(super) fn radiotap(&mut self, view: View<'a>) -> Carried<'a> {
        let Some(&[version, _, l0, l1, ..]) = view.head::<8>() else {
            self.short(Layer::Link, view, 8);
            return (0, view);
        };
        let len = usize::from(u16::from_le_bytes([l0, l1]));
        if version != 0 || len < 8 {
            let kind = if version == 0 { MalformedKind::Length } else { MalformedKind::Version };
            let had = if version == 0 { len } else { usize::from(version) };
            self.note(Layer::Link, kind, view, if version == 0 { 8 } else { 0 }, had);
            return (0, view);
        }
        if len > view.data.len() {
            self.short(Layer::Link, view, len);
            return (0, view);
        }
        let flags = radiotap_flags(view.limit(len)).unwrap_or(0);
        let frame = view.skip(len);
        let fcs = if flags & RADIOTAP_FCS != 0 { 4 } else { 0 };
        let frame = frame.limit(frame.len.saturating_sub(fcs));
        self.wlan_padded(frame, flags & RADIOTAP_PADDED != 0)
    }

    /// IEEE 802.11 behind a Prism header, or the AVS header that some drivers give instead.
    pub(super) fn prism(&mut self, view: View<'a>) -> Carried<'a> {
        let Some(&[m0, m1, m2, m3, l0, l1, l2, l3]) = view.head() else {
            self.short(Layer::Link, view, 8);
            return (0, view);
        };
        let avs = [m0, m1, m2] == [0x80, 0x21, 0x10];
        // Prism writes in the byte order of the machine; its messages are shorter than 64 KiB.
        let little = !avs && [m2, m3] == [0, 0];
        let len = [l0, l1, l2, l3];
        let len = if little { u32::from_le_bytes(len) } else { u32::from_be_bytes(len) };
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        if len < 8 || len > view.data.len() {
            self.note(Layer::Link, MalformedKind::Length, view, len.max(8), view.data.len());
            return (0, view);
        }
        self.wlan(view.skip(len))
    }
}

/// The flags field of a radiotap header, when it has one.
fn radiotap_flags(header: View<'_>) -> Option<u8> {
    let &[_, _, _, _, p0, p1, p2, p3] = header.head()?;
    let present = u32::from_le_bytes([p0, p1, p2, p3]);
    if present & 2 == 0 {
        return None;
    }
    // Words of presence bits are chained by their highest bit.
    let (mut fields, mut word) = (8, present);
    while word & 0x8000_0000 != 0 {
        word = u32::from_le_bytes(*header.skip(fields).head()?);
        fields += 4;
    }
    // The time stamp stands before the flags and is aligned to its size.
    if present & 1 != 0 {
        fields = fields.next_multiple_of(8) + 8;
    }
    header.data.get(fields).copied()
}
