//! Documents of which several commands write a section each.

use std::path::Path;

/// Puts `text` between the marks `<!-- NAME -->` and `<!-- /NAME -->` of a document, behind
/// everything when it has no such marks.
pub(crate) fn write(path: &Path, name: &str, text: &str) -> Result<(), String> {
    let old = std::fs::read_to_string(path).unwrap_or_default();
    std::fs::write(path, replaced(&old, name, text)).map_err(|e| format!("{}: {e}", path.display()))
}

/// The sections of `old`, to be put behind a text that is written anew.
pub(crate) fn kept(old: &str, names: &[&str]) -> String {
    let section = |name: &&str| {
        let (begin, end) = marks(name);
        let from = old.find(&begin)?;
        let to = old.find(&end)? + end.len();
        old.get(from..to).map(|text| format!("\n{text}\n"))
    };
    names.iter().filter_map(section).collect()
}

fn marks(name: &str) -> (String, String) {
    (format!("<!-- {name} -->"), format!("<!-- /{name} -->"))
}

fn replaced(old: &str, name: &str, text: &str) -> String {
    let (begin, end) = marks(name);
    let new = format!("{begin}\n{}\n{end}", text.trim());
    match (old.find(&begin), old.find(&end)) {
        (Some(from), Some(to)) if from < to => {
            let after = old.get(to + end.len()..).unwrap_or_default();
            format!("{}{new}{after}", old.get(..from).unwrap_or_default())
        }
        _ => format!("{}\n\n{new}\n", old.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_the_rest_stays() {
        let first = replaced("# Page\n", "live", "one");
        assert_eq!(first, "# Page\n\n<!-- live -->\none\n<!-- /live -->\n");
        let second = replaced(&format!("{first}tail\n"), "live", "two\n");
        assert_eq!(second, "# Page\n\n<!-- live -->\ntwo\n<!-- /live -->\ntail\n");
        assert_eq!(kept(&second, &["live", "none"]), "\n<!-- live -->\ntwo\n<!-- /live -->\n");
    }
}
