//! STIX patterns as far as one observation can decide them: comparisons that are joined by OR.
//!
//! `AND`, `FOLLOWEDBY` and qualifiers of time need several observations at once; such patterns are
//! left out whole, since a part of one would say more than its author did.

use super::indicator::{Hint, Reason};

/// Longest pattern in bytes that is read.
const PATTERN_MAX: usize = 64 << 10;
/// Most comparisons of one pattern.
const TERMS_MAX: usize = 1_024;

/// One comparison.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    /// Something to look for.
    Value(Hint, String),
    /// Something that traffic does not show: its path.
    Unseen(String),
}

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
    /// `=`, `!=`, `<` and so on.
    Compare(String),
}

const BROKEN: Reason = "a broken pattern";
const ELSE: Reason = "a pattern with another comparison than =, IN and ISSUBSET";

/// Reads a pattern's comparisons.
pub(super) fn read(pattern: &str) -> Result<Vec<Term>, Reason> {
    if pattern.len() > PATTERN_MAX {
        return Err("a pattern longer than 64 KiB");
    }
    let tokens = tokens(pattern).ok_or(BROKEN)?;
    let (mut terms, mut depth, mut at) = (Vec::new(), 0_i32, 0);
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            Token::Sign('[' | '(') => depth += 1,
            Token::Sign(']' | ')') if depth > 0 => depth -= 1,
            Token::Word(word) if word.eq_ignore_ascii_case("OR") => {}
            Token::Word(word) if word.contains(':') && depth > 0 => {
                at += comparison(word, tokens.get(at..).unwrap_or_default(), &mut terms)?;
            }
            Token::Word(word) => return Err(refused(word)),
            _ => return Err(BROKEN),
        }
        if terms.len() > TERMS_MAX {
            return Err("a pattern with more than 1,024 comparisons");
        }
    }
    if depth == 0 && !terms.is_empty() { Ok(terms) } else { Err(BROKEN) }
}

/// Why a word outside of a comparison cannot be used.
fn refused(word: &str) -> Reason {
    match word.to_ascii_uppercase().as_str() {
        "AND" => "a pattern with AND",
        "FOLLOWEDBY" | "WITHIN" | "REPEATS" | "START" => "a pattern over several observations",
        "NOT" | "EXISTS" => ELSE,
        _ => BROKEN,
    }
}

/// Reads what follows a path; answers how many tokens that was.
fn comparison(path: &str, rest: &[Token], terms: &mut Vec<Term>) -> Result<usize, Reason> {
    let (values, used) = match rest {
        [Token::Compare(sign), Token::Text(value), ..] if sign == "=" => (vec![value.clone()], 2),
        [Token::Word(word), Token::Text(value), ..] if word.eq_ignore_ascii_case("ISSUBSET") => {
            (vec![value.clone()], 2)
        }
        [Token::Word(word), Token::Sign('('), list @ ..] if word.eq_ignore_ascii_case("IN") => {
            let end = list.iter().position(|t| *t == Token::Sign(')')).ok_or(BROKEN)?;
            let texts = list.iter().take(end).filter_map(|token| match token {
                Token::Text(text) => Some(text.clone()),
                _ => None,
            });
            (texts.collect(), end + 3)
        }
        // Numbers and flags are about sizes and ports, which alone say nothing.
        [Token::Compare(sign), Token::Word(_), ..] if sign == "=" => (vec![String::new()], 2),
        [Token::Compare(_) | Token::Word(_), ..] => return Err(ELSE),
        _ => return Err(BROKEN),
    };
    match hint(path) {
        Some(hint) => terms.extend(values.into_iter().map(|value| Term::Value(hint, value))),
        None => terms.push(Term::Unseen(path.to_owned())),
    }
    Ok(used)
}

