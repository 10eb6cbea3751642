//! Limits of bodies and of heavy requests. Every table here is bounded.

use crate::error::Problem;
use axum::body::Body;
use axum::http::header::CONTENT_LENGTH;
use axum::http::{Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Most heavy requests of one user at once.
const HEAVY_MAX: u32 = 4;

/// Heavy requests under way, by user. Bounded by the number of users who have one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    heavy: Arc<Mutex<HashMap<i64, u32>>>,
}

impl Limits {
    /// A place for a heavy request of this user, until it is dropped.
    pub(crate) fn heavy(&self, user: i64) -> Result<Heavy, Problem> {
        let mut running = self.heavy.lock().unwrap_or_else(PoisonError::into_inner);
        let count = running.entry(user).or_default();
        if *count >= HEAVY_MAX {
            return Err(Problem::busy(
                2,
                format!("{HEAVY_MAX} large requests of yours are running; wait for one to end"),
            ));
        }
        *count += 1;
        Ok(Heavy { limits: self.clone(), user })
    }

    /// Heavy requests of this user now.
    #[cfg(test)]
    pub(crate) fn running(&self, user: i64) -> u32 {
        let running = self.heavy.lock().unwrap_or_else(PoisonError::into_inner);
        running.get(&user).copied().unwrap_or(0)
    }
}

/// The place of a heavy request.
#[derive(Debug)]
pub(crate) struct Heavy {
    limits: Limits,
    user: i64,
}

impl Drop for Heavy {
    fn drop(&mut self) {
        let mut running = self.limits.heavy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.user);
            }
        }
    }
}

impl Heavy {
    /// Keeps the place until the answer has been sent: an export is heavy to its last byte.
    pub(crate) fn hold(self, response: Response<Body>) -> Response<Body> {
        response.map(|body| {
            Body::new(body.map_frame(move |frame| {
                let _ = &self;
                frame
            }))
        })
    }
}

/// Puts a limit around the body; a body that says itself to be larger is refused before it is read.
pub(crate) fn limit_body(request: Request<Body>, max: u64) -> Result<Request<Body>, Problem> {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|v| v.to_str().ok());
    if length.and_then(|text| text.parse::<u64>().ok()).is_some_and(|length| length > max) {
        return Err(Problem::too_large(max));
    }
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    Ok(request.map(|body| Body::new(Limited::new(body, max).map_err(axum::Error::new))))
}

/// What to tell when a body cannot be read: too large, too slow, or broken off.
pub(crate) fn body_problem(error: &(dyn std::error::Error + 'static)) -> Problem {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return Problem::new(
                axum::http::StatusCode::PAYLOAD_TOO_LARGE,
                "the body is larger than is taken here",
            );
        }
        cause = error.source();
    }
    Problem::invalid("the body could not be read to its end")
}
