//! TCP state as Zeek keeps it: one state per endpoint, `conn_state`, history letters, and sequence
//! numbers for retransmissions and gaps.
//!
//! Zeek's rules are those of its `base/protocols/conn` documentation: each endpoint is inactive,
//! SYN sent, SYN-ACK sent, partial (mid-stream), established, closed (FIN sent) or reset.

use super::ConnState;
use anomalyzer_wire::{Tcp, TcpFlags};

/// State of one endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum EndState {
    #[default]
    Inactive,
    SynSent,
    SynAckSent,
    Partial,
    Established,
    Closed,
    Reset,
}

/// One endpoint of a TCP connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Endpoint {
    pub(crate) state: EndState,
    /// The next sequence number expected from this endpoint, once one was seen.
    pub(crate) next_seq: Option<u32>,
    /// Initial sequence number of its SYN.
    pub(crate) isn: Option<u32>,
    /// The end of the payload furthest ahead in its stream.
    furthest: Option<u32>,
}

/// Where a segment's payload lies in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// Nothing of it is to be looked at.
    Nothing,
    /// In order; the first `skip` bytes were seen before.
    Next { skip: u32 },
    /// Behind a gap of `gap` bytes.
    Ahead { gap: u32 },
    /// All of it was seen before.
    Old,
}

impl Endpoint {
    /// Takes the flags of a packet that this endpoint sent.
    pub(crate) fn advance(&mut self, peer: &mut Self, flags: TcpFlags) {
        let ack = flags.has(TcpFlags::ACK);
        if flags.has(TcpFlags::RST) {
            self.state = EndState::Reset;
        } else if flags.has(TcpFlags::SYN) {
            self.on_syn(peer, ack);
        } else {
            if matches!(self.state, EndState::SynSent | EndState::SynAckSent)
                && ack
                && peer.state != EndState::Inactive
            {
                self.state = EndState::Established;
            }
            if self.state == EndState::Inactive {
                self.state = EndState::Partial;
            }
        }
        if flags.has(TcpFlags::FIN) && self.state != EndState::Reset {
            self.state = EndState::Closed;
        }
    }

    fn on_syn(&mut self, peer: &mut Self, ack: bool) {
        match (self.state, ack) {
            (EndState::Inactive | EndState::Partial, false) => self.state = EndState::SynSent,
            (EndState::Inactive | EndState::Partial, true) if peer.state == EndState::SynSent => {
                self.state = EndState::Established;
                peer.state = EndState::Established;
            }
            (EndState::Inactive | EndState::Partial, true) => self.state = EndState::SynAckSent,
            _ => {}
        }
    }

    /// Notes how far a segment of `len` payload bytes reaches. True when its first byte was
    /// overtaken: later bytes of the stream came before it.
    pub(crate) fn note_end(&mut self, tcp: &Tcp, len: u32) -> bool {
        if tcp.flags.has(TcpFlags::SYN) {
            self.begin_anew(tcp.seq);
        }
        if len == 0 {
            return false;
        }
        let start = tcp.seq.wrapping_add(u32::from(tcp.flags.has(TcpFlags::SYN)));
        let end = start.wrapping_add(len);
        let Some(furthest) = self.furthest else {
            self.furthest = Some(end);
            return false;
        };
        if end.wrapping_sub(furthest) < 1 << 31 {
            self.furthest = Some(end);
        }
        start != furthest && furthest.wrapping_sub(start) < 1 << 31
    }

    /// A SYN with another number than before, and no payload yet: a new attempt, its stream begins
    /// there.
    fn begin_anew(&mut self, isn: u32) {
        if self.furthest.is_none() && self.isn != Some(isn) {
            (self.isn, self.next_seq) = (Some(isn), None);
        }
    }

