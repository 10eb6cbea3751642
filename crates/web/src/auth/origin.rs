//! Requests that change something must come from our own pages, or from no browser at all.

use crate::error::Problem;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method};

/// True for methods that change nothing.
pub(crate) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Refuses requests of other origins. What sends neither header is no browser of today.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Problem> {
    let refused = || Problem::forbidden("this request comes from another site's page");
    let text = |name: &str| headers.get(name).map(axum::http::HeaderValue::to_str);
    match text("sec-fetch-site") {
        None | Some(Ok("same-origin" | "none")) => {}
        Some(_) => return Err(refused()),
    }
    match (text(ORIGIN.as_str()), text(HOST.as_str())) {
        (None, _) => Ok(()),
        (Some(Ok(origin)), Some(Ok(host))) if is_own(origin, host) => Ok(()),
        _ => Err(refused()),
    }
}

/// Scheme apart: a proxy in front may speak TLS where we do not.
fn is_own(origin: &str, host: &str) -> bool {
    let own = |scheme: &str, port: &str| {
        origin.strip_prefix(scheme).is_some_and(|authority| {
            let bare = |text: &str| text.strip_suffix(port).unwrap_or(text).to_ascii_lowercase();
            bare(authority) == bare(host)
        })
    };
    own("http://", ":80") || own("https://", ":443")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn check_headers(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        check(&headers).is_ok()
    }

    #[test]
    fn own_pages_and_programs_pass() {
        let host = ("host", "localhost:8080");
        assert!(check_headers(&[host]));
        assert!(check_headers(&[host, ("origin", "http://localhost:8080")]));
        assert!(check_headers(&[host, ("sec-fetch-site", "same-origin")]));
        assert!(check_headers(&[("host", "Sensor"), ("origin", "https://sensor:443")]));
        assert!(check_headers(&[("host", "sensor"), ("origin", "http://sensor")]));
    }

    #[test]
    fn other_sites_are_refused() {
        let host = ("host", "localhost:8080");
        for origin in [
            "null",
            "http://evil.test",
            "http://localhost:8081",
            "http://localhost",
            "localhost:8080",
            "file://localhost:8080",
            "http://localhost:8080.evil.test",
            "",
        ] {
            assert!(!check_headers(&[host, ("origin", origin)]), "{origin}");
        }
        for site in ["cross-site", "same-site", "", "Same-Origin"] {
            assert!(!check_headers(&[host, ("sec-fetch-site", site)]), "{site}");
        }
        assert!(!check_headers(&[("origin", "http://localhost")]));
    }
}
