//! Standard input that Ctrl-C can end while it waits.

use crate::stop::Stop;
use rustix::event::{PollFd, PollFlags, Timespec};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;

/// How long to wait before looking whether to stop.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Standard input; ends when the user interrupts.
pub(super) struct Stdin {
    /// A duplicate of the descriptor, since `std::io::Stdin` would put a small buffer in between.
    file: File,
    stop: Stop,
}

impl Stdin {
    pub(super) fn open(stop: &Stop) -> io::Result<Self> {
        let file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        Ok(Self { file, stop: stop.clone() })
    }

    /// True when there is something to read, or the end.
    fn ready(&self) -> io::Result<bool> {
        let mut fds = [PollFd::new(&self.file, PollFlags::IN)];
        match rustix::event::poll(&mut fds, Some(&PAUSE)) {
            Ok(count) => Ok(count > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Read for Stdin {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.stop.interrupted() {
            if self.ready()? {
                return self.file.read(out);
            }
        }
        Ok(0)
    }
}
