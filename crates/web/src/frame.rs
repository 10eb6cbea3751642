//! What every answer gets: a request id, headers for browsers, problems as JSON, a count.
//!
//! It also refuses what no route should ever see: other hosts' names and paths with tricks in them.

use crate::error::{CONTENT_TYPE, Problem};
use crate::state::AppState;
use crate::{auth, clock, peer};
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument as _;

/// What pages may load and do: only what this server itself sends.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                   connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
                   form-action 'self'; require-trusted-types-for 'script'";

/// Headers of every answer, unless a handler set its own.
const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", CSP),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// Browsers come back by TLS only, for a year.
const HSTS: &str = "max-age=31536000";

/// Around everything: see the module.
pub(crate) async fn frame(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let begin = clock::instant();
    let id = request_id();
    let peer = peer::mark(&state, &mut request).0;
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let span = tracing::info_span!("request", %id, %method, %peer);
    let mut response = match refuse(&state, &request) {
        Some(problem) => problem.into_response(),
        None => next.run(request).instrument(span.clone()).await,
    };
    if response.status().is_client_error() || response.status().is_server_error() {
        response = problem(response, &id);
    }
    add_headers(&state, response.headers_mut(), &id);
    let took = clock::instant().saturating_duration_since(begin);
    state.requests.count(response.status(), took);
    let status = response.status().as_u16();
    span.in_scope(|| tracing::debug!(status, ?took, route = route.unwrap_or_default(), "answered"));
    response
}

/// Refuses names that are not ours, and paths that look other than they are.
fn refuse(state: &AppState, request: &Request) -> Option<Problem> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    // A request line may name a host too; both must be ours.
    let named = request.uri().authority().map(axum::http::uri::Authority::as_str);
    let known = |name: Option<&str>| name.is_some_and(|name| state.hosts.knows(name));
    if !known(host) || hosts.next().is_some() || named.is_some_and(|name| !known(Some(name))) {
        return Some(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "this server is not known by that name; add it to `web.host_names`, or use localhost \
             or an address",
        ));
    }
    is_tricky(request.uri()).then(|| Problem::missing("there is nothing here"))
}

/// Paths that another reader might take for something else. None of ours holds any of this.
fn is_tricky(uri: &Uri) -> bool {
    let path = uri.path();
    let lower = path.to_ascii_lowercase();
    let encoded =
        ["%2e", "%2f", "%5c", "%25", "%00", "%3b"].iter().any(|code| lower.contains(code));
    let dots = path.split('/').any(|segment| segment == "." || segment == "..");
    encoded || dots || path.contains("//") || path.contains([';', '\\', '\0'])
}

/// Writes the body of a refusal or failure, whoever made it.
fn problem(response: Response, id: &str) -> Response {
    let status = response.status();
    let known = response.extensions().get::<Problem>().cloned();
    let has_body = response.headers().contains_key(header::CONTENT_TYPE);
    // `/readyz` fails with words of its own.
    if known.is_none() && has_body && status == StatusCode::SERVICE_UNAVAILABLE {
        return response;
    }
    let mut problem = known.unwrap_or_else(|| Problem::new(status, words(status)));
    id.clone_into(&mut problem.instance);
    let text = serde_json::to_vec(&problem).unwrap_or_default();
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    if let Some(seconds) = problem.retry_after_s {
        parts.headers.insert(header::RETRY_AFTER, seconds.into());
    }
    if status == StatusCode::UNAUTHORIZED {
        parts.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    Response::from_parts(parts, Body::from(text))
}

/// Words for refusals of the framework, which has none for users.
fn words(status: StatusCode) -> &'static str {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => "this cannot be done with that method; see Allow",
        StatusCode::REQUEST_TIMEOUT => "the request came too slowly",
        StatusCode::PAYLOAD_TOO_LARGE => "the body is larger than is taken here",
        StatusCode::NOT_FOUND => "there is nothing here",
        _ => "the request was refused",
    }
}

fn add_headers(state: &AppState, headers: &mut HeaderMap, id: &str) {
    for (name, value) in HEADERS {
        if !headers.contains_key(*name) {
            headers.insert(*name, HeaderValue::from_static(value));
        }
    }
    if state.options.tls {
        let hsts = HeaderValue::from_static(HSTS);
        headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts);
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-request-id", id);
    }
}

fn request_id() -> String {
    // Without random bytes the request fails anyway where it matters; the id only loses its use.
    let bytes = auth::secret::bytes::<8>().unwrap_or_default();
    format!("req-{}", auth::secret::hex(&bytes))
}

/// What a panic in a handler becomes. The program goes on.
#[expect(clippy::needless_pass_by_value, reason = "as tower-http calls it")]
pub(crate) fn on_panic(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words");
    Problem::internal(&text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tricks_in_paths_are_seen() {
        for path in [
            "/api/v1/./users",
            "/api/v1/../users",
            "/api//v1/users",
            "//api/v1/users",
            "/api/v1/users;x=1",
            "/api/v1/%75sers%2f",
            "/api/v1/%2e/users",
            "/api/v1/%2E%2E/x",
            "/api/v1/users%00.css",
            "/api/v1/%252e/x",
            "/a%5cb",
            "/..",
            "/.",
        ] {
            assert!(is_tricky(&path.parse().unwrap()), "{path}");
        }
    }

    #[test]
    fn ordinary_paths_pass() {
        for path in [
            "/",
            "/api/v1/users",
            "/devices/mac:00:25:b3:bf:91:ee",
            "/assets/index-a1.js",
            "/api/v1/users/",
            "/flows?filter=a//b;c",
            "/devices/ip:fe80::1%25eth0",
        ] {
            let expected = path.contains("%25");
            assert_eq!(is_tricky(&path.parse().unwrap()), expected, "{path}");
        }
    }
}