    /// Places a segment of `len` payload bytes and moves the expected sequence number.
    pub(crate) fn place(&mut self, tcp: &Tcp, len: u32) -> Placement {
        let syn = tcp.flags.has(TcpFlags::SYN);
        let start = tcp.seq.wrapping_add(u32::from(syn));
        let end = start.wrapping_add(len).wrapping_add(u32::from(tcp.flags.has(TcpFlags::FIN)));
        let Some(next) = self.next_seq else {
            // A reset's sequence number is often 0 and says nothing about the stream.
            if !tcp.flags.has(TcpFlags::RST) {
                self.next_seq = Some(end);
            }
            return if len > 0 { Placement::Next { skip: 0 } } else { Placement::Nothing };
        };
        if len == 0 {
            if end.wrapping_sub(next) == 1 && tcp.flags.has(TcpFlags::FIN) {
                self.next_seq = Some(end);
            }
            return Placement::Nothing;
        }
        let ahead = start.wrapping_sub(next);
        if ahead == 0 {
            self.next_seq = Some(end);
            Placement::Next { skip: 0 }
        } else if ahead < 1 << 31 {
            Placement::Ahead { gap: ahead }
        } else {
            self.place_old(next, start, end, len)
        }
    }

    fn place_old(&mut self, next: u32, start: u32, end: u32, len: u32) -> Placement {
        let behind = next.wrapping_sub(start);
        if behind == 1 && len == 1 {
            return Placement::Nothing; // keep-alive probe
        }
        if behind >= len {
            return Placement::Old;
        }
        self.next_seq = Some(end);
        Placement::Next { skip: behind }
    }
}

/// Zeek's `conn_state` of a TCP connection. `payload` is true when any side sent payload.
pub(crate) fn conn_state(orig: EndState, resp: EndState, payload: bool) -> ConnState {
    use EndState::{Closed, Established, Inactive, Partial, Reset, SynAckSent, SynSent};
    let orig_inactive = matches!(orig, Inactive | Partial);
    let resp_inactive = matches!(resp, Inactive | Partial);
    match (orig, resp) {
        (SynSent | SynAckSent, Reset) => ConnState::Rej,
        (Reset, Reset) if !payload => ConnState::Rej,
        (_, Reset) if orig_inactive => ConnState::Rstrh,
        (_, Reset) => ConnState::Rstr,
        (Reset, _) if resp_inactive => ConnState::Rstos0,
        (Reset, _) => ConnState::Rsto,
        (Closed, Closed) => ConnState::Sf,
        (Closed, _) if resp_inactive => ConnState::Sh,
        (Closed, _) => ConnState::S2,
        (_, Closed) if orig_inactive => ConnState::Shr,
        (_, Closed) => ConnState::S3,
        (SynSent, Inactive) => ConnState::S0,
        (Established, Established) => ConnState::S1,
        _ => ConnState::Oth,
    }
}

/// Zeek's history: a letter per kind of packet and side, capitals for the originator.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct History {
    letters: [u8; 22],
    len: u8,
    seen: [u16; 2],
}

/// Events with a history letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Letter {
    Syn,
    SynAck,
    Ack,
    Data,
    Fin,
    Reset,
    Inconsistent,
    Multi,
    Retransmission,
    ZeroWindow,
    Gap,
    Flipped,
}

impl Letter {
    const fn char(self) -> u8 {
        match self {
            Self::Syn => b's',
            Self::SynAck => b'h',
            Self::Ack => b'a',
            Self::Data => b'd',
            Self::Fin => b'f',
            Self::Reset => b'r',
            Self::Inconsistent => b'i',
            Self::Multi => b'q',
            Self::Retransmission => b't',
            Self::ZeroWindow => b'w',
            Self::Gap => b'g',
            Self::Flipped => b'^',
        }
    }
}

impl History {
    /// Notes an event by key side `side`, once per side. The case is decided when it is shown,
    /// because the originator may only become clear later: the high bit holds the side.
    #[inline]
    pub(crate) fn note(&mut self, side: usize, letter: Letter) {
        let bit = 1_u16 << letter as u16;
        let Some(seen) = self.seen.get_mut(side) else { return };
        if *seen & bit == 0 {
            *seen |= bit;
            self.push(side, letter);
        }
    }

    /// Notes an event that Zeek repeats at the 10th, 100th, 1,000th... time.
    pub(crate) fn note_count(&mut self, side: usize, letter: Letter, count: u32) {
        if count == 1 || (count >= 10 && is_power_of_ten(count)) {
            self.push(side, letter);
        }
    }

    fn push(&mut self, side: usize, letter: Letter) {
        if let Some(slot) = self.letters.get_mut(usize::from(self.len)) {
            *slot = letter.char() | if side == 1 { 0x80 } else { 0 };
            self.len += 1;
        }
    }

