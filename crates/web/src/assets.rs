//! The console's files, built into the program.

use crate::error::Problem;
use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

/// Files as `build.rs` laid them out: each, and its `.gz` where that is smaller.
#[derive(RustEmbed)]
#[folder = "$OUT_DIR/console"]
struct Files;

/// Answers everything that no route took: a file, or the console's page for its own routes.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) || is_api(uri.path()) {
        return Problem::missing("there is nothing here").into_response();
    }
    let path = uri.path().trim_start_matches('/');
    let name = path.rsplit('/').next().unwrap_or("");
    let found = if path.is_empty() { None } else { file(path, &headers) };
    match found {
        Some(response) => response,
        // A file that is not there is missing; anything else is a route of the console.
        None if has_extension(name) => Problem::missing("there is no such file").into_response(),
        None => index(&headers),
    }
}

/// The console's page.
pub(crate) fn index(headers: &HeaderMap) -> Response {
    file("index.html", headers)
        .unwrap_or_else(|| Problem::missing("the console is not in this build").into_response())
}

/// What belongs to the API is never answered with a page, however it is written.
fn is_api(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or("");
    ["api", "metrics", "healthz", "readyz"].iter().any(|name| first.eq_ignore_ascii_case(name))
}

/// `index-a1b2.js` has one; `mac:00:25`, `10.0.0.1` and `flows` have none.
fn has_extension(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        let letters = extension.chars().all(|c| c.is_ascii_alphanumeric());
        let has_letter = extension.starts_with(|c: char| c.is_ascii_alphabetic());
        !stem.is_empty() && (1..=5).contains(&extension.len()) && letters && has_letter
    }) && !name.contains(':')
}

fn file(path: &str, headers: &HeaderMap) -> Option<Response> {
    // Names are ours, in lower case.
    if path.strip_suffix(".gz").is_some() {
        return None;
    }
    let plain = Files::get(path)?;
    let zipped = if takes_gzip(headers) { Files::get(&format!("{path}.gz")) } else { None };
    let is_zipped = zipped.is_some();
    let chosen = zipped.unwrap_or(plain);
    let tag = format!("\"{}\"", &crate::auth::secret::hex(&chosen.metadata.sha256_hash())[..32]);
    let unchanged =
        headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let hashed = path.starts_with("assets/");
    let cache = if hashed { "public, max-age=31536000, immutable" } else { "no-store" };
    let status = if unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let mut response = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, content_type(path))
        .header(CACHE_CONTROL, cache)
        .header(VARY, ACCEPT_ENCODING)
        .header(ETAG, tag);
    if is_zipped {
        response = response.header(CONTENT_ENCODING, "gzip");
    }
    let body = if unchanged { Body::empty() } else { Body::from(chosen.data) };
    response.body(body).ok()
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(weight.trim(), "q=0" | "q=0.0")
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or("") {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_routes_are_told_apart() {
        for name in ["index-a1.js", "favicon.ico", "font.woff2", "x.css"] {
            assert!(has_extension(name), "{name}");
        }
        for name in ["flows", "mac:00:25:b3:bf:91:ee", "ip:10.0.0.1", "10.0.0.1", "", ".env1"] {
            assert!(!has_extension(name), "{name}");
        }
    }

    #[test]
    fn the_page_is_always_there() {
        let response = index(&HeaderMap::new());
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    }
}
