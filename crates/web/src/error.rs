//! What a client is told when something is refused or fails: a problem of RFC 9457.
//!
//! A handler returns a [`Problem`]; [`crate::frame`] adds the request's id and writes the body, so
//! that refusals of the framework look the same. What only the operator may know goes to the log.

use crate::control::Refusal;
use anomalyzer_store::StoreError;
use anomalyzer_store::filter::FilterError;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::ops::{Deref, DerefMut};
use utoipa::ToSchema;

/// The media type of problems.
pub(crate) const CONTENT_TYPE: &str = "application/problem+json";

/// A field of a request that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Name of the field.
    pub(crate) field: String,
    /// What is wrong with it, and what would be right.
    pub(crate) message: String,
}

/// Why a request was not answered as asked. In a box: results are moved about much, and are
/// rarely problems.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Problem(Box<Details>);

impl Deref for Problem {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl DerefMut for Problem {
    fn deref_mut(&mut self) -> &mut Details {
        &mut self.0
    }
}

/// What is told of a problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = HttpProblem)]
pub(crate) struct Details {
    /// Which kind: `urn:anomalyzer:login`, `confirm`, `role`, `filter`, `conflict`, `busy`, or
    /// `about:blank`.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// The status in words.
    pub(crate) title: &'static str,
    /// HTTP status.
    pub(crate) status: u16,
    /// What was wrong, where, what to do.
    pub(crate) detail: String,
    /// The request's id, also in the log.
    pub(crate) instance: String,
    /// Where: a settings key, a line of a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<String>,
    /// Of a filter: first byte of what was not understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start: Option<usize>,
    /// Of a filter: the byte behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end: Option<usize>,
    /// Fields that were refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldError>,
    /// Seconds after which to try again.
    #[serde(skip)]
    pub(crate) retry_after_s: Option<u64>,
}

impl Problem {
    /// A problem of no special kind.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            instance: String::new(),
            place: None,
            start: None,
            end: None,
            errors: Vec::new(),
            retry_after_s: None,
        }))
    }

    fn of_kind(kind: &'static str, status: StatusCode, detail: impl Into<String>) -> Self {
        let mut problem = Self::new(status, detail);
        problem.kind = kind;
        problem
    }

    /// 400: the request makes no sense; `detail` says what would.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 400: one field of the request makes no sense.
    pub(crate) fn field(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let errors = vec![FieldError { field: field.to_owned(), message: message.clone() }];
        let mut problem = Self::invalid(format!("{field}: {message}"));
        problem.errors = errors;
        problem
    }

    /// 401: nobody is logged in.
    pub(crate) fn login(detail: impl Into<String>) -> Self {
        Self::of_kind("urn:anomalyzer:login", StatusCode::UNAUTHORIZED, detail)
    }

    /// 403: the password must be entered again.
    pub(crate) fn confirm() -> Self {
        Self::of_kind(
            "urn:anomalyzer:confirm",
            StatusCode::FORBIDDEN,
            "enter your password again, then repeat this",
        )
    }

    /// 403: not with this role.
    pub(crate) fn role(detail: impl Into<String>) -> Self {
        Self::of_kind("urn:anomalyzer:role", StatusCode::FORBIDDEN, detail)
    }

    /// 403 for other reasons than the role.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// 404.
    pub(crate) fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 409: somebody else changed it in between.
    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::of_kind("urn:anomalyzer:conflict", StatusCode::CONFLICT, detail)
    }

    /// 413, with the limit in words.
    pub(crate) fn too_large(max: u64) -> Self {
        let detail = format!("the body is larger than {max} bytes, the most that is taken here");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// 429: too much at once; try again after some seconds.
    pub(crate) fn busy(after_s: u64, detail: impl Into<String>) -> Self {
        let status = StatusCode::TOO_MANY_REQUESTS;
        let mut problem = Self::of_kind("urn:anomalyzer:busy", status, detail);
        problem.retry_after_s = Some(after_s);
        problem
    }

    /// 504: it took too long and was stopped; `detail` says how to ask for less.
    pub(crate) fn slow(detail: impl Into<String>) -> Self {
        Self::of_kind("urn:anomalyzer:slow", StatusCode::GATEWAY_TIMEOUT, detail)
    }

    /// 500. The reason goes to the log, with the request's id; the client learns only the id.
    pub(crate) fn internal(reason: &dyn std::fmt::Display) -> Self {
        tracing::error!(%reason, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "something failed inside; the log says more under this request's id",
        )
    }

    /// The status.
    pub(crate) fn code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Missing(_) => Self::missing(error.to_string()),
            StoreError::Conflict(_) => Self::conflict(error.to_string()),
            StoreError::Invalid(_) | StoreError::Limit(_) => Self::invalid(error.to_string()),
            StoreError::Slow(_) => Self::slow(error.to_string()),
            StoreError::Full(reason) => {
                tracing::error!(%reason, "the store is full");
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "the disk is full: nothing can be kept")
            }
            _ => Self::internal(&error),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = if refusal.missing { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
        let mut problem = Self::new(status, refusal.message);
        problem.place = refusal.place;
        problem
    }
}

impl From<FilterError> for Problem {
    fn from(error: FilterError) -> Self {
        let status = StatusCode::BAD_REQUEST;
        let mut problem = Self::of_kind("urn:anomalyzer:filter", status, error.message);
        (problem.start, problem.end) = (Some(error.start), Some(error.end));
        problem
    }
}
