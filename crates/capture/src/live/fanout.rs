//! Several rings for one interface: the kernel deals frames out by flow, so that each ring is read
//! by a thread of its own (PACKET_FANOUT, linux/if_packet.h).

use nix::libc::{self, SOL_PACKET, c_int};
use nix::sys::socket::{getsockopt, setsockopt};
use nix::{getsockopt_impl, setsockopt_impl, sockopt_impl};
use std::os::fd::AsFd;

/// The socket option.
const PACKET_FANOUT: c_int = 18;
/// Both ways of a flow go to one ring.
const FANOUT_HASH: u32 = 0;
/// Fragments are put together before they are dealt out.
const FANOUT_FLAG_DEFRAG: u32 = 0x8000;
/// The kernel chooses a number for the group that nobody else has.
const FANOUT_FLAG_UNIQUE_ID: u32 = 0x2000;

sockopt_impl!(
    /// The group that a socket belongs to: number in the lower half, way of dealing above it.
    Fanout, Both, SOL_PACKET, PACKET_FANOUT, u32
);

/// A group of sockets among which the frames of an interface are dealt out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group(u32);

impl Group {
    /// A new group with this socket in it.
    pub(super) fn make(socket: &impl AsFd) -> Result<Self, String> {
        let how = (FANOUT_HASH | FANOUT_FLAG_DEFRAG | FANOUT_FLAG_UNIQUE_ID) << 16;
        setsockopt(socket, Fanout, &how).map_err(refused)?;
        let made = getsockopt(socket, Fanout).map_err(refused)?;
        Ok(Self(made & 0xffff | (FANOUT_HASH | FANOUT_FLAG_DEFRAG) << 16))
    }

    /// Adds a socket.
    pub(super) fn join(self, socket: &impl AsFd) -> Result<(), String> {
        setsockopt(socket, Fanout, &self.0).map_err(refused)
    }
}

fn refused(error: nix::Error) -> String {
    format!("the kernel refuses several queues (PACKET_FANOUT: {error}); set capture.queues to 1")
}
