//! Rights: the thread that opens interfaces keeps the right to do so, every other has none.
//!
//! Threads inherit the rights of the one that starts them. So the program first gives up everything
//! that no part needs, starts the thread that opens interfaces, gives up the right to capture, and
//! only then starts all others.

use caps::{CapSet, Capability, CapsHashSet};

/// Gives up all rights but that to capture and to listen on a port below 1024 (as far as they are
/// there at all). `reads_files`: also keeps that to read files of others, for a capture file that
/// the user named.
pub(super) fn keep_few(reads_files: bool) {
    let mut few = vec![Capability::CAP_NET_RAW, Capability::CAP_NET_BIND_SERVICE];
    if reads_files {
        few.push(Capability::CAP_DAC_READ_SEARCH);
    }
    limit(&few);
}

/// Gives up the right to capture in this thread and those that it starts.
pub(super) fn drop_capture() {
    limit(&[Capability::CAP_NET_BIND_SERVICE, Capability::CAP_DAC_READ_SEARCH]);
}

/// Keeps of the rights of this thread only these.
fn limit(keep: &[Capability]) {
    // Of each set, what is there and may stay. Ambient rights end with the permitted ones.
    for set in [CapSet::Effective, CapSet::Permitted, CapSet::Inheritable] {
        let Ok(held) = caps::read(None, set) else { continue };
        let left: CapsHashSet = held.iter().copied().filter(|c| keep.contains(c)).collect();
        if left.len() != held.len()
            && let Err(error) = caps::set(None, set, &left)
        {
            tracing::warn!("rights could not be given up: {error}");
        }
    }
}
