//! Words for people: wrapping text to a width, and the nearest known word to a misspelt one.

use anomalyzer_engine::text::edit_distance;

/// Lines of at most `width` characters; words are kept whole.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Markdown with headings and paragraphs as text for a terminal.
pub(crate) fn wrap_page(markdown: &str, width: usize) -> String {
    let mut out = String::new();
    for block in markdown.trim().split("\n\n") {
        let heading = block.strip_prefix("## ").map(|b| b.split_once('\n').unwrap_or((b, "")));
        let body = match heading {
            Some((title, body)) => {
                out.push_str(title);
                out.push('\n');
                body
            }
            None => block,
        };
        for line in wrap(body, width.saturating_sub(2)) {
            out.push_str("  ");
            out.push_str(&line);
            out.push('\n');
        }
        if heading.is_none_or(|(_, body)| !body.trim().is_empty()) {
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// The known word that is nearest to `word`, when it is near enough to be meant.
fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    known.map(|k| (edit_distance(word, k), k)).filter(|(d, _)| *d <= limit).min().map(|(_, k)| k)
}

/// `; did you mean ...?` when a known word is near, else nothing.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near() {
        let known = || ["port-scan", "flood", "beacon"].into_iter();
        assert_eq!(nearest("port_scan", known()), Some("port-scan"));
        assert_eq!(nearest("beacn", known()), Some("beacon"));
        assert_eq!(nearest("zzz", known()), None);
    }

    #[test]
    fn pages_are_wrapped_under_their_headings() {
        let page = "## What it sees\nOne two three four.\n\nFive.\n\n## Why\n\nSix.";
        let text = "What it sees\n  One two\n  three\n  four.\n\n  Five.\n\nWhy\n  Six.\n";
        assert_eq!(wrap_page(page, 10), text);
    }
}
