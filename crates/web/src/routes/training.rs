//! Training: files of records sent in, runs, and what users said of flows.

use crate::audit;
use crate::auth::Caller;
use crate::clock;
use crate::data::Page;
use crate::error::Problem;
use crate::extract::{self, Path, Query};
use crate::incoming::{Partial, display_name, receive};
use crate::models::{
    FaultItem, Guess, Job, Jobs, Preview, Request, UPLOAD_MAX, Upload, Wanted, labels,
};
use crate::route::{Routes, Rule};
use crate::state::{AppState, blocking};
use anomalyzer_learn::schema::{self, mapped::NORMAL};
use anomalyzer_learn::train::{Algorithm, FitOptions};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

pub(super) fn register(routes: &mut Routes) {
    routes.add(Rule::analyst().heavy().unhurried().body(UPLOAD_MAX), routes!(upload));
    routes.add(Rule::analyst(), routes!(remove_upload));
    routes.add(Rule::analyst(), routes!(train));
    routes.add(Rule::viewer(), routes!(jobs));
    routes.add(Rule::analyst(), routes!(cancel));
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct UploadParams {
    /// What the file is called.
    name: Option<String>,
}

/// A file of records, as far as it was looked at.
#[derive(Debug, Serialize, ToSchema)]
struct UploadItem {
    id: String,
    name: String,
    bytes: u64,
    /// Names of the columns; those of the schema when the file has none.
    columns: Vec<String>,
    /// The first 20 rows.
    preview: Vec<Vec<String>>,
    /// Which schema fits.
    guess: Guess,
    /// Rows of the beginning that cannot be read by that schema, at most 20.
    faults: Vec<FaultItem>,
    /// Lines of the file, its header included.
    rows: u64,
}

impl From<&Upload> for UploadItem {
    fn from(upload: &Upload) -> Self {
        let Preview { columns, rows, guess, faults, lines } = upload.preview.clone();
        Self {
            id: upload.id.clone(),
            name: upload.name.clone(),
            bytes: upload.bytes,
            columns,
            preview: rows,
            guess,
            faults,
            rows: lines,
        }
    }
}

/// Takes a file of labelled records in (CSV, JSON lines or a log of Zeek, at most 256 MiB; the body is the file) and says what it
/// looks like. The latest eight are kept until the program ends.
#[utoipa::path(post, path = "/api/v1/models/uploads", tag = "models", params(UploadParams),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = UploadItem), (status = 400), (status = 413)))]
async fn upload(
    State(state): State<AppState>,
    caller: Caller,
    Query(params): Query<UploadParams>,
    body: Body,
) -> Result<Json<UploadItem>, Problem> {
    let name = display_name(params.name.as_deref().unwrap_or(""), "records");
    let folder = state.models.uploads.folder().to_owned();
    let partial = blocking(&state, move |_| Partial::create(&folder)).await?;
    let bytes = receive(&state, &partial, body).await?;
    blocking(&state, move |app| {
        let preview = Preview::of(&partial.path).map_err(Problem::invalid)?;
        let path = partial.path.clone();
        let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let detail = json!({ "name": name, "bytes": bytes, "lines": preview.lines });
        audit::done(app, &caller, "model.upload", &id, detail)?;
        partial.keep();
        let upload = app.models.uploads.add(Upload { id, name, path, bytes, preview });
        Ok(Json(UploadItem::from(&*upload)))
    })
    .await
}

/// Removes a file of records. A run that learns from it goes on.
#[utoipa::path(delete, path = "/api/v1/models/uploads/{id}", tag = "models",
    params(("id" = String, Path, description = "The file's id")),
    responses((status = 204), (status = 404)))]
async fn remove_upload(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    if state.models.uploads.remove(&id) {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::missing("no such file; it may have made room for later ones"))
}

/// What to train.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Train {
    /// Id of a file that was sent in.
    upload: Option<String>,
    /// Train on the flows that users labelled; schema `flow`.
    #[serde(default)]
    labels: bool,
    /// Whose records they are.
    schema: String,
    /// Field of the schema by column of the file; by their names when absent.
    mapping: Option<BTreeMap<String, String>>,
    /// `auto` (the better of both), `gbdt`, `forest`.
    algorithm: Option<String>,
    /// Share of normal records that may be taken for attacks, above 0 and below 1; 0.03 when
    /// absent.
    fpr: Option<f64>,
    /// Seed of all random choices; 1 when absent.
    seed: Option<u64>,
}

/// Trains a model: a candidate, if all goes well. One run at a time; progress comes as events `job`.
#[utoipa::path(post, path = "/api/v1/models/train", tag = "models", request_body = Train,
    responses((status = 202, body = Job), (status = 400), (status = 429)))]
