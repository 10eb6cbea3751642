//! One browser's stream: a task that writes what the ring has for it.

use super::event::{Asked, Kinds};
use super::ring::{Next, Refused};
use super::{Hub, clock};
use crate::error::Problem;
use crate::json::stamp;
use anomalyzer_store::SourceId;
use axum::body::{Body, Bytes};
use futures_core::future::BoxFuture;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

/// A line without meaning comes this often, so that both ends see that the other is there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Users and sessions may be ended by another process, too: looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A browser that takes nothing for this long is given up.
const STALL_MAX: Duration = Duration::from_secs(30);
/// Events on their way to the connection.
const AHEAD: usize = 4;

/// How a stream knows that its session still holds.
pub(crate) struct Lease {
    /// Rings when sessions or tokens may have ended.
    pub(crate) ended: watch::Receiver<u64>,
    /// Looks whether this one still holds.
    pub(crate) holds: Box<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>,
}

/// The stream of a browser that has seen everything up to `seen`.
pub(crate) fn stream(
    hub: &Hub,
    kinds: Kinds,
    source: Option<SourceId>,
    session: (bool, i64),
    seen: Option<u64>,
    lease: Lease,
) -> Result<Body, Problem> {
    let asked = Asked { kinds, source };
    let joined = hub.lock().join(asked, session, seen);
    let (id, awake, last) = joined.map_err(|why| match why {
        Refused::Full => Problem::busy(30, "all places for live streams are taken"),
        Refused::Session => Problem::busy(30, "8 pages of yours are live already; close some"),
        Refused::Closed => Problem::busy(5, "the server is ending"),
    })?;
    let place = Place { hub: hub.clone(), id };
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::spawn(
        async move { run(&place, &awake, (seen.unwrap_or(last), last), sender, lease).await },
    );
    let body = ReceiverStream::new(receiver).map(Ok::<Bytes, Infallible>);
    Ok(Body::from_stream(body))
}

/// The place of a browser in the ring, given back however its task ends.
struct Place {
    hub: Hub,
    id: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.hub.lock().leave(self.id, clock::instant());
    }
}

async fn run(
    place: &Place,
    awake: &Arc<Notify>,
    (seen, last): (u64, u64),
    sender: mpsc::Sender<Bytes>,
    mut lease: Lease,
) {
    let now = stamp(clock::timestamp());
    // A browser that is cut off before its first event comes back with this number.
    let hello = format!("id: {seen}\nevent: hello\ndata: {{\"id\":{last},\"now\":\"{now}\"}}\n\n");
    if !send(&sender, hello.into()).await {
        return;
    }
    let mut beat = Instant::now() + HEARTBEAT;
    let mut look = Instant::now() + LOOK_EVERY;
    loop {
        // A session that has ended gets not one event more.
        let due = Instant::now() >= look;
        if due || lease.ended.has_changed().unwrap_or(true) {
            lease.ended.mark_unchanged();
            look = Instant::now() + LOOK_EVERY;
            if !(lease.holds)().await {
                return;
            }
        }
        let next = place.hub.lock().next(place.id);
        let text = match next {
            Next::Event(text) => text,
            Next::Gap(missed, at) => {
                format!("id: {at}\nevent: gap\ndata: {{\"missed\":{missed}}}\n\n").into()
            }
            Next::End => return,
            Next::Wait if Instant::now() >= beat => Bytes::from_static(b":\n\n"),
            Next::Wait => {
                tokio::select! {
                    () = awake.notified() => {}
                    _ = lease.ended.changed() => lease.ended.mark_changed(),
                    () = sender.closed() => return,
                    () = tokio::time::sleep_until(look.min(beat)) => {}
                }
                continue;
            }
        };
        beat = Instant::now() + HEARTBEAT;
        if !send(&sender, text).await {
            return;
        }
    }
}

/// False when the browser has gone, or takes nothing any more.
async fn send(sender: &mpsc::Sender<Bytes>, text: Bytes) -> bool {
    matches!(timeout(STALL_MAX, sender.send(text)).await, Ok(Ok(())))
}
