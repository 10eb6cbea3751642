//! What the terminal can do, and messages on stderr.

use crate::cli::Color;
use std::io::{IsTerminal, Write};

/// Where messages go and how.
#[derive(Clone, Debug)]
pub(crate) struct Terminal {
    color: Color,
    dumb: bool,
    quiet: bool,
    verbose: u8,
}

/// Columns when the width is not known.
const WIDTH: usize = 80;

impl Terminal {
    pub(crate) fn new(color: Color, quiet: bool, verbose: u8) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        let dumb = set("NO_COLOR") || std::env::var_os("TERM").is_some_and(|t| t == "dumb");
        Self { color, dumb, quiet, verbose }
    }

    /// True when colours may be written to stdout.
    pub(crate) fn color_on_stdout(&self) -> bool {
        self.color_on(std::io::stdout().is_terminal())
    }

    /// True when a moving line may be drawn on stderr.
    pub(crate) fn progress(&self) -> bool {
        !self.quiet
            && std::io::stderr().is_terminal()
            && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
    }

    /// True unless the locale says that only ASCII is shown.
    pub(crate) fn unicode() -> bool {
        let set = |name| std::env::var(name).ok().filter(|v| !v.is_empty());
        set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        })
    }

    /// Columns of the terminal on stdout; 80 when it is not one. `COLUMNS` wins.
    pub(crate) fn width() -> usize {
        let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
        let real = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        columns.or_else(real).unwrap_or(WIDTH).clamp(40, 250)
    }

    /// Columns of a table that is printed: those of the terminal, and no limit into a file or pipe.
    pub(crate) fn table_width() -> usize {
        let free = std::env::var_os("COLUMNS").is_none() && !std::io::stdout().is_terminal();
        if free { usize::MAX } else { Self::width() }
    }

    /// Says what a careful user may want to know; `-q` turns it off.
    pub(crate) fn note(&self, message: &str) {
        if !self.quiet {
            Self::say(message);
        }
    }

    /// Says what only `-v` asks for.
    pub(crate) fn detail(&self, message: &str) {
        if self.verbose > 0 {
            Self::say(message);
        }
    }

    /// The first of the three when quiet, the last when more is asked for.
    pub(crate) fn choose<T>(&self, quiet: T, normal: T, verbose: T) -> T {
        match (self.quiet, self.verbose) {
            (true, _) => quiet,
            (false, 0) => normal,
            (false, _) => verbose,
        }
    }

    /// True when colours may be written to stderr.
    pub(crate) fn color_on_stderr(&self) -> bool {
        self.color_on(std::io::stderr().is_terminal())
    }

    /// Says what went wrong.
    pub(crate) fn complain(&self, message: &str) {
        let (on, off) = if self.color_on(std::io::stderr().is_terminal()) {
            ("\x1b[1;31m", "\x1b[0m")
        } else {
            ("", "")
        };
        Self::say(&format!("{on}error{off}: {message}"));
    }

    /// Says something that was asked for.
    pub(crate) fn say(message: &str) {
        // When stderr is gone there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "{message}");
    }

    fn color_on(&self, is_terminal: bool) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !self.dumb,
        }
    }
}

/// One line on stderr instead of the default's advice about environment variables.
pub(crate) fn report_panic(info: &std::panic::PanicHookInfo<'_>) {
    if let Some(place) = info.location() {
        let _ = writeln!(std::io::stderr(), "internal error at {}:{}", place.file(), place.line());
    }
}
