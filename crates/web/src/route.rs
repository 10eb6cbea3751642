//! The table of routes: each route is registered together with its rule, and nothing is reachable
//! without one. Documentation, the matrix of rights and the tests are made from the table.

use crate::auth::guard;
use crate::state::AppState;
use anomalyzer_store::control::Role;
use axum::middleware::from_fn_with_state;
use std::time::Duration;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter, UtoipaMethodRouterExt};

/// Most bytes of a body, where a route says nothing else.
pub(crate) const BODY_MAX: u64 = 1 << 20;
/// Most bytes of a log-in.
pub(crate) const LOGIN_MAX: u64 = 4 << 10;
/// Most bytes of an edited document; threat lists are long.
pub(crate) const DOCUMENT_MAX: u64 = 64 << 20;

/// How long a heavy route may take until its answer begins.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Who may call a route, and what it may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Least role; `None`: anybody, without log-in.
    pub(crate) least: Option<Role>,
    /// The password must have been entered within the last five minutes.
    pub(crate) confirm: bool,
    /// Most bytes of the body.
    pub(crate) body_max: u64,
    /// Counts against the four heavy requests that a user may have at once.
    pub(crate) heavy: bool,
    /// Must begin its answer within [`ANSWER_MAX`]; what it asks of the stores is stopped then.
    pub(crate) hurried: bool,
    /// The path is a page of the console too: who asks for no JSON gets that.
    pub(crate) page: bool,
}

impl Rule {
    const fn of(least: Option<Role>) -> Self {
        Self {
            least,
            confirm: false,
            body_max: BODY_MAX,
            heavy: false,
            hurried: false,
            page: false,
        }
    }

    /// For anybody.
    pub(crate) const fn public() -> Self {
        Self::of(None)
    }

    /// For everybody who is logged in.
    pub(crate) const fn viewer() -> Self {
        Self::of(Some(Role::Viewer))
    }

    /// For analysts and admins.
    pub(crate) const fn analyst() -> Self {
        Self::of(Some(Role::Analyst))
    }

    /// For admins.
    pub(crate) const fn admin() -> Self {
        Self::of(Some(Role::Admin))
    }

    /// Only soon after the password was entered.
    pub(crate) const fn confirmed(self) -> Self {
        Self { confirm: true, ..self }
    }

    /// With this limit of the body in bytes.
    pub(crate) const fn body(self, max: u64) -> Self {
        Self { body_max: max, ..self }
    }

    /// Costly: at most four at once for each user, and at most 10 s until the answer begins.
    pub(crate) const fn heavy(self) -> Self {
        Self { heavy: true, hurried: true, ..self }
    }

    /// However long it takes: work that is bounded by what is given to it.
    pub(crate) const fn unhurried(self) -> Self {
        Self { hurried: false, ..self }
    }

    /// A page of the console has the same path.
    pub(crate) const fn or_page(self) -> Self {
        Self { page: true, ..self }
    }

    /// The least role in words.
    pub(crate) const fn role_name(&self) -> &'static str {
        match self.least {
            Some(role) => role.name(),
            None => "public",
        }
    }
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// `GET`, `POST`...
    pub(crate) method: &'static str,
    /// Path with parameters in braces.
    pub(crate) path: String,
    /// Its rule.
    pub(crate) rule: Rule,
}

/// Collects routes with their rules.
pub(crate) struct Routes {
    state: AppState,
    router: OpenApiRouter<AppState>,
    table: Vec<Route>,
}

impl Routes {
    /// An empty table.
    pub(crate) fn new(state: AppState) -> Self {
        let router = OpenApiRouter::with_openapi(crate::openapi::document());
        Self { state, router, table: Vec::new() }
    }

    /// Most bytes of an uploaded capture.
    pub(crate) fn upload_max(&self) -> u64 {
        self.state.options.upload_max
    }

    /// Registers handlers (`routes!(get_thing, put_thing)`, all of one path) under a rule.
    pub(crate) fn add(&mut self, rule: Rule, route: UtoipaMethodRouter<AppState>) {
        let (schemas, mut paths, methods) = route;
        for (path, item) in &mut paths.paths {
            for (method, operation) in operations(item) {
                crate::openapi::describe(operation, method, path, rule);
                self.table.push(Route { method, path: path.clone(), rule });
            }
        }
        let guarded = (schemas, paths, methods)
            .layer(from_fn_with_state((self.state.clone(), rule), guard::guard));
        let router = std::mem::take(&mut self.router);
        self.router = router.routes(guarded);
    }

    /// The router, its documentation, and the table sorted by path.
    pub(crate) fn finish(self) -> (axum::Router<AppState>, OpenApi, Vec<Route>) {
        let (router, document) = self.router.split_for_parts();
        let mut table = self.table;
        table.sort_by(|a, b| (&a.path, a.method).cmp(&(&b.path, b.method)));
        (router, document, table)
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let slots = [
        ("GET", &mut item.get),
        ("PUT", &mut item.put),
        ("POST", &mut item.post),
        ("DELETE", &mut item.delete),
        ("PATCH", &mut item.patch),
    ];
    slots.into_iter().filter_map(|(method, slot)| slot.as_mut().map(|o| (method, o)))
}
