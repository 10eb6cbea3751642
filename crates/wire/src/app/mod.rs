//! Facts of application protocols: which protocol a flow speaks, and what it says in the clear.
//!
//! Pure functions over bytes. The caller gives whole UDP payloads, or the beginning of a TCP
//! direction in order; putting segments in order, joining the two directions and judging what the
//! facts mean is left to the engine. Every parser here reads through a checked cursor, does work
//! linear in its input and keeps no more than a stated number of bytes and items, so hostile
//! traffic costs what honest traffic of the same length costs.

pub mod dhcp;
mod digest;
pub mod dns;
pub mod ftp;
#[doc(hidden)]
pub mod fuzz;
pub mod http;
pub mod kerberos;
pub mod mail;
pub mod proto;
pub mod quic;
pub mod rdp;
mod read;
pub mod recognise;
pub mod smb;
pub mod ssdp;
pub mod ssh;
pub mod telnet;
pub mod text;
pub mod tls;

pub use proto::AppProto;
pub use recognise::{Recognition, recognise_tcp, recognise_udp};

/// What a parser made of the bytes it was given.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed<T> {
    /// A fact, and how many bytes of the input it took. Where the end of a message lies beyond
    /// the input, `consumed` may exceed the input's length; the parser's documentation says so.
    Fact {
        /// What was understood.
        fact: T,
        /// Bytes from the beginning of the input to the end of the message.
        consumed: usize,
    },
    /// The bytes so far may become a fact when more of the stream arrives.
    NeedMore,
    /// The bytes are not what this parser reads, whatever follows.
    NotThis,
}

impl<T> Parsed<T> {
    /// The fact, when there is one.
    pub fn fact(self) -> Option<T> {
        match self {
            Self::Fact { fact, .. } => Some(fact),
            Self::NeedMore | Self::NotThis => None,
        }
    }

    /// The same outcome with the fact turned into another.
    pub fn map<U>(self, turn: impl FnOnce(T) -> U) -> Parsed<U> {
        match self {
            Self::Fact { fact, consumed } => Parsed::Fact { fact: turn(fact), consumed },
            Self::NeedMore => Parsed::NeedMore,
            Self::NotThis => Parsed::NotThis,
        }
    }
}
