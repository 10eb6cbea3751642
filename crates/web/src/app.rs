//! All layers put together: from a request to a route and back.

use crate::route::{Route, Routes};
use crate::state::AppState;
use crate::{assets, frame, routes};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use std::sync::Arc;
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

/// Longest silence within a body.
const BODY_SILENCE: Duration = Duration::from_secs(30);

/// The whole service, and the table of its routes.
pub(crate) fn build(state: &AppState) -> (Router, Vec<Route>) {
    let mut collected = Routes::new(state.clone());
    routes::all(&mut collected);
    let (router, document, table) = collected.finish();
    let document: Arc<str> = document.to_pretty_json().unwrap_or_default().into();
    state.set_description(document);
    (layered(router.fallback(assets::serve), state), table)
}

/// What lies around every route.
pub(crate) fn layered(router: Router<AppState>, state: &AppState) -> Router {
    router
        // Limits of bodies are the guard's, by route.
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(frame::on_panic))
        .layer(RequestBodyTimeoutLayer::new(BODY_SILENCE))
        .layer(from_fn_with_state(state.clone(), frame::frame))
        .layer(CompressionLayer::new().gzip(true))
        .with_state(state.clone())
}
