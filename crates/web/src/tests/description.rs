//! The description of the API is complete, and as it is committed.

use super::access::golden;
use super::fixture::{Ask, Site};
use serde_json::Value;

#[tokio::test]
async fn the_description_is_as_committed() {
    let site = Site::new();
    let told = site.ask(Ask::get("/api/openapi.json")).await;
    assert_eq!(told.status, 200);
    golden("docs/openapi.json", &(told.text() + "\n"));
}

#[tokio::test]
async fn every_route_is_described() {
    let site = Site::new();
    let document = site.ask(Ask::get("/api/openapi.json")).await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = std::collections::HashSet::new();
    for route in &site.table {
        let operation = &document["paths"][&route.path][route.method.to_lowercase()];
        let place = format!("{} {}", route.method, route.path);
        let text = operation["description"].as_str().unwrap_or("");
        assert!(text.contains(&format!("Least role: {}.", route.rule.role_name())), "{place}");
        let summary = operation["summary"].as_str().unwrap_or("");
        assert!(!summary.is_empty(), "{place} says nothing of itself");
        let name = operation["operationId"].as_str().unwrap_or("").to_owned();
        assert!(names.insert(name.clone()), "{place}: two operations are called {name}");
    }
    let mut missing = Vec::new();
    references(&document, &document, &mut missing);
    assert!(missing.is_empty(), "no such schema: {missing:?}");
}

/// Collects references that lead nowhere.
fn references(document: &Value, value: &Value, missing: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(target) = fields.get("$ref").and_then(Value::as_str)
                && document.pointer(target.trim_start_matches('#')).is_none()
            {
                missing.push(target.to_owned());
            }
            fields.values().for_each(|field| references(document, field, missing));
        }
        Value::Array(items) => items.iter().for_each(|item| references(document, item, missing)),
        _ => {}
    }
}
