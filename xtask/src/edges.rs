//! Which crate of ours may use which: the table, and the check against `cargo metadata`.

use crate::root;
use serde_json::Value;
use std::process::Command;

/// A folder's package and what it may use of ours, dev-dependencies apart.
const ALLOWED: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("learn", &[]),
    ("engine", &["wire", "learn"]),
    ("capture", &["wire"]),
    ("scenario", &["wire"]),
    ("report", &["engine", "wire"]),
    ("store", &["engine", "learn", "wire"]),
    ("web", &["engine", "learn", "store", "report", "wire"]),
    ("anomalyzer", &["wire", "learn", "engine", "capture", "scenario", "report", "store", "web"]),
    (
        "xtask",
        &["anomalyzer", "wire", "learn", "engine", "capture", "scenario", "report", "store", "web"],
    ),
];

/// Edges of the workspace that the table does not allow, and packages that it does not know.
pub(crate) fn problems() -> Result<Vec<String>, String> {
    let mut problems = Vec::new();
    for (package, uses) in workspace_edges()? {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == package) else {
            problems.push(format!("`{package}` is not in the table of allowed edges"));
            continue;
        };
        for used in uses.iter().filter(|u| !allowed.contains(&u.as_str())) {
            problems.push(format!("`{package}` must not use `{used}`"));
        }
    }
    Ok(problems)
}

/// Packages of the workspace, each with those of ours that it uses.
fn workspace_edges() -> Result<Vec<(String, Vec<String>)>, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .map_err(|e| format!("cargo metadata: {e}"))?;
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|e| format!("cargo metadata: {e}: {}", String::from_utf8_lossy(&output.stderr)))?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata names no packages")?;
    Ok(packages.iter().map(|p| (folder(&p["name"]), uses(&p["dependencies"]))).collect())
}

fn uses(dependencies: &Value) -> Vec<String> {
    let ours = |d: &&Value| d["path"].is_string() && d["kind"].as_str() != Some("dev");
    dependencies.as_array().into_iter().flatten().filter(ours).map(|d| folder(&d["name"])).collect()
}

/// `anomalyzer-wire` is called `wire`.
fn folder(name: &Value) -> String {
    let name = name.as_str().unwrap_or_default();
    name.strip_prefix("anomalyzer-").unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_keeps_to_the_allowed_edges() {
        assert_eq!(problems().unwrap(), Vec::<String>::new());
        assert!(workspace_edges().unwrap().len() >= ALLOWED.len());
    }
}
