//! Frames off a live interface, through libpcap (on Linux a ring of AF_PACKET, TPACKET_V3).
//!
//! Opening needs a right; without it the error says which one and how to grant it. Losses happen in
//! the kernel's ring and are counted by [`LiveCapture::stats`].

mod error;
mod fanout;
mod interfaces;
mod links;
mod queue;
mod sensor;
mod watch;

use anomalyzer_wire::{LinkType, RawFrame, Timestamp};
use pcap::{Active, Capture, Precision};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use crate::filter::{FilterError, link_of_dlt, reason};
pub use error::{LiveError, missing_rights};
pub use interfaces::{ANY, LiveInterface, default_interface, interfaces};
pub use sensor::{Sensor, SensorEvent};
pub use watch::{Phase, WatchOptions, WatchState, Watcher, watch};

/// How to capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveOptions {
    /// Bytes kept of each frame, at least 1. Default 262,144, which is all of it.
    pub snaplen: u32,
    /// Ask the interface for frames to other machines too. Default true; no effect on `any`.
    pub promiscuous: bool,
    /// A filter that the kernel runs. Default none.
    pub filter: Option<String>,
    /// Size of the kernel's ring in bytes. Default 32 MiB: 100 ms at 2.5 Gbit/s.
    pub buffer_bytes: u32,
    /// Milliseconds after which [`LiveCapture::next_frame`] returns without a frame, and the
    /// longest that the kernel holds a frame back to hand over several at once; at least 1.
    /// Default 100.
    pub timeout_ms: u32,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            snaplen: 262_144,
            promiscuous: true,
            filter: None,
            buffer_bytes: 32 << 20,
            timeout_ms: 100,
        }
    }
}

/// What came of waiting for a frame.
#[derive(Clone, Copy, Debug)]
pub enum LiveEvent<'a> {
    /// A frame; its time has nanoseconds.
    Frame(RawFrame<'a>),
    /// No frame is there now: a good moment to hand on what has come. The next call waits for one,
    /// at most as long as the timeout.
    Idle,
}

/// Counters of a live capture, from its opening on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveStats {
    /// Frames that passed the filter, dropped ones included. On `lo` the kernel counts each frame
    /// twice, once per direction, before one copy is thrown away.
    pub received: u64,
    /// Frames lost because the ring was full.
    pub dropped: u64,
    /// Frames lost by the interface or its driver.
    pub interface_dropped: u64,
}

/// A live interface being captured.
pub struct LiveCapture {
    capture: Capture<Active>,
    interface: String,
    link: LinkType,
    timeout: Timespec,
    /// No frame was left at the last look.
    drained: bool,
    counters: Counters,
}

impl LiveCapture {
    /// Opens an interface by name; `any` is all of them.
    pub fn open(interface: &str, options: &LiveOptions) -> Result<Self, LiveError> {
        let known = interfaces()?;
        if !known.iter().any(|candidate| candidate.name == interface) {
            let available = known.into_iter().map(|candidate| candidate.name).collect();
            return Err(LiveError::NoSuchInterface { name: interface.to_owned(), available });
        }
        let problem = |error: pcap::Error| LiveError::on_opening(interface, &reason(&error));
        let mut capture = Capture::from_device(interface)
            .map_err(problem)?
            .snaplen(signed(options.snaplen))
            // libpcap warns when asked this of `any`, and the binding takes a warning for an error.
            .promisc(options.promiscuous && interface != ANY)
            .buffer_size(signed(options.buffer_bytes))
            .timeout(signed(options.timeout_ms))
            .precision(Precision::Nano)
            .open()
            .map_err(problem)?;
        let link = link_of_dlt(capture.get_datalink().0);
        if let Some(expression) = &options.filter {
            capture
                .filter(expression, true)
                .map_err(|error| FilterError::new(expression, link, reason(&error)))?;
        }
        Ok(Self {
            // A blocking read would not end before a frame comes, whatever the timeout: the kernel
            // hands over no empty blocks.
            capture: capture.setnonblock().map_err(problem)?,
            interface: interface.to_owned(),
            link,
            timeout: Timespec {
                tv_sec: i64::from(options.timeout_ms / 1_000),
                tv_nsec: i64::from(options.timeout_ms.max(1) % 1_000) * 1_000_000,
            },
            drained: true,
            counters: Counters::default(),
        })
    }

