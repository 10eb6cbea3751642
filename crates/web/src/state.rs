//! What every handler can reach, and how it runs work that blocks.

use crate::data::Data;
use crate::error::Problem;
use crate::limits::Limits;
use crate::{Control, Hub, Options};
use anomalyzer_store::Store;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Most requests that read or write stores at once; further ones wait.
const BLOCKING_MAX: usize = 16;
/// Most log-ins and checks of sessions at once: apart, so that heavy queries do not hold them up.
const ACCOUNTS_MAX: usize = 8;
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
    /// Counters and limits of callers.
    pub(crate) limits: Limits,
    /// What the routes of data keep in memory.
    pub(crate) data: Data,
    turns: Arc<Semaphore>,
    account_turns: Arc<Semaphore>,
}

impl AppState {
    /// State over these parts.
    pub(crate) fn new(options: Options, store: Store, hub: Hub, control: Arc<dyn Control>) -> Self {
        Self(Arc::new(App {
            store,
            hub,
            control,
            options,
            limits: Limits::default(),
            data: Data::default(),
            turns: Arc::new(Semaphore::new(BLOCKING_MAX)),
            account_turns: Arc::new(Semaphore::new(ACCOUNTS_MAX)),
        }))
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
    let done = tokio::task::spawn_blocking(move || {
        // The turn ends with the work, not with the request: a client that goes away frees nothing.
        let _turn = turn;
        span.in_scope(|| work(&state))
    });
    match done.await {
        Ok(result) => result,
        Err(error) => Err(Problem::internal(&error)),
    }
}
