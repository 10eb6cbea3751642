//! The routes. Each file registers its own in one function; a new file adds two lines here.
//!
//! A route is registered with its rule: `routes.add(Rule::analyst().heavy(), routes!(get_thing))`.
//! The guard has then checked role, CSRF and limits before the handler runs. The handler takes
//! `State<AppState>`, [`crate::auth::Caller`], and parts by [`crate::extract`]; it returns
//! `Result<_, Problem>`, and runs what blocks in [`crate::state::blocking`]. What changes something
//! is noted by [`crate::audit::done`].

mod events;
mod flows;
mod health;
mod interfaces;
mod overview;
mod series;
mod sources;
mod upload;

use crate::route::Routes;

/// Registers every route.
pub(crate) fn all(routes: &mut Routes) {
    events::register(routes);
    flows::register(routes);
    health::register(routes);
    interfaces::register(routes);
    overview::register(routes);
    series::register(routes);
    sources::register(routes);
    upload::register(routes, routes.upload_max());
}