    /// Opens an interface with several rings among which the kernel deals frames out by flow.
    pub(crate) fn open_queues(
        interface: &str,
        options: &LiveOptions,
        queues: usize,
    ) -> Result<Vec<Self>, LiveError> {
        let mut all = vec![Self::open(interface, options)?];
        if queues <= 1 {
            return Ok(all);
        }
        let refused = |reason| LiveError::Refused { interface: interface.to_owned(), reason };
        let mut group = None;
        for capture in &all {
            group = Some(fanout::Group::make(&capture.capture).map_err(refused)?);
        }
        for _ in 1..queues {
            let capture = Self::open(interface, options)?;
            group.map_or(Ok(()), |g| g.join(&capture.capture)).map_err(refused)?;
            all.push(capture);
        }
        // Until a ring joined the group it saw every frame.
        all.iter_mut().skip(1).for_each(Self::discard);
        Ok(all)
    }

    /// Throws away what has come until now, and forgets that it was counted.
    fn discard(&mut self) {
        while let Ok(_frame) = self.capture.next_packet() {}
        if let Ok(stat) = self.capture.stats() {
            self.counters.latest = [stat.received, stat.dropped, stat.if_dropped];
        }
        self.drained = true;
    }

    /// The next frame. When none is there it says so at once, and waits at the next call.
    pub fn next_frame(&mut self) -> Result<LiveEvent<'_>, LiveError> {
        if self.drained {
            self.wait()?;
            self.drained = false;
        }
        match self.capture.next_packet() {
            Ok(packet) => Ok(LiveEvent::Frame(RawFrame {
                // The field is called microseconds but holds what was asked for.
                time: Timestamp::from_secs_nanos(packet.header.ts.tv_sec, packet.header.ts.tv_usec),
                link: self.link,
                orig_len: packet.header.len,
                data: packet.data,
            })),
            Err(pcap::Error::TimeoutExpired) => {
                self.drained = true;
                Ok(LiveEvent::Idle)
            }
            Err(error) => {
                Err(LiveError::Lost { interface: self.interface.clone(), reason: reason(&error) })
            }
        }
    }

    /// Waits until a frame may be there, the timeout is over or a signal came.
    fn wait(&self) -> Result<(), LiveError> {
        let mut ready = [PollFd::new(&self.capture, PollFlags::IN)];
        match rustix::event::poll(&mut ready, Some(&self.timeout)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(LiveError::Lost {
                interface: self.interface.clone(),
                reason: error.to_string(),
            }),
        }
    }

    /// The link type of the frames.
    pub fn link(&self) -> LinkType {
        self.link
    }

    /// The interface's name.
    pub fn interface(&self) -> &str {
        &self.interface
    }

    /// Counters so far. libpcap's are 32 bits wide; call at least once per 2^32 frames.
    pub fn stats(&mut self) -> Result<LiveStats, LiveError> {
        match self.capture.stats() {
            Ok(stat) => Ok(self.counters.update([stat.received, stat.dropped, stat.if_dropped])),
            Err(error) => {
                Err(LiveError::Lost { interface: self.interface.clone(), reason: reason(&error) })
            }
        }
    }
}

impl std::fmt::Debug for LiveCapture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveCapture")
            .field("interface", &self.interface)
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

/// Widens counters that wrap at 32 bits.
#[derive(Debug, Default)]
struct Counters {
    latest: [u32; 3],
    total: [u64; 3],
}

impl Counters {
    fn update(&mut self, now: [u32; 3]) -> LiveStats {
        let counters = self.total.iter_mut().zip(&mut self.latest).zip(now);
        for ((total, latest), now) in counters {
            *total += u64::from(now.wrapping_sub(*latest));
            *latest = now;
        }
        let [received, dropped, interface_dropped] = self.total;
        LiveStats { received, dropped, interface_dropped }
    }
}

/// A positive number as libpcap takes it.
fn signed(value: u32) -> i32 {
    i32::try_from(value.max(1)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_go_on_beyond_32_bits() {
        let mut counters = Counters::default();
        counters.update([u32::MAX, 1, 0]);
        let stats = counters.update([1, 1, 7]);
        let received = (1 << 32) + 1;
        assert_eq!(stats, LiveStats { received, dropped: 1, interface_dropped: 7 });
    }
}
