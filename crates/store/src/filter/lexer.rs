//! Words of a filter: brackets, and whatever stands between blanks, with its place.

use super::FilterError;

/// A part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// Its first byte within the filter.
    pub(super) start: usize,
}

impl Token<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub(super) fn error(&self, message: String) -> FilterError {
        FilterError { start: self.start, end: self.end(), message }
    }
}

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Close,
    /// `-` or `!` right before something.
    Minus,
    And,
    Or,
    Not,
    Word,
}

/// Cuts a text into its parts. Blanks and brackets within quotes belong to the word.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, FilterError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(first) = rest.chars().next() else { break };
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let single = match first {
            '(' => Some(Kind::Open),
            ')' => Some(Kind::Close),
            '-' | '!' => Some(Kind::Minus),
            _ => None,
        };
        let length = if single.is_some() { 1 } else { word(rest, at)? };
        let part = rest.get(..length).unwrap_or(rest);
        let kind = single.unwrap_or_else(|| keyword(part));
        tokens.push(Token { kind, text: part, start: at });
        at += part.len();
    }
    Ok(tokens)
}

fn keyword(word: &str) -> Kind {
    match word.to_ascii_lowercase().as_str() {
        "and" => Kind::And,
        "or" => Kind::Or,
        "not" => Kind::Not,
        _ => Kind::Word,
    }
}

/// Bytes of the word at the beginning of `rest`.
fn word(rest: &str, at: usize) -> Result<usize, FilterError> {
    let mut quote = None;
    let mut escaped = false;
    for (place, c) in rest.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if quote.is_some() {
            if c == '"' {
                quote = None;
            }
        } else if c == '"' {
            quote = Some(place);
        } else if c.is_whitespace() || c == '(' || c == ')' {
            return Ok(place);
        }
    }
    match quote {
        Some(place) => Err(FilterError {
            start: at + place,
            end: at + rest.len(),
            message: "the quote is not closed; write \\\" for a quote within quotes".to_owned(),
        }),
        None => Ok(rest.len()),
    }
}