async fn train(
    State(state): State<AppState>,
    caller: Caller,
    extract::Json(body): extract::Json<Train>,
) -> Result<(StatusCode, Json<Job>), Problem> {
    blocking(&state, move |app| {
        let detail = json!({
            "upload": body.upload, "labels": body.labels, "schema": body.schema,
            "algorithm": body.algorithm, "fpr": body.fpr, "seed": body.seed,
        });
        let wanted = wanted(app, body, caller.name())?;
        let data = wanted.request.data.clone();
        audit::done(app, &caller, "model.train", &data, detail)?;
        Ok((StatusCode::ACCEPTED, Json(Jobs::submit(app, wanted)?)))
    })
    .await
}

fn wanted(app: &AppState, body: Train, actor: &str) -> Result<Wanted, Problem> {
    let fpr = body.fpr.unwrap_or(0.03);
    if !(fpr > 0.0 && fpr < 1.0) {
        return Err(Problem::field("fpr", "must be above 0 and below 1"));
    }
    let algorithm = algorithm(body.algorithm.as_deref())?;
    let options = FitOptions {
        algorithm,
        fpr,
        seed: body.seed.unwrap_or(1),
        threads: threads(),
        ..FitOptions::new(&body.schema)
    };
    let mut request = Request { options, data: String::new(), actor: actor.to_owned() };
    if body.labels {
        return on_labels(app, request, body.upload.is_some());
    }
    if schema::by_id(&body.schema).is_none() {
        return Err(Problem::field("schema", "is not known; GET models/schemas lists them"));
    }
    let Some(id) = body.upload else {
        return Err(Problem::field("upload", "is missing: send a file first, or use the labels"));
    };
    let upload =
        app.models.uploads.get(&id).ok_or_else(|| {
            Problem::field("upload", "is not there any more; send the file again")
        })?;
    request.data.clone_from(&upload.name);
    let mapping = body.mapping.unwrap_or_default();
    check(&mapping, &upload)?;
    Ok(Wanted { request, upload: Some((upload, mapping)), labels: false })
}

/// The columns that a mapping names are there.
fn check(mapping: &BTreeMap<String, String>, upload: &Upload) -> Result<(), Problem> {
    // `normal` is a word in a column and no column.
    let columns = mapping.iter().filter(|(field, _)| field.as_str() != NORMAL);
    for (field, column) in columns {
        if !upload.preview.columns.iter().any(|known| known.trim() == column.trim()) {
            let why = format!("the file has no column {column:?} for {field}");
            return Err(Problem::field("mapping", why));
        }
    }
    Ok(())
}

fn on_labels(app: &AppState, mut request: Request, both: bool) -> Result<Wanted, Problem> {
    if both || request.options.schema != labels::SCHEMA {
        let why = "labels are of flows: use schema `flow` and no file";
        return Err(Problem::field("labels", why));
    }
    let (attacks, normal) = app.store.control().label_counts()?;
    if attacks == 0 || normal == 0 {
        return Err(Problem::field(
            "labels",
            format!(
                "{attacks} flows are labelled as attacks and {normal} as normal; both are needed"
            ),
        ));
    }
    "Flows labelled by users".clone_into(&mut request.data);
    Ok(Wanted { request, upload: None, labels: true })
}

fn algorithm(name: Option<&str>) -> Result<Algorithm, Problem> {
    match name {
        None | Some("auto") => Ok(Algorithm::Auto),
        Some("gbdt") => Ok(Algorithm::Gbdt),
        Some("forest") => Ok(Algorithm::Forest),
        Some(_) => Err(Problem::field("algorithm", "must be auto, gbdt or forest")),
    }
}

/// Half of the machine: the other half watches the network.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get().div_ceil(2))
}

/// Training runs since the start, the latest first, at most 50.
#[utoipa::path(get, path = "/api/v1/models/jobs", tag = "models",
    responses((status = 200, body = Page<Job>)))]
async fn jobs(State(state): State<AppState>) -> Json<Page<Job>> {
    Json(Page::whole(state.models.jobs.list()))
}

/// Stops a training run.
#[utoipa::path(delete, path = "/api/v1/models/jobs/{id}", tag = "models",
    params(("id" = String, Path, description = "The run's id")),
    responses((status = 204), (status = 404)))]
async fn cancel(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    blocking(&state, move |app| {
        if !app.models.jobs.cancel(&id) {
            return Err(Problem::missing("no such run, or it is over"));
        }
        audit::done(app, &caller, "model.cancel", &id, json!({ "at": clock::now() }))?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
