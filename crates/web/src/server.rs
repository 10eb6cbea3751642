//! Starting and stopping the server.

use crate::io::{Bounded, CONNECTIONS_MAX, STALL_MAX};
use crate::state::AppState;
use crate::{Control, Hub, accounts, app, tls};
use anomalyzer_store::Store;
use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Threads that serve connections; stores are read on others.
const WORKERS: usize = 2;
/// Most threads that may block: stores, log-ins, passwords.
const BLOCKING_THREADS: usize = 32;
/// Longest time for the headers of a request, and for a TLS handshake.
const HEADERS_MAX: Duration = Duration::from_secs(10);
/// Most bytes of headers.
const HEADER_BYTES_MAX: usize = 16 << 10;
/// Most headers.
const HEADER_COUNT_MAX: usize = 64;

/// How to serve.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Certificate and key (PEM); `None`: self-signed in the data directory, made when missing.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Serve TLS; by default only off loopback.
    pub tls: bool,
    /// Serve without TLS off loopback all the same: a banner says so on each page.
    pub insecure_http: bool,
    /// Further names by which browsers may call this server.
    pub host_names: Vec<String>,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// The demonstration: no set-up, and the link logs in as admin.
    pub demo: bool,
    /// Seconds after which an idle session ends (default 1,800) and after which any ends (43,200).
    pub session_idle: Duration,
    /// See `session_idle`.
    pub session_max: Duration,
    /// MMDB files with countries, cities or networks, chosen by the user.
    pub geo: Vec<PathBuf>,
    /// Most bytes of an uploaded capture. Default 2 GiB.
    pub upload_max: u64,
}

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// Not without TLS.
    #[error("{0}")]
    Refused(String),
    /// The address cannot be had, or a file cannot be read.
    #[error("{what}: {source}")]
    Io {
        /// What.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// The store says no.
    #[error(transparent)]
    Store(#[from] anomalyzer_store::StoreError),
    /// A certificate or key that does not serve.
    #[error("{0}")]
    Tls(String),
}

/// A running server.
pub struct Server {
    /// Where it listens.
    pub addr: SocketAddr,
    /// SHA-256 of the certificate, hex; `None` without TLS.
    pub fingerprint: Option<String>,
    /// The link to open first: logs in once (set-up, or the demonstration); without a token when
    /// there are users.
    pub link: String,
    state: AppState,
    handle: Handle<SocketAddr>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the link: it may hold a secret.
        f.debug_struct("Server").field("addr", &self.addr).finish_non_exhaustive()
    }
}

impl Server {
    /// Ends it: streams are closed, requests finish, at most `grace`.
    pub fn stop(mut self, grace: Duration) {
        self.state.hub.close();
        self.state.models.jobs.cancel_all();
        self.handle.graceful_shutdown(Some(grace));
        if let Some(thread) = self.thread.take() {
            // The thread ends by itself after `grace`.
            let _ = thread.join();
        }
    }

    /// A new API token with the admin role, for `--print-token`; older ones made so are ended.
    pub fn print_token(&self) -> Result<String, WebError> {
        accounts::print_token(&self.state.store)
    }
}

/// Starts the server on threads of its own.
pub fn serve(
    options: &Options,
    store: &Store,
    hub: &Hub,
    control: Arc<dyn Control>,
) -> Result<Server, WebError> {
    refuse_plain(options)?;
    let state = AppState::new(options.clone(), store.clone(), hub.clone(), control)
        .map_err(|problem| WebError::Refused(problem.detail.clone()))?;
    state.data.open_geo(&options.geo).map_err(WebError::Refused)?;
    let listener = TcpListener::bind(options.listen).map_err(|source| WebError::Io {
        what: format!("cannot listen on {}", options.listen),
        source,
    })?;
    let fault =
        |source| WebError::Io { what: format!("cannot listen on {}", options.listen), source };
    listener.set_nonblocking(true).map_err(fault)?;
    let addr = listener.local_addr().map_err(fault)?;
    state.set_port(addr.port());
    let tls = if options.tls {
        let files = tls::files(options, store.dir(), &state.hosts.all())?;
        let loaded = files.load()?;
        Some((files, loaded))
    } else {
        None
    };
    let fingerprint = tls.as_ref().map(|(_, loaded)| loaded.fingerprint.clone());
    let link = accounts::first_link(&state, addr)?;
    let handle = Handle::new();
    let thread = start(&state, listener, tls, handle.clone())?;
    Ok(Server { addr, fingerprint, link, state, handle, thread: Some(thread) })
}

/// Passwords and cookies do not go over a network in the clear, unless somebody says so.
fn refuse_plain(options: &Options) -> Result<(), WebError> {
    let ip = options.listen.ip();
    if options.tls || ip.is_loopback() || options.insecure_http {
        return Ok(());
    }
    Err(WebError::Refused(format!(
        "{ip} is not a loopback address, and TLS is off: passwords would cross the network in the \
         clear. Switch TLS on, listen on 127.0.0.1, or say --insecure-http"
    )))
}

/// The server's own threads: a runtime that lives as long as the server.
fn start(
    state: &AppState,
    listener: TcpListener,
    tls: Option<(tls::Files, tls::Loaded)>,
    handle: Handle<SocketAddr>,
) -> Result<JoinHandle<()>, WebError> {
    let fault = |source| WebError::Io { what: "cannot start the server's threads".into(), source };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_name("web")
        .enable_all()
        .build()
        .map_err(fault)?;
    let (router, _) = app::build(state);
    let served = async move {
        let result = match tls {
            Some((files, loaded)) => with_tls(listener, handle, router, files, loaded).await,
            None => plain(listener, handle, router).await,
        };
        if let Err(error) = result {
            tracing::error!(%error, "the server has ended");
        }
    };
    let run = move || {
        runtime.block_on(served);
        runtime.shutdown_timeout(Duration::from_secs(1));
    };
    std::thread::Builder::new().name("web-main".into()).spawn(run).map_err(fault)
}

async fn plain(
    listener: TcpListener,
    handle: Handle<SocketAddr>,
    router: Router,
) -> std::io::Result<()> {
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(Bounded::new(CONNECTIONS_MAX, STALL_MAX))
        .handle(handle)
        .http1_only();
    limit(server.http_builder());
    server.serve(router.into_make_service_with_connect_info::<SocketAddr>()).await
}

async fn with_tls(
    listener: TcpListener,
    handle: Handle<SocketAddr>,
    router: Router,
    files: tls::Files,
    loaded: tls::Loaded,
) -> std::io::Result<()> {
    let config = RustlsConfig::from_config(loaded.config);
    tokio::spawn(files.watch(config.clone()));
    let acceptor = RustlsAcceptor::new(config)
        .handshake_timeout(HEADERS_MAX)
        .acceptor(Bounded::new(CONNECTIONS_MAX, STALL_MAX));
    let mut server =
        axum_server::from_tcp(listener)?.acceptor(acceptor).handle(handle).http1_only();
    limit(server.http_builder());
    server.serve(router.into_make_service_with_connect_info::<SocketAddr>()).await
}

/// Headers come within 10 s and 16 KiB, or not at all.
fn limit(builder: &mut Builder<TokioExecutor>) {
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .max_headers(HEADER_COUNT_MAX);
}
