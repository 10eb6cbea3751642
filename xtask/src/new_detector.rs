//! `cargo xtask new detector NAME`: a skeleton that compiles, with a test that fails until the
//! detector finds something.

use std::path::Path;

const TEMPLATE: &str = include_str!("new_detector.txt");

/// Writes the file and the two lines.
pub(crate) fn run(root: &Path, id: &str) -> Result<(), String> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || !id.chars().all(good) || !id.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(format!("`{id}` must be lower-case words with dashes, such as rare-thing"));
    }
    let module = id.replace('-', "_");
    let folder = root.join("crates/engine/src/detect");
    let file = folder.join(format!("{module}.rs"));
    if file.exists() {
        return Err(format!("{} is there already", file.display()));
    }
    let table = folder.join("mod.rs");
    let text = std::fs::read_to_string(&table).map_err(|e| format!("{}: {e}", table.display()))?;
    let text = registered(&text, &module).ok_or("detect/mod.rs has no table of detectors")?;
    std::fs::write(&file, skeleton(id)).map_err(|e| e.to_string())?;
    std::fs::write(&table, text).map_err(|e| e.to_string())?;
    println!("{}: fill in, then `cargo test -p anomalyzer-engine {module}`", file.display());
    println!("traffic for it: a row in crates/scenario/src/attacks/mod.rs");
    println!("its stage in an attack: a row in crates/engine/src/alert/stage.rs");
    Ok(())
}

fn skeleton(id: &str) -> String {
    let name: String = id.split('-').map(capital).collect();
    TEMPLATE.replace("@ID@", id).replace("@NAME@", &name)
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// The table with one more detector at its end.
fn registered(text: &str, module: &str) -> Option<String> {
    let declared = text.find("\nmod ")? + 1;
    let (head, tail) = text.split_at(declared);
    let text = format!("{head}mod {module};\n{tail}");
    let table = text.find("DETECTORS: &[&Spec]")?;
    let close = table + text.get(table..)?.find("];")?;
    let (head, tail) = text.split_at(close);
    Some(format!("{head}    &{module}::SPEC,\n{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lines_are_added() {
        let text = "//! T.\n\nmod spec;\n\nstatic DETECTORS: &[&Spec] = &[\n    &a::SPEC,\n];\n";
        let more = registered(text, "rare_thing").unwrap();
        assert!(more.contains("mod rare_thing;\nmod spec;"));
        assert!(more.contains("    &a::SPEC,\n    &rare_thing::SPEC,\n];"));
    }

    #[test]
    fn the_skeleton_names_the_detector() {
        let text = skeleton("rare-thing");
        assert!(text.contains("id: \"rare-thing\"") && text.contains("struct RareThing"));
        assert!(!text.contains('@'));
    }
}
