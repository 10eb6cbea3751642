//! Starting and stopping the server.

use crate::{Control, Hub};
use anomalyzer_store::Store;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

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

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub addr: SocketAddr,
    /// SHA-256 of the certificate, hex; `None` without TLS.
    pub fingerprint: Option<String>,
    /// The link to open first: logs in once (set-up, or the demonstration); without a token when
    /// there are users.
    pub link: String,
}

impl Server {
    /// Ends it: streams are closed, requests finish, at most `grace`.
    pub fn stop(self, _grace: Duration) {}

    /// A new API token with the admin role, for `--print-token`; older ones made so are ended.
    pub fn print_token(&self) -> Result<String, WebError> {
        unimplemented!()
    }
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

/// Starts the server on threads of its own.
pub fn serve(
    _options: &Options,
    _store: &Store,
    _hub: &Hub,
    _control: Arc<dyn Control>,
) -> Result<Server, WebError> {
    unimplemented!()
}
