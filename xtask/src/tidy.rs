//! House rules that no compiler checks: sizes, module headers, words that must not appear.
//!
//! The walk looks at every text file below the repository root except build output. It runs as
//! `cargo xtask tidy` and as a plain test.

use std::fs;
use std::path::{Path, PathBuf};

/// Most lines of a function's body, without blank lines and comments.
const FUNCTION_LINES_MAX: usize = 70;
/// Most lines of a source file before its test module.
const FILE_LINES_MAX: usize = 800;

const SKIPPED_FOLDERS: &[&str] = &["target", ".git", "node_modules", "out"];
const TEXT_EXTENSIONS: &[&str] = &["rs", "toml", "md", "yml", "yaml", "sh", "py", "ts", "svelte"];
const TEXT_NAMES: &[&str] = &["Makefile", "run"];

/// Words that must not be committed, each with the reason. Split so that this file passes itself.
const FORBIDDEN: &[(&str, &str)] = &[
    (concat!("TO", "DO"), "finish it or write an issue"),
    (concat!("FIX", "ME"), "finish it or write an issue"),
    (concat!("unimple", "mented!"), "no stubs"),
    (concat!("todo", "!("), "no stubs"),
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/ro", "ot/"), "a path of one machine"),
];

/// One broken rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// File, relative to the root.
    pub(crate) file: PathBuf,
    /// Line, from 1; 0 for the whole file.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) what: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.what)
    }
}

/// Every broken rule below `root`.
pub(crate) fn check(root: &Path) -> std::io::Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for file in text_files(root)? {
        let Ok(text) = fs::read_to_string(root.join(&file)) else {
            problems.push(Problem { file, line: 0, what: "is not UTF-8".into() });
            continue;
        };
        check_text(&file, &text, &mut problems);
        if file.extension().is_some_and(|e| e == "rs") {
            check_source(&file, &text, &mut problems);
        }
    }
    Ok(problems)
}

/// Text files below `root`, relative to it, in order.
pub(crate) fn text_files(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type()?.is_dir() {
                if !SKIPPED_FOLDERS.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if is_text(&path, &name) {
                files.push(path.strip_prefix(root).unwrap_or(&path).to_path_buf());
            }
        }
    }
    files.sort();
    Ok(files)
}

fn is_text(path: &Path, name: &str) -> bool {
    let extension = path.extension().map(|e| e.to_string_lossy().into_owned());
    TEXT_NAMES.contains(&name) || extension.is_some_and(|e| TEXT_EXTENSIONS.contains(&e.as_str()))
}

fn check_text(file: &Path, text: &str, problems: &mut Vec<Problem>) {
    let mut say = |line: usize, what: String| {
        problems.push(Problem { file: file.to_path_buf(), line, what });
    };
    for (number, line) in (1..).zip(text.lines()) {
        if line.ends_with([' ', '\t', '\r']) {
            say(number, "has trailing white space".into());
        }
        for (word, why) in FORBIDDEN {
            if line.contains(word) {
                say(number, format!("holds `{word}`: {why}"));
            }
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        say(text.lines().count(), "ends without a line end".into());
    }
}

fn check_source(file: &Path, text: &str, problems: &mut Vec<Problem>) {
    let mut say = |line: usize, what: String| {
        problems.push(Problem { file: file.to_path_buf(), line, what });
    };
    let is_test = file.components().any(|c| c.as_os_str() == "tests") || file.ends_with("tests.rs");
    if !is_test && !text.lines().any(|l| l.starts_with("//!")) {
        say(1, "has no `//!` header that says its job".into());
    }
    let code = before_tests(text);
    let lines = code.lines().count();
    if !is_test && lines > FILE_LINES_MAX {
        say(1, format!("has {lines} lines without tests, more than {FILE_LINES_MAX}"));
    }
    for (line, name, length) in functions(text) {
        if length > FUNCTION_LINES_MAX {
            say(line, format!("`{name}` has {length} lines, more than {FUNCTION_LINES_MAX}"));
        }
    }
}

/// The part of a source file before its test module.
fn before_tests(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod ").map_or(text, |end| text.get(..end).unwrap_or(text))
}

/// Functions of a formatted source file: first line, name, lines of the body without blank lines
/// and comments. Relies on rustfmt: a function ends at the first `}` indented as its `fn`.
fn functions(text: &str) -> Vec<(usize, String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let close = format!("{}}}", " ".repeat(indent));
        let rest = lines.get(start + 1..).unwrap_or_default();
        if line.trim_end().ends_with(['}', ';']) {
            continue;
        }
        let body = rest.iter().take_while(|l| **l != close);
        let code = body.filter(|l| !l.trim().is_empty() && !l.trim_start().starts_with("//"));
        found.push((start + 1, name, code.count()));
    }
    found
}

fn function_name(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words.iter().position(|w| *w == "fn")?;
    let before = words.get(..at)?;
    let modifier = |w: &&str| {
        matches!(*w, "pub" | "const" | "unsafe" | "async" | "extern" | "\"C\"")
            || w.starts_with("pub(")
    };
    if !before.iter().all(modifier) {
        return None;
    }
    let name = words.get(at + 1)?;
    Some(name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root;

    #[test]
    fn the_repository_is_tidy() {
        let problems = check(&root()).unwrap();
        let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(list.is_empty(), "\n{}", list.join("\n"));
    }

    fn problems(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        check_text(Path::new("a.rs"), text, &mut found);
        check_source(Path::new("a.rs"), text, &mut found);
        found.into_iter().map(|p| format!("{}: {}", p.line, p.what)).collect()
    }

    #[test]
    fn each_rule_can_fail() {
        assert_eq!(problems("//! Fine.\nfn a() {}\n"), Vec::<String>::new());
        assert!(problems("fn a() {}\n")[0].contains("header"));
        assert!(problems("//! A. \n")[0].contains("trailing"));
        assert!(problems("//! A.")[0].contains("line end"));
        assert!(problems(concat!("//! TO", "DO\n"))[0].contains("finish it"));
        let long = format!("//! A.\npub(crate) fn a() {{\n{}}}\n", "    x();\n".repeat(71));
        assert_eq!(problems(&long), ["2: `a` has 71 lines, more than 70"]);
        let file = format!("//! A.\n{}", "const A: u8 = 1;\n".repeat(800));
        assert!(problems(&file)[0].contains("801 lines"));
        let tested = format!("//! A.\n\n#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(900));
        assert_eq!(problems(&tested), Vec::<String>::new());
    }
}
