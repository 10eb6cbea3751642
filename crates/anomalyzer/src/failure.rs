//! Why a command did not end well, and the exit code that says so.

use std::any::Any;
use std::fmt;
use std::process::ExitCode;

/// Why a command did not end well.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
}

/// Exit codes, part of the command line's contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Alerts at or above `--fail-on` (1).
    AlertsFound,
    /// Wrong use or configuration (2).
    Usage,
    /// The input was read in part (3).
    Partial,
    /// Anything else that went wrong (4).
    Runtime,
    /// Not allowed (77).
    Permission,
    /// Stopped by the user (130).
    Interrupted,
    /// The reader of our output has gone: not a failure (0).
    PipeClosed,
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Wrong use or configuration.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Something went wrong while running.
    pub(crate) fn runtime(message: impl Into<String>) -> Self {
        Self::new(Kind::Runtime, message)
    }

    /// Writing `what` failed.
    pub(crate) fn writing(what: &str, error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::new(Kind::PipeClosed, String::new()),
            std::io::ErrorKind::PermissionDenied => {
                Self::new(Kind::Permission, format!("{what}: {error}"))
            }
            _ => Self::runtime(format!("{what}: {error}")),
        }
    }

    /// A bug of ours.
    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let text = panic
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".into());
        Self::runtime(format!("internal error, please report it: {text}"))
    }

    /// What kind of failure it is.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The exit code.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self.kind {
            Kind::PipeClosed => 0,
            Kind::AlertsFound => 1,
            Kind::Usage => 2,
            Kind::Partial => 3,
            Kind::Runtime => 4,
            Kind::Permission => 77,
            Kind::Interrupted => 130,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
