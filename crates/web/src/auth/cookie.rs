//! The cookie with a session's secret.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use cookie::{Cookie, SameSite};
use std::time::Duration;

/// How this server names its cookie. With TLS the name itself keeps other hosts and plain HTTP from
/// setting it. The port is part of it: browsers share cookies between the ports of a host.
#[derive(Clone, Debug)]
pub(crate) struct CookieName {
    name: String,
    secure: bool,
}

impl CookieName {
    /// For a server with or without TLS on this port.
    pub(crate) fn new(tls: bool, port: u16) -> Self {
        let prefix = if tls { "__Host-" } else { "" };
        Self { name: format!("{prefix}anomalyzer-{port}"), secure: tls }
    }

    /// The secret in a request, when there is exactly one cookie of this name.
    pub(crate) fn find(&self, headers: &HeaderMap) -> Option<String> {
        let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut found = texts
            .flat_map(|text| Cookie::split_parse(text.to_owned()))
            .filter_map(Result::ok)
            .filter(|cookie| cookie.name() == self.name);
        let first = found.next()?;
        found.next().is_none().then(|| first.value().to_owned())
    }

    /// Sets the secret for at most this time.
    pub(crate) fn set(&self, secret: &str, max: Duration) -> Option<HeaderValue> {
        let seconds = i64::try_from(max.as_secs()).unwrap_or(i64::MAX);
        self.header(secret, seconds)
    }

    /// Removes it.
    pub(crate) fn clear(&self) -> Option<HeaderValue> {
        self.header("", 0)
    }

    fn header(&self, value: &str, seconds: i64) -> Option<HeaderValue> {
        let cookie = Cookie::build((self.name.clone(), value.to_owned()))
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Strict)
            .max_age(cookie::time::Duration::seconds(seconds))
            .build();
        HeaderValue::from_str(&cookie.to_string()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(cookies: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for text in cookies {
            headers.append(COOKIE, HeaderValue::from_static(text));
        }
        CookieName::new(false, 8080).find(&headers)
    }

    #[test]
    fn the_cookie_is_bound_to_this_server() {
        let set = |tls| CookieName::new(tls, 8443).set("ab", Duration::from_mins(1)).unwrap();
        assert_eq!(
            set(true),
            "__Host-anomalyzer-8443=ab; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=60"
        );
        assert_eq!(set(false), "anomalyzer-8443=ab; HttpOnly; SameSite=Strict; Path=/; Max-Age=60");
    }

    #[test]
    fn only_one_cookie_of_the_name_counts() {
        assert_eq!(found(&["a=1; anomalyzer-8080=x; b=2"]).as_deref(), Some("x"));
        assert_eq!(found(&["anomalyzer-8081=x"]), None);
        assert_eq!(found(&["anomalyzer-8080=x; anomalyzer-8080=y"]), None);
        assert_eq!(found(&["anomalyzer-8080=x", "anomalyzer-8080=y"]), None);
        assert_eq!(found(&["; =;;;", "anomalyzer-8080=x"]).as_deref(), Some("x"));
    }
}
