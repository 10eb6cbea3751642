//! The routes. Each file registers its own in one function; a new file adds two lines here.
//!
//! A route is registered with its rule: `routes.add(Rule::analyst().heavy(), routes!(get_thing))`.
//! The guard has then checked role, CSRF and limits before the handler runs. The handler takes
//! `State<AppState>`, [`crate::auth::Caller`], and parts by [`crate::extract`]; it returns
//! `Result<_, Problem>`, and runs what blocks in [`crate::state::blocking`]. What changes something
//! is noted by [`crate::audit::done`].

mod alerts;
mod backup;
mod devices;
mod events;
mod evidence;
mod exports;
mod flows;
mod health;
mod interfaces;
mod labels;
mod lists;
mod logs;
mod me;
mod metrics;
mod models;
mod overview;
mod predict;
pub(crate) mod program;
mod reports;
mod retention;
mod search;
mod series;
mod session;
mod settings;
mod setup;
mod sources;
mod suppressions;
mod tokens;
mod trail;
mod training;
mod upload;
mod users;

use crate::route::Routes;

/// Registers every route.
pub(crate) fn all(routes: &mut Routes) {
    alerts::register(routes);
    backup::register(routes);
    devices::register(routes);
    events::register(routes);
    evidence::register(routes);
    exports::register(routes);
    flows::register(routes);
    health::register(routes);
    interfaces::register(routes);
    labels::register(routes);
    lists::register(routes);
    logs::register(routes);
    me::register(routes);
    metrics::register(routes);
    models::register(routes);
    overview::register(routes);
    predict::register(routes);
    program::register(routes);
    reports::register(routes);
    retention::register(routes);
    search::register(routes);
    series::register(routes);
    session::register(routes);
    settings::register(routes);
    setup::register(routes);
    sources::register(routes);
    suppressions::register(routes);
    tokens::register(routes);
    trail::register(routes);
    training::register(routes);
    upload::register(routes, routes.upload_max());
    users::register(routes);
}
