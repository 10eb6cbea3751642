//! The audit trail.

use crate::data::Page;
use crate::error::Problem;
use crate::extract::Query;
use crate::json::seconds;
use crate::route::{Routes, Rule};
use crate::state::{AppState, accounts};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

/// Most entries of a page.
const LIMIT_MAX: usize = 1_000;
const LIMIT: usize = 100;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::admin(), routes!(list));
    routes.add(Rule::admin().heavy().unhurried(), routes!(verify));
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Entries below this number.
    before: Option<i64>,
    /// With these words somewhere in them.
    text: Option<String>,
    /// Most entries, 1 to 1,000; default 100.
    limit: Option<usize>,
}

/// An entry of the audit trail.
#[derive(Serialize, ToSchema)]
struct Entry {
    /// Number, from 1, without gaps.
    id: i64,
    at: String,
    actor: String,
    /// Address of the peer; empty for the program itself.
    peer: String,
    action: String,
    target: String,
    /// Before and after, JSON.
    detail: String,
    /// `ok`, or why it was refused.
    result: String,
    /// SHA-256 over this entry and the hash before.
    hash: String,
}

/// Whether the trail is whole.
#[derive(Serialize, ToSchema)]
struct Verdict {
    ok: bool,
    /// Entries that fit.
    entries: u64,
    /// The first that does not fit.
    broken_at: Option<i64>,
}

/// Entries, latest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "users", params(Params),
    responses((status = 200, body = Page<Entry>)))]
async fn list(
    State(state): State<AppState>,
    Query(params): Query<Params>,
) -> Result<Json<Page<Entry>>, Problem> {
    let limit = params.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::field("limit", format!("must be 1 to {LIMIT_MAX}")));
    }
    accounts(&state, move |app| {
        let found =
            app.store.control().audit_entries(params.before, params.text.as_deref(), limit)?;
        let full = found.len() == limit;
        let next = found.last().filter(|last| full && last.id > 1).map(|last| last.id.to_string());
        let items = found.into_iter().map(|entry| Entry {
            id: entry.id,
            at: seconds(entry.at),
            actor: entry.actor,
            peer: entry.peer,
            action: entry.action,
            target: entry.target,
            detail: entry.detail,
            result: entry.result,
            hash: entry.hash,
        });
        Ok(Json(Page { items: items.collect(), next, total: None }))
    })
    .await
}

/// Verifies the chain of hashes over all entries.
#[utoipa::path(get, path = "/api/v1/audit/verify", tag = "users",
    responses((status = 200, body = Verdict)))]
async fn verify(State(state): State<AppState>) -> Result<Json<Verdict>, Problem> {
    accounts(&state, |app| {
        Ok(Json(match app.store.control().verify_audit()? {
            Ok(entries) => Verdict { ok: true, entries, broken_at: None },
            Err(id) => {
                let entries = u64::try_from(id - 1).unwrap_or(0);
                Verdict { ok: false, entries, broken_at: Some(id) }
            }
        }))
    })
    .await
}
