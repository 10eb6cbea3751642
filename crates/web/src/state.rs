//! What every handler can reach, and how it runs work that blocks.

use crate::auth::cookie::CookieName;
use crate::auth::password::Hasher;
use crate::auth::throttle::Throttle;
use crate::data::Data;
use crate::error::Problem;
use crate::hosts::Hosts;
use crate::limits::Limits;
use crate::metrics::Requests;
use crate::models::Models;
use crate::{Control, Hub, Options};
use anomalyzer_store::Store;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Most requests that read or write stores at once; further ones wait.
const BLOCKING_MAX: usize = 16;
/// Most log-ins and checks of sessions at once: apart, so that heavy queries do not hold them up.
const ACCOUNTS_MAX: usize = 8;
/// Looks at once whether the sessions of open streams still hold. There may be hundreds a second, of
/// no hurry: more at once would only spread over more threads, each with memory of its own.
const LOOKS_MAX: usize = 1;
/// How long a request waits for its turn.
const TURN_MAX: Duration = Duration::from_secs(10);

/// State shared by all handlers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct AppState(Arc<App>);

/// What [`AppState`] holds.
pub(crate) struct App {
    /// The stores.
    pub(crate) store: Store,
    /// The live stream.
    pub(crate) hub: Hub,
    /// The running program.
    pub(crate) control: Arc<dyn Control>,
    /// How to serve.
    pub(crate) options: Options,
    /// Heavy requests under way.
    pub(crate) limits: Limits,
    /// What the routes of data keep in memory.
    pub(crate) data: Data,
    /// Models at work.
    pub(crate) models: Models,
    /// Answers so far.
    pub(crate) requests: Requests,
    /// Failures to log in.
    pub(crate) throttle: Throttle,
    /// Checks passwords.
    pub(crate) hasher: Hasher,
    /// Names by which this server may be called.
    pub(crate) hosts: Hosts,
    /// Rises whenever sessions or tokens may have ended; open streams then look whether theirs has.
    ended: tokio::sync::watch::Sender<u64>,
    port: std::sync::OnceLock<u16>,
    one_time: Mutex<()>,
    description: std::sync::OnceLock<Arc<str>>,
    turns: Arc<Semaphore>,
    account_turns: Arc<Semaphore>,
    look_turns: Arc<Semaphore>,
}

impl AppState {
    /// State over these parts.
    pub(crate) fn new(
        options: Options,
        store: Store,
        hub: Hub,
        control: Arc<dyn Control>,
    ) -> Result<Self, Problem> {
        Ok(Self(Arc::new(App {
            models: Models::new(&store),
            hosts: Hosts::new(&options, Arc::clone(&control)),
            store,
            hub,
            control,
            options,
            limits: Limits::default(),
            data: Data::default(),
            requests: Requests::default(),
            throttle: Throttle::default(),
            hasher: Hasher::new()?,
            ended: tokio::sync::watch::Sender::new(0),
            port: std::sync::OnceLock::new(),
            one_time: Mutex::default(),
            description: std::sync::OnceLock::new(),
            turns: Arc::new(Semaphore::new(BLOCKING_MAX)),
            account_turns: Arc::new(Semaphore::new(ACCOUNTS_MAX)),
            look_turns: Arc::new(Semaphore::new(LOOKS_MAX)),
        })))
    }
}

impl App {
    /// The port that was given; the one asked for may be 0.
    pub(crate) fn set_port(&self, port: u16) {
        // Set once, before anything is served.
        let _ = self.port.set(port);
    }

    /// The description of the API, once the routes are known.
    pub(crate) fn set_description(&self, text: Arc<str>) {
        let _ = self.description.set(text);
    }

    /// The description of the API, JSON.
    pub(crate) fn description(&self) -> Arc<str> {
        self.description.get().cloned().unwrap_or_default()
    }

    /// Held while a secret that works once is looked at and used up.
    pub(crate) fn one_time(&self) -> MutexGuard<'_, ()> {
        self.one_time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session cookie of this server.
    pub(crate) fn cookie(&self) -> CookieName {
        let port = self.port.get().copied().unwrap_or_else(|| self.options.listen.port());
        CookieName::new(self.options.tls, port)
    }

    /// Seconds after which an idle session ends, and any.
    pub(crate) fn session_times(&self) -> (i64, i64) {
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        (seconds(self.options.session_idle), seconds(self.options.session_max))
    }

    /// Sessions or tokens may have ended: open streams look whether theirs has.
    pub(crate) fn say_ended(&self) {
        self.ended.send_modify(|count| *count += 1);
    }

    /// Tells when sessions or tokens may have ended.
    pub(crate) fn ended(&self) -> tokio::sync::watch::Receiver<u64> {
        self.ended.subscribe()
    }
}

impl Deref for AppState {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}

/// Runs work that blocks (stores, [`Control`]) on a thread that may. At most 16 at once; who waits
/// longer than 10 s for his turn is told to come again.
pub(crate) async fn blocking<T: Send + 'static>(
    state: &AppState,
    work: impl FnOnce(&AppState) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    run(state, &state.turns, work).await
}

/// As [`blocking`], for log-ins and checks of sessions: these have turns of their own.
pub(crate) async fn accounts<T: Send + 'static>(
    state: &AppState,
    work: impl FnOnce(&AppState) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    run(state, &state.account_turns, work).await
}

/// As [`accounts`], for streams that look whether their session still holds.
pub(crate) async fn looks<T: Send + 'static>(
    state: &AppState,
    work: impl FnOnce(&AppState) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    run(state, &state.look_turns, work).await
}

tokio::task_local! {
    /// When the answer of the request must begin.
    static END: Instant;
}

/// Handles a request whose work on other threads has to end then, or sooner when that was said
/// already.
pub(crate) async fn until<T>(end: Instant, work: impl Future<Output = T>) -> T {
    let end = END.try_with(|sooner| end.min(*sooner)).unwrap_or(end);
    END.scope(end, work).await
}

async fn run<T: Send + 'static>(
    state: &AppState,
    turns: &Arc<Semaphore>,
    work: impl FnOnce(&AppState) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let turn = tokio::time::timeout(TURN_MAX, Arc::clone(turns).acquire_owned());
    let Ok(Ok(turn)) = turn.await else {
        return Err(Problem::busy(5, "too many requests at once; try again in some seconds"));
    };
    let state = state.clone();
    let span = tracing::Span::current();
    let end = END.try_with(|end| *end).ok();
    let done = tokio::task::spawn_blocking(move || {
        // The turn ends with the work, not with the request: a client that goes away frees nothing.
        let _turn = turn;
        span.in_scope(|| match end {
            Some(end) => {
                anomalyzer_store::within(end.saturating_duration_since(Instant::now()), || {
                    work(&state)
                })
            }
            None => work(&state),
        })
    });
    match done.await {
        Ok(result) => result,
        Err(error) => Err(Problem::internal(&error)),
    }
}
