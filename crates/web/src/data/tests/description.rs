//! The description of the API holds for real answers: no field that it does not know, none that it
//! promises and that is missing.

use super::site::{ALL, MADE, Site};
use serde_json::{Map, Value};

struct Description(Value);

impl Description {
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(path) => {
                let found = self.0.pointer(path.trim_start_matches('#'));
                self.resolve(found.unwrap_or_else(|| panic!("{path} is not described")))
            }
            None => schema,
        }
    }

    /// All fields of an object and the names of those that must be there.
    fn fields<'a>(&'a self, schema: &'a Value, into: &mut (Map<String, Value>, Vec<String>)) {
        let schema = self.resolve(schema);
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.fields(part, into);
        }
        into.0.extend(schema["properties"].as_object().cloned().unwrap_or_default());
        let required = schema["required"].as_array().into_iter().flatten();
        into.1.extend(required.filter_map(|name| name.as_str().map(str::to_owned)));
    }

    /// What is wrong with a value; empty when it fits.
    fn check(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let schema = self.resolve(schema);
        for choice in ["oneOf", "anyOf"] {
            if let Some(choices) = schema[choice].as_array() {
                let faults: Vec<_> = choices.iter().map(|c| self.check(c, value, at)).collect();
                let best = faults.into_iter().min_by_key(Vec::len);
                return best.unwrap_or_default();
            }
        }
        if let Some(fault) = wrong_type(schema, value) {
            return vec![format!("{at}: {fault}")];
        }
        match value {
            Value::Object(object) => self.check_object(schema, object, at),
            Value::Array(list) if schema["items"].is_object() => list
                .iter()
                .enumerate()
                .flat_map(|(i, item)| self.check(&schema["items"], item, &format!("{at}[{i}]")))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn check_object(&self, schema: &Value, object: &Map<String, Value>, at: &str) -> Vec<String> {
        let mut known = (Map::new(), Vec::new());
        self.fields(schema, &mut known);
        let (fields, required) = known;
        if fields.is_empty() {
            let inner = &schema["additionalProperties"];
            let each = object.iter().filter(|_| inner.is_object());
            return each.flat_map(|(k, v)| self.check(inner, v, &format!("{at}.{k}"))).collect();
        }
        let mut faults = Vec::new();
        for (name, value) in object {
            match fields.get(name) {
                Some(schema) => faults.extend(self.check(schema, value, &format!("{at}.{name}"))),
                None => faults.push(format!("{at}.{name} is not described")),
            }
        }
        let absent = required.iter().filter(|name| !object.contains_key(*name));
        faults.extend(absent.map(|name| format!("{at}.{name} is missing")));
        faults
    }
}

fn wrong_type(schema: &Value, value: &Value) -> Option<String> {
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = |kind: &str| kind == is || kind == "number" && is == "integer";
    let allowed = match &schema["type"] {
        Value::String(kind) => fits(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).any(fits),
        _ => true,
    };
    (!allowed).then(|| format!("is {is}, described as {}", schema["type"]))
}

#[tokio::test]
async fn answers_are_as_described() {
    let site = Site::office();
    let description = Description(serde_json::from_str(&site.state.description()).unwrap());
    let alert = &MADE.alerts.iter().find(|alert| !alert.flows.is_empty()).unwrap().id;
    let (incident, device) = (&MADE.incidents[0].id, &MADE.devices[0].id);
    let flows = site.json(&format!("/api/v1/flows?{ALL}&limit=1")).await;
    let key = flows["items"][0]["key"].as_str().unwrap();
    for (template, path) in [
        ("/api/v1/sources", "/api/v1/sources".to_owned()),
        ("/api/v1/interfaces", "/api/v1/interfaces".into()),
        ("/api/v1/overview", "/api/v1/overview?from=-1d".into()),
        ("/api/v1/series", format!("/api/v1/series?{ALL}&by=app&aggregate=true")),
        ("/api/v1/flows", format!("/api/v1/flows?{ALL}&limit=1000")),
        ("/api/v1/flows/{key}", format!("/api/v1/flows/{key}")),
        ("/api/v1/flows/groups", format!("/api/v1/flows/groups?{ALL}&by=pair")),
        ("/api/v1/flows/fields", "/api/v1/flows/fields".into()),
        ("/api/v1/alerts", "/api/v1/alerts?limit=1000".into()),
        ("/api/v1/alerts/{id}", format!("/api/v1/alerts/{alert}")),
        ("/api/v1/alerts/{id}/flows", format!("/api/v1/alerts/{alert}/flows")),
        ("/api/v1/alerts/{id}/packets", format!("/api/v1/alerts/{alert}/packets")),
        ("/api/v1/inbox", "/api/v1/inbox?severity=info".into()),
        ("/api/v1/incidents", "/api/v1/incidents".into()),
        ("/api/v1/incidents/{id}", format!("/api/v1/incidents/{incident}")),
        ("/api/v1/devices", "/api/v1/devices?limit=1000".into()),
        ("/api/v1/devices/{id}", format!("/api/v1/devices/{device}")),
        ("/api/v1/search", "/api/v1/search?q=443".into()),
        ("/api/v1/settings", "/api/v1/settings".into()),
        ("/api/v1/detectors", "/api/v1/detectors".into()),
        ("/api/v1/suppressions", "/api/v1/suppressions".into()),
        ("/api/v1/retention", "/api/v1/retention".into()),
        ("/api/v1/report", format!("/api/v1/report?{ALL}")),
        ("/api/logs/traffic", "/api/logs/traffic?from=-1d".into()),
        ("/api/logs/anomalies", "/api/logs/anomalies".into()),
    ] {
        let pointer = format!(
            "/paths/{}/get/responses/200/content/application~1json/schema",
            template.replace('~', "~0").replace('/', "~1")
        );
        let schema = description.0.pointer(&pointer);
        let schema = schema.unwrap_or_else(|| panic!("{template} is not described"));
        let faults = description.check(schema, &site.json(&path).await, template);
        let shown: Vec<&String> = faults.iter().take(5).collect();
        assert!(faults.is_empty(), "{shown:#?}");
    }
}
