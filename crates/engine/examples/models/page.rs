//! Sections of documents.

use std::fs;
use std::path::Path;

/// Puts `text` between the marks `<!-- NAME -->` and `<!-- /NAME -->` of a document, behind
/// everything when it has no such marks.
pub(crate) fn section(path: &Path, name: &str, text: &str) -> Result<(), String> {
    let old = fs::read_to_string(path).unwrap_or_default();
    let (begin, end) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let section = format!("{begin}\n{}\n{end}", text.trim());
    let new = match (old.find(&begin), old.find(&end)) {
        (Some(from), Some(to)) if from < to => {
            format!("{}{section}{}", &old[..from], &old[to + end.len()..])
        }
        _ => format!("{}\n\n{section}\n", old.trim_end()),
    };
    fs::write(path, new).map_err(|e| format!("{}: {e}", path.display()))
}
