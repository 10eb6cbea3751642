//! Bytes to typed packets: link layers, IP, transports, tunnels and application facts.
//!
//! Pure code: no I/O, no clock, no state but the bounded [`Defragmenter`]. Decoding never fails a
//! frame: [`decode`] returns what was understood plus an optional [`Malformed`] note, because
//! broken traffic is evidence and not an error of ours. Nothing here indexes a slice; every access
//! is checked, so no input can make this crate panic.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod addr;
pub mod app;
mod decode;
mod defrag;
mod frame;
#[doc(hidden)]
pub mod fuzz;
mod hostile;
mod packet;
mod time;

pub use addr::{Addr, Mac};
pub use decode::{decode, decode_datagram, flow_addresses};
pub use defrag::{Datagram, DefragCounters, DefragLimits, Defragmenter, Pushed};
pub use frame::{LinkType, RawFrame};
pub use hostile::{HostileStr, is_invisible};
pub use packet::{
    Arp, Body, Fragment, Icmp, IpPacket, Layer, LinkInfo, Malformed, MalformedKind, Packet, Quoted,
    Tcp, TcpFlags, Transport, Tunnel, TunnelKind, Udp,
};
pub use time::{Civil, Timestamp};
