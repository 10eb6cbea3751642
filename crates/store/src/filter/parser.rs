//! Words to a tree.
//!
//! ```text
//! filter  = all ("or" all)*
//! all     = part ("and"? part)*
//! part    = ("not" | "-" | "!") part | "(" filter ")" | term
//! term    = FIELD (":" | "=" | "!=") VALUE ("," VALUE)* | FIELD ("<" | "<=" | ">" | ">=") VALUE | WORD
//! ```

use super::fields::{FieldId, Shape, Spec};
use super::lexer::{Kind, Token, tokens};
use super::pattern::Pattern;
use super::tree::{Node, Span, Term, Values};
use super::{DEPTH_MAX, FilterError, TERMS_MAX, value};

/// Reads a filter.
pub(super) fn parse(text: &str) -> Result<Node, FilterError> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(Node::All(Vec::new()));
    }
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0, terms: 0, length: text.len() };
    let root = parser.any()?;
    match parser.peek() {
        None => Ok(root),
        Some(token) => Err(token.error("this bracket closes nothing".to_owned())),
    }
}

struct Parser<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    depth: usize,
    terms: usize,
    length: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    fn any(&mut self) -> Result<Node, FilterError> {
        let mut parts = vec![self.all()?];
        while self.peek().is_some_and(|token| token.kind == Kind::Or) {
            self.at += 1;
            parts.push(self.all()?);
        }
        Ok(Node::any(parts))
    }

    fn all(&mut self) -> Result<Node, FilterError> {
        let mut parts = vec![self.part()?];
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Or | Kind::Close => break,
                Kind::And => self.at += 1,
                _ => {}
            }
            parts.push(self.part()?);
        }
        Ok(Node::all(parts))
    }

    fn part(&mut self) -> Result<Node, FilterError> {
        let Some(token) = self.peek() else {
            let end = self.length;
            let before = self.tokens.get(self.at.wrapping_sub(1));
            let start = before.map_or(end, |token| token.start);
            let message = "something to look for is missing behind this".to_owned();
            return Err(FilterError { start, end, message });
        };
        self.at += 1;
        match token.kind {
            Kind::Word => self.term(token),
            Kind::Not | Kind::Minus => {
                self.deeper(token)?;
                let inner = self.part()?;
                self.depth -= 1;
                Ok(Node::Not(Box::new(inner)))
            }
            Kind::Open => {
                self.deeper(token)?;
                let inner = self.any()?;
                self.depth -= 1;
                if self.peek().is_none_or(|close| close.kind != Kind::Close) {
                    return Err(token.error("this bracket is not closed".to_owned()));
                }
                self.at += 1;
                Ok(inner)
            }
            Kind::Close => Err(token.error("this bracket closes nothing".to_owned())),
            Kind::And | Kind::Or => {
                let text = token.text;
                Err(token.error(format!("`{text}` stands between two things to look for")))
            }
        }
    }

    fn deeper(&mut self, token: Token<'_>) -> Result<(), FilterError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let message = format!("brackets and `not`s lie at most {DEPTH_MAX} deep");
            return Err(token.error(message));
        }
        Ok(())
    }

    fn term(&mut self, token: Token<'a>) -> Result<Node, FilterError> {
        let Some((field, compare, rest)) = split(token)? else {
            return self.bare(token).map(Node::Term);
        };
        let values = self.values(field, compare, rest)?;
        let term = Node::Term(Term { field: field.id, values });
        if compare != Compare::Unequal {
            return Ok(term);
        }
        self.deeper(token)?;
        self.depth -= 1;
        Ok(Node::Not(Box::new(term)))
    }

    /// A word without a field: an address, a port, or a part of a name.
    fn bare(&mut self, token: Token<'a>) -> Result<Term, FilterError> {
        self.count(token)?;
        let text = token.text;
        let field = if value::parse_addrs(text).is_ok() {
            FieldId::Ip
        } else if text.bytes().all(|b| b.is_ascii_digit()) {
            FieldId::Port
        } else if value::is_mac(text) {
            FieldId::Mac
        } else if value::is_community(text) {
            FieldId::Community
        } else {
            FieldId::Name
        };
        let values = match field {
            FieldId::Name => {
                let pattern = pattern(token)?;
                Values::Texts(vec![if pattern.is_wild() { pattern } else { pattern.anywhere() }])
            }
            field => read(field.spec(), &[token])?,
        };
        Ok(Term { field, values })
    }

    fn values(
        &mut self,
        field: &'static Spec,
        compare: Compare,
        rest: Token<'a>,
    ) -> Result<Values, FilterError> {
        let parts = list(rest);
        for part in &parts {
            self.count(*part)?;
            if part.text.is_empty() {
                let message =
                    format!("a value for `{}` is missing, as in `{}`", field.name, example(field));
                return Err(FilterError {
                    message,
                    start: rest.start.saturating_sub(1),
                    end: rest.end(),
                });
            }
        }
        let order: fn(u64) -> Span = match compare {
            Compare::Equal | Compare::Unequal => return read(field, &parts),
            Compare::Below => Span::Below,
            Compare::AtMost => Span::AtMost,
            Compare::Above => Span::Above,
            Compare::AtLeast => Span::AtLeast,
        };
        if !matches!(field.shape, Shape::Number(_) | Shape::Size | Shape::Duration) {
            let message =
                format!("`{}` is no number; write it as in `{}`", field.name, example(field));
            return Err(rest.error(message));
        }
        match parts.as_slice() {
            [one] => {
                let number =
                    value::parse_number(one.text, field.shape).map_err(|m| one.error(m))?;
                Ok(Values::Numbers(vec![order(number)]))
            }
            _ => Err(rest.error("`<` and `>` take one number, not a list".to_owned())),
        }
    }

    fn count(&mut self, token: Token<'_>) -> Result<(), FilterError> {
        self.terms += 1;
        if self.terms > TERMS_MAX {
            return Err(token.error(format!("a filter has at most {TERMS_MAX} values")));
        }
        Ok(())
    }
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compare {
    Equal,
    Unequal,
    Below,
    AtMost,
    Above,
    AtLeast,
}

