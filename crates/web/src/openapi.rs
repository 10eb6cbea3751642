//! The description of the API, made from the handlers.

use crate::error::{CONTENT_TYPE, Details, FieldError};
use crate::route::Rule;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};

/// The document without routes.
pub(crate) fn document() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Anomalyzer")
        .version("1")
        .description(Some(
            "Everything the console does. Log in by cookie (POST /api/v1/session) or send \
             `Authorization: Bearer TOKEN`.",
        ))
        .build();
    let components = utoipa::openapi::ComponentsBuilder::new()
        .schema(Details::name(), Details::schema())
        .schema(FieldError::name(), FieldError::schema())
        .build();
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

/// Adds to an operation what its rule says: who may call it, and what refusals look like.
/// Its name is made of method and path, which no two operations share.
pub(crate) fn describe(operation: &mut Operation, method: &str, path: &str, rule: Rule) {
    let (kind, rest) = match path.strip_prefix("/api/v1/") {
        Some(rest) => ("", rest),
        None => ("plain_", path),
    };
    let words = rest.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    operation.operation_id = Some(format!("{}_{kind}{}", method.to_lowercase(), words.join("_")));
    let mut notes = vec![format!("Least role: {}.", rule.role_name())];
    if rule.confirm {
        notes.push("Needs the password entered within the last 5 minutes.".into());
    }
    if rule.heavy {
        notes.push("Heavy: at most 4 at once for each user.".into());
    }
    if rule.hurried {
        notes.push("Stopped with 504 when it takes longer than 10 s.".into());
    }
    let notes = notes.join(" ");
    operation.description = Some(match operation.description.take() {
        Some(text) => format!("{text}\n\n{notes}"),
        None => notes,
    });
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("HttpProblem"))).build();
    let response = ResponseBuilder::new()
        .description("Refused or failed (RFC 9457)")
        .content(CONTENT_TYPE, problem)
        .build();
    operation.responses.responses.insert("default".into(), RefOr::T(response));
}
