//! Why a command stopped: a library error or one of the program's own, with the file it is about.

use std::fmt::Display;
use std::io;
use std::path::Path;

use bisik::{Error, ErrorKind};
use serde_json::json;

use crate::console::Console;
use crate::escape;

/// What every command returns.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Why a command stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Told to the user; exit code 2.
    Told(Box<Told>),
    /// Whoever read standard output went away: nobody is left to tell.
    BrokenPipe,
}

/// An error as it is shown.
#[derive(Debug)]
pub(crate) struct Told {
    kind: ErrorKind,
    message: String,
    position: Option<u64>,
    about: Option<String>,
    help: String,
}

impl Failure {
    /// An error of the program's own. The message must not hold an identifier.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::Told(Box::new(Told {
            kind,
            message: message.into(),
            position: None,
            about: None,
            help: kind.advice().to_owned(),
        }))
    }

    /// A wrong combination of arguments.
    pub(crate) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message).help(help)
    }

    /// An input or output error on `path`.
    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::AlreadyExists => ErrorKind::AlreadyExists,
            _ => ErrorKind::Io,
        };
        Self::new(kind, error.to_string()).about(path)
    }

    /// An error while writing to standard output or standard error.
    pub(crate) fn stream(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::BrokenPipe;
        }
        Self::new(ErrorKind::Io, error.to_string())
    }

    /// The same failure, about this file.
    pub(crate) fn about(mut self, path: &Path) -> Self {
        if let Self::Told(told) = &mut self {
            told.about = Some(path.display().to_string());
        }
        self
    }

    /// The same failure with other advice.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        if let Self::Told(told) = &mut self {
            told.help = help.into();
        }
        self
    }

    /// The same failure with more advice.
    pub(crate) fn help_also(mut self, help: &str) -> Self {
        if let Self::Told(told) = &mut self {
            told.help = format!("{}; {help}", told.help);
        }
        self
    }

    /// The kind of error.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::BrokenPipe => ErrorKind::Io,
            Self::Told(told) => told.kind,
        }
    }

    /// What is wrong, without the file and the advice.
    pub(crate) fn message(&self) -> &str {
        match self {
            Self::BrokenPipe => "",
            Self::Told(told) => &told.message,
        }
    }

    /// What a person can do next.
    pub(crate) fn advice(&self) -> &str {
        match self {
            Self::BrokenPipe => "",
            Self::Told(told) => &told.help,
        }
    }

    /// The failure as an object.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let Self::Told(told) = self else { return serde_json::Value::Null };
        json!({
            "kind": told.kind.name(),
            "code": told.kind.code(),
            "message": told.message,
            "position": told.position,
            "file": told.about,
            "help": told.help,
        })
    }

    /// One line: what is wrong, where, and the kind's name.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::BrokenPipe => String::new(),
            Self::Told(told) => {
                let about = told.about.as_deref().map(|path| format!("{path}: ")).unwrap_or_default();
                let place = told.position.map(|at| format!(" (at {at})")).unwrap_or_default();
                escape::terminal(&format!("{about}{}{place} [{}]", told.message, told.kind.name())).into_owned()
            }
        }
    }

    /// Prints the failure to standard error, and with `json` as one object to standard output.
    pub(crate) fn print(&self, console: &mut Console, json: bool) {
        let Self::Told(told) = self else { return };
        let (error, help) = (console.style.error, console.style.label);
        // A failure to report a failure has nowhere to go.
        _ = console.out.flush();
        console.note(format_args!("{error}error:{error:#} {}", self.line()));
        console.note(format_args!("{help}help:{help:#} {}", escape::terminal(&told.help)));
        if json {
            self.print_json(console);
        }
    }

    /// Prints the failure as one object to standard output.
    pub(crate) fn print_json(&self, console: &mut Console) {
        if matches!(self, Self::BrokenPipe) {
            return;
        }
        let object = json!({ "error": self.to_json() });
        _ = writeln!(console.out, "{object}");
        _ = console.out.flush();
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Told(Box::new(Told {
            kind: error.kind(),
            message: error.message().to_owned(),
            position: error.position(),
            about: None,
            help: error.advice().to_owned(),
        }))
    }
}

impl From<bisik_store::Error> for Failure {
    fn from(error: bisik_store::Error) -> Self {
        let path = error.path().to_owned();
        let inner = error.into_inner();
        // What the system says is worth more than that it failed.
        let system = std::error::Error::source(&inner).and_then(|source| source.downcast_ref::<io::Error>());
        match system {
            Some(system) if inner.kind() == ErrorKind::Io => Self::io(&path, system),
            _ => Self::from(inner).about(&path),
        }
    }
}

/// Puts the file a failure is about into it.
pub(crate) trait About<T> {
    /// Names the file.
    fn about(self, path: &Path) -> Result<T>;
}

impl<T> About<T> for bisik::Result<T> {
    fn about(self, path: &Path) -> Result<T> {
        self.map_err(|error| Failure::from(error).about(path))
    }
}

impl<T> About<T> for io::Result<T> {
    fn about(self, path: &Path) -> Result<T> {
        self.map_err(|error| Failure::io(path, &error))
    }
}

/// A message for a usage error that names one option.
pub(crate) fn needs(option: impl Display, what: impl Display) -> Failure {
    Failure::usage(format!("{option} {what}"), "see --help")
}