/// A word with a field in front: the field, how it is compared, and what stands behind.
type Split<'a> = (&'static Spec, Compare, Token<'a>);

/// Cuts a word at its first operator; `None` when it has no field.
fn split(token: Token<'_>) -> Result<Option<Split<'_>>, FilterError> {
    let text = token.text;
    let Some(at) = text.find([':', '=', '<', '>', '!', '"', '\\']) else { return Ok(None) };
    let (name, rest) = text.split_at_checked(at).unwrap_or((text, ""));
    let operators = [
        ("!=", Compare::Unequal),
        ("<=", Compare::AtMost),
        (">=", Compare::AtLeast),
        (":", Compare::Equal),
        ("=", Compare::Equal),
        ("<", Compare::Below),
        (">", Compare::Above),
    ];
    let Some((sign, compare)) = operators.into_iter().find(|(sign, _)| rest.starts_with(sign))
    else {
        return Ok(None);
    };
    let Some(field) = Spec::find(name) else {
        let known =
            value::parse_addrs(text).is_ok() || value::is_mac(text) || value::is_community(text);
        return if known { Ok(None) } else { Err(unknown(token, name)) };
    };
    let start = token.start + at + sign.len();
    let rest = rest.get(sign.len()..).unwrap_or_default();
    Ok(Some((field, compare, Token { kind: Kind::Word, text: rest, start })))
}

fn unknown(token: Token<'_>, name: &str) -> FilterError {
    let message = match (name, Spec::near(name)) {
        ("", _) => "a field is missing in front of this, as in `dport:443`".to_owned(),
        (_, Some(near)) => format!("there is no field `{name}`; did you mean `{near}`?"),
        (_, None) => {
            format!("there is no field `{name}`; put the word in quotes to look for it in names")
        }
    };
    let end = if name.is_empty() { token.end() } else { token.start + name.len() };
    FilterError { start: token.start, end, message }
}

/// Cuts a list at its commas; those in quotes and behind a backslash do not count.
fn list(token: Token<'_>) -> Vec<Token<'_>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    let mut cut = |start: usize, end: usize| {
        let text = token.text.get(start..end).unwrap_or_default();
        parts.push(Token { kind: Kind::Word, text, start: token.start + start });
    };
    for (at, c) in token.text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                cut(start, at);
                start = at + 1;
            }
            _ => {}
        }
    }
    cut(start, token.text.len());
    parts
}

/// Reads the values of a field.
fn read(field: &'static Spec, parts: &[Token<'_>]) -> Result<Values, FilterError> {
    Ok(match field.shape {
        Shape::Addr => Values::Addrs(each(parts, value::parse_addrs)?),
        Shape::Number(_) | Shape::Size | Shape::Duration => return numbers(field, parts),
        Shape::Choice => Values::Choices(each(parts, |text| field.code(text))?),
        Shape::Mac => Values::Macs(each(parts, value::parse_mac)?),
        Shape::Flags => Values::Flags(each(parts, value::parse_flags)?),
        Shape::Text => Values::Texts(parts.iter().map(|p| pattern(*p)).collect::<Result<_, _>>()?),
    })
}

/// A sign and the numbers it stands for.
type Order = (&'static str, fn(u64) -> Span);

/// Numbers and ranges; `bytes:>1M` is what others write for `bytes>1M`.
fn numbers(field: &'static Spec, parts: &[Token<'_>]) -> Result<Values, FilterError> {
    if let [only] = parts {
        let orders: [Order; 4] =
            [("<=", Span::AtMost), (">=", Span::AtLeast), ("<", Span::Below), (">", Span::Above)];
        for (sign, order) in orders {
            if let Some(number) = only.text.strip_prefix(sign) {
                let number = value::parse_number(number, field.shape).map_err(|m| only.error(m))?;
                return Ok(Values::Numbers(vec![order(number)]));
            }
        }
    }
    Ok(Values::Numbers(each(parts, |text| value::parse_span(text, field.shape))?))
}

fn each<T>(
    parts: &[Token<'_>],
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, FilterError> {
    let plain = |part: &Token<'_>| read(unquoted(part.text)).map_err(|message| part.error(message));
    parts.iter().map(plain).collect()
}

/// Without the quotes around it.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text)
}

fn pattern(part: Token<'_>) -> Result<Pattern, FilterError> {
    let pattern = Pattern::parse(part.text).map_err(|message| part.error(message))?;
    if pattern.is_empty() {
        return Err(part.error("a text to look for is missing; `*` stands for any".to_owned()));
    }
    Ok(pattern)
}

fn example(field: &Spec) -> &'static str {
    super::fields::all().iter().find(|f| f.name == field.name).map_or("", |f| f.example)
}