    /// The letters, given the originator's side.
    pub(crate) fn text(&self, orig: usize) -> String {
        let letters = self.letters.get(..usize::from(self.len)).unwrap_or_default();
        letters
            .iter()
            .map(|&l| {
                let side = usize::from(l >> 7);
                let letter = char::from(l & 0x7f);
                if side == orig { letter.to_ascii_uppercase() } else { letter }
            })
            .collect()
    }
}

const fn is_power_of_ten(mut n: u32) -> bool {
    while n > 1 {
        if !n.is_multiple_of(10) {
            return false;
        }
        n /= 10;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(text: &str) -> TcpFlags {
        TcpFlags(text.chars().fold(0, |bits, c| {
            bits | match c {
                'S' => TcpFlags::SYN,
                'A' => TcpFlags::ACK,
                'F' => TcpFlags::FIN,
                'R' => TcpFlags::RST,
                _ => 0,
            }
        }))
    }

    /// `>` sends as originator, `<` as responder: `">S <SA >A"`.
    fn check(script: &str, payload: bool, expected: ConnState) {
        let (mut orig, mut resp) = (Endpoint::default(), Endpoint::default());
        for packet in script.split(' ') {
            let (who, what) = packet.split_at(1);
            if who == ">" {
                orig.advance(&mut resp, flags(what));
            } else {
                resp.advance(&mut orig, flags(what));
            }
        }
        assert_eq!(conn_state(orig.state, resp.state, payload), expected, "{script}");
    }

    #[test]
    fn conn_state_case_by_case() {
        check(">S", false, ConnState::S0);
        check(">S <SA", false, ConnState::S1);
        check(">S <SA >A", false, ConnState::S1);
        check(">S <SA >A >FA <FA >A", true, ConnState::Sf);
        check(">S <RA", false, ConnState::Rej);
        check(">S <SA >A >FA <A", true, ConnState::S2);
        check(">S <SA >A <FA >A", true, ConnState::S3);
        check(">S <SA >A >R", true, ConnState::Rsto);
        check(">S <SA >R", false, ConnState::Rsto);
        check(">S <SA >A <R", true, ConnState::Rstr);
        check(">S >R", false, ConnState::Rstos0);
        check("<SA <R", false, ConnState::Rstrh);
        check(">S >F", false, ConnState::Sh);
        check("<SA <F", false, ConnState::Shr);
        check(">A <A", true, ConnState::Oth);
        check(">A", true, ConnState::Oth);
        check("<SA", false, ConnState::Oth);
        check(">S <SA >A >R <R", false, ConnState::Rej);
        check(">S <SA >A >R <R", true, ConnState::Rstr);
    }

    fn segment(seq: u32, bits: &str) -> Tcp {
        Tcp {
            src_port: 1,
            dst_port: 2,
            seq,
            ack: 0,
            flags: flags(bits),
            window: 1,
            mss: None,
            window_scale: None,
            sack_permitted: false,
            timestamps: None,
            header_len: 20,
        }
    }

    #[test]
    fn places_segments_across_the_wrap_of_sequence_numbers() {
        let mut end = Endpoint::default();
        assert_eq!(end.place(&segment(u32::MAX - 1, "S"), 0), Placement::Nothing);
        assert_eq!(end.place(&segment(u32::MAX, "A"), 10), Placement::Next { skip: 0 });
        assert_eq!(end.next_seq, Some(9));
        assert_eq!(end.place(&segment(19, "A"), 5), Placement::Ahead { gap: 10 });
        assert_eq!(end.place(&segment(4, "A"), 5), Placement::Old);
        assert_eq!(end.place(&segment(4, "A"), 15), Placement::Next { skip: 5 });
        assert_eq!(end.place(&segment(18, "A"), 1), Placement::Nothing);
        assert_eq!(end.next_seq, Some(19));
    }

    #[test]
    fn history_shows_the_originator_in_capitals() {
        let mut history = History::default();
        history.note(1, Letter::Syn);
        history.note(0, Letter::SynAck);
        history.note(1, Letter::Ack);
        history.note(1, Letter::Ack);
        assert_eq!(history.text(1), "ShA");
        for n in 1..=100 {
            history.note_count(0, Letter::Retransmission, n);
        }
        assert_eq!(history.text(1), "ShAttt");
    }
}
