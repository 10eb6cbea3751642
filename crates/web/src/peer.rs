//! Where a request comes from.

use crate::state::AppState;
use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Most hops of `X-Forwarded-For` that are looked at.
const HOPS_MAX: usize = 16;

/// Address of who sent a request, seen through trusted proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl Peer {
    /// As [`mark`] noted it.
    pub(crate) fn of(request: &Request) -> Self {
        request.extensions().get::<Self>().copied().unwrap_or(UNKNOWN)
    }
}

/// Nobody noted an address: belongs to no network, and is limited like one address.
const UNKNOWN: Peer = Peer(IpAddr::V4(Ipv4Addr::UNSPECIFIED));

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(UNKNOWN))
    }
}

/// Notes the peer of a request.
pub(crate) fn mark(state: &AppState, request: &mut Request) -> Peer {
    let socket = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let peer = match socket {
        Some(socket) => Peer(through(&state.options.trusted_proxies, socket, request.headers())),
        None => UNKNOWN,
    };
    request.extensions_mut().insert(peer);
    peer
}

/// The last address of `X-Forwarded-For` that no trusted proxy has; anything before it is only what
/// somebody claims.
fn through(trusted: &[IpAddr], socket: IpAddr, headers: &HeaderMap) -> IpAddr {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|proxy| proxy.to_canonical() == ip);
    let mut peer = socket.to_canonical();
    let values: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok()).collect();
    let hops = values.iter().rev().flat_map(|value| value.rsplit(','));
    for hop in hops.take(HOPS_MAX) {
        if !is_trusted(peer) {
            break;
        }
        let Ok(ip) = hop.trim().parse::<IpAddr>() else { break };
        peer = ip.to_canonical();
    }
    peer
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn check(socket: &str, forwarded: &[&'static str], expected: &str) {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_static(value));
        }
        let trusted = ["10.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
        let peer = through(&trusted, socket.parse().unwrap(), &headers);
        assert_eq!(peer, expected.parse::<IpAddr>().unwrap(), "{socket} {forwarded:?}");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        check("192.0.2.1", &["198.51.100.1"], "192.0.2.1");
        check("10.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check("10.0.0.1", &["203.0.113.9, 198.51.100.1"], "198.51.100.1");
        check("10.0.0.1", &["203.0.113.9", "198.51.100.1, ::1"], "198.51.100.1");
        check("10.0.0.1", &["198.51.100.1, nonsense"], "10.0.0.1");
        check("10.0.0.1", &[], "10.0.0.1");
    }
}
