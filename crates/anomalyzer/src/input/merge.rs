//! Several files merged by time.

use super::Files;
use crate::failure::Failure;
use crate::pipeline::Input;
use crate::progress::Position;
use anomalyzer_capture::CaptureFile;
use anomalyzer_wire::{LinkType, RawFrame, Timestamp};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Files by the time of their next packet. Equal times go by the order in which files are named.
#[derive(Debug)]
pub(super) struct Merge {
    heap: BinaryHeap<Reverse<Next>>,
    read: u64,
}

/// A file and its next packet.
#[derive(Debug)]
struct Next {
    time: Timestamp,
    index: usize,
    /// `None` until the time of its first packet has come.
    file: Option<Box<Ahead>>,
}

/// An open file with a copy of its next packet.
#[derive(Debug)]
struct Ahead {
    file: CaptureFile,
    time: Timestamp,
    link: LinkType,
    orig_len: u32,
    data: Vec<u8>,
}

impl Merge {
    /// Looks at the first packet of every file. Plain files are closed again until they are due.
    pub(super) fn new(files: &mut Files) -> Result<Self, Failure> {
        let mut heap = BinaryHeap::new();
        for index in 0..files.paths.len() {
            let Some(mut ahead) = Ahead::open(files, index)? else { continue };
            if ahead.advance(files, index) {
                let time = ahead.time;
                let plain = files.paths.get(index).is_some_and(|p| super::size(p).is_some());
                let file = (!plain).then_some(ahead);
                heap.push(Reverse(Next { time, index, file }));
            }
        }
        Ok(Self { heap, read: 0 })
    }

    /// Hands over the frames of all files in order of time.
    pub(super) fn pump(
        &mut self,
        files: &mut Files,
        sink: &mut impl FnMut(Input<'_>) -> bool,
    ) -> Result<(), Failure> {
        while let Some(Reverse(Next { index, file, .. })) = self.heap.pop() {
            files.stop.check()?;
            let Some(mut ahead) = opened(files, index, file)? else { continue };
            let position = || Position { read: self.read + ahead.read(), total: files.total };
            if !files.gate.pass(&ahead.frame(), position, sink)? {
                files.finished(index, &ahead.file.info());
                return Ok(());
            }
            if ahead.advance(files, index) {
                self.heap.push(Reverse(Next { time: ahead.time, index, file: Some(ahead) }));
            } else {
                self.read += ahead.read();
            }
        }
        Ok(())
    }
}

/// The file of an entry, opened at its first packet when it has not been open.
fn opened(
    files: &mut Files,
    index: usize,
    file: Option<Box<Ahead>>,
) -> Result<Option<Box<Ahead>>, Failure> {
    if file.is_some() {
        return Ok(file);
    }
    let Some(mut ahead) = Ahead::open(files, index)? else { return Ok(None) };
    Ok(ahead.advance(files, index).then_some(ahead))
}

impl Ahead {
    fn open(files: &mut Files, index: usize) -> Result<Option<Box<Self>>, Failure> {
        Ok(files.open(index)?.map(|file| {
            let (time, link) = (Timestamp::default(), LinkType::ETHERNET);
            Box::new(Self { file, time, link, orig_len: 0, data: Vec::new() })
        }))
    }

    /// Copies the next packet; false when there is none.
    fn advance(&mut self, files: &mut Files, index: usize) -> bool {
        match self.file.next_frame() {
            Ok(Some(frame)) => {
                self.time = frame.time;
                self.link = frame.link;
                self.orig_len = frame.orig_len;
                self.data.clear();
                self.data.extend_from_slice(frame.data);
                return true;
            }
            Ok(None) => {}
            Err(damage) => files.damaged(index, &damage.to_string()),
        }
        files.finished(index, &self.file.info());
        false
    }

    fn frame(&self) -> RawFrame<'_> {
        let Self { time, link, orig_len, data, .. } = self;
        RawFrame { time: *time, link: *link, orig_len: *orig_len, data }
    }

    fn read(&self) -> u64 {
        self.file.progress().read
    }
}

impl PartialEq for Next {
    fn eq(&self, other: &Self) -> bool {
        (self.time, self.index) == (other.time, other.index)
    }
}

impl Eq for Next {}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Next {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.time, self.index).cmp(&(other.time, other.index))
    }
}