/// What a path is about.
fn hint(path: &str) -> Option<Hint> {
    let (object, property) = path.split_once(':')?;
    let property = property.to_ascii_lowercase();
    match (object, property.as_str()) {
        ("ipv4-addr" | "ipv6-addr", "value") => Some(Hint::Address),
        ("domain-name" | "hostname", "value") => Some(Hint::Name),
        ("url", "value") => Some(Hint::Url),
        ("network-traffic", "dst_ref.value" | "src_ref.value") => Some(Hint::Any),
        ("x509-certificate", "hashes.sha-1" | "hashes.sha1") => Some(Hint::Sha1),
        ("x509-certificate", "hashes.sha-256" | "hashes.sha256") => Some(Hint::Sha256),
        ("network-traffic" | "x-ja3" | "x-ja4" | "tls-fingerprint", property) => {
            let last = property.rsplit(['.', ':']).next().unwrap_or_default();
            match last.trim_start_matches("x_").trim_end_matches("_hash") {
                "ja3" => Some(Hint::Ja3),
                "ja3s" => Some(Hint::Ja3s),
                "ja4" => Some(Hint::Ja4),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Cuts a pattern up; `None` when a text does not end.
fn tokens(pattern: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '\'' => tokens.push(Token::Text(text(&mut chars)?)),
            '[' | ']' | '(' | ')' | ',' => tokens.push(Token::Sign(c)),
            '=' | '!' | '<' | '>' => {
                let mut sign = String::from(c);
                while let Some(next) = chars.next_if(|c| matches!(c, '=' | '>')) {
                    sign.push(next);
                }
                tokens.push(Token::Compare(sign));
            }
            _ => tokens.push(Token::Word(word(c, &mut chars)?)),
        }
    }
    Some(tokens)
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// A text behind its first quote.
fn text(chars: &mut Chars<'_>) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()? {
            '\'' => return Some(text),
            '\\' => text.push(chars.next()?),
            c => text.push(c),
        }
    }
}

/// A path or a word; parts of a path may be quoted (`hashes.'SHA-1'`) and have an index.
fn word(first: char, chars: &mut Chars<'_>) -> Option<String> {
    let mut word = String::from(first);
    loop {
        match chars.peek() {
            Some(c) if c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.' | '/') => {
                word.extend(chars.next());
            }
            Some('\'') if word.ends_with(['.', ':']) => {
                chars.next();
                word.push_str(&text(chars)?);
            }
            Some('[') if word.contains(':') => while chars.next()? != ']' {},
            _ => return Some(word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_joined_by_or_are_read() {
        let check = |pattern: &str, expected: &[(Hint, &str)]| {
            let terms: Vec<_> =
                expected.iter().map(|(h, v)| Term::Value(*h, (*v).to_owned())).collect();
            assert_eq!(read(pattern), Ok(terms), "{pattern}");
        };
        check("[ipv4-addr:value = '198.51.100.1']", &[(Hint::Address, "198.51.100.1")]);
        check(
            "[domain-name:value = 'a.example' OR domain-name:value='b.example']",
            &[(Hint::Name, "a.example"), (Hint::Name, "b.example")],
        );
        check(
            "([ipv6-addr:value ISSUBSET '2001:db8::/32'] OR [url:value = 'http://x.example/\\'y'])",
            &[(Hint::Address, "2001:db8::/32"), (Hint::Url, "http://x.example/'y")],
        );
        check(
            "[ipv4-addr:value IN ('1.2.3.4', '5.6.7.8')]",
            &[(Hint::Address, "1.2.3.4"), (Hint::Address, "5.6.7.8")],
        );
        check("[x509-certificate:hashes.'SHA-1' = 'ab']", &[(Hint::Sha1, "ab")]);
        check("[network-traffic:dst_ref.value = '1.2.3.4']", &[(Hint::Any, "1.2.3.4")]);
        check("[network-traffic:extensions.'tls-ext'.ja3 = 'ab']", &[(Hint::Ja3, "ab")]);
    }

    #[test]
    fn what_one_observation_cannot_decide_is_left_out_whole() {
        let check =
            |pattern: &str, reason: &str| assert_eq!(read(pattern), Err(reason), "{pattern}");
        check(
            "[ipv4-addr:value = '1.2.3.4' AND domain-name:value = 'x.example']",
            "a pattern with AND",
        );
        check(
            "[ipv4-addr:value = '1.2.3.4'] FOLLOWEDBY [ipv4-addr:value = '1.2.3.5']",
            "a pattern over several observations",
        );
        check("[domain-name:value LIKE '%.example']", ELSE);
        check("[domain-name:value != 'x.example']", ELSE);
        check("[NOT domain-name:value = 'x.example']", ELSE);
        for broken in ["", "[", "x", "[a:b = 'c", "]", "[a:b = 'c']]", "a:b = 'c'", "''"] {
            check(broken, BROKEN);
        }
        let unseen = vec![Term::Unseen("file:hashes.MD5".into())];
        assert_eq!(read("[file:hashes.MD5 = 'ab']"), Ok(unseen));
    }
}
