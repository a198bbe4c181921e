//! Standard output and standard error, with the styles they can show.

use std::fmt::Arguments;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use bisik::Timestamp;

use crate::failure::{Failure, Result};

/// How far the demo sets the output of its steps in.
pub(crate) const INDENT: u16 = 2;

/// Where a command writes, and what time it believes.
pub(crate) struct Console {
    /// Results.
    pub(crate) out: Box<dyn Write>,
    /// Progress and summaries.
    pub(crate) err: Box<dyn Write>,
    /// Styles for results.
    pub(crate) out_style: Styles,
    /// Styles for summaries.
    pub(crate) style: Styles,
    /// Columns of the terminal behind `out`, if it is one.
    pub(crate) width: Option<u16>,
    /// Whether a progress bar may be drawn on the real standard error.
    pub(crate) progress: bool,
    now: Option<u64>,
}

/// A few styles; all empty where colour is not wanted.
#[derive(Clone, Copy, Default)]
pub(crate) struct Styles {
    /// Headings.
    pub(crate) head: Style,
    /// Names of fields.
    pub(crate) label: Style,
    /// What went well.
    pub(crate) good: Style,
    /// What needs attention.
    pub(crate) warn: Style,
    /// What failed.
    pub(crate) error: Style,
    /// What can be skipped.
    pub(crate) dim: Style,
    /// What one could type.
    pub(crate) code: Style,
}

impl Styles {
    const COLOUR: Self = Self {
        head: Style::new().bold(),
        label: AnsiColor::Cyan.on_default(),
        good: AnsiColor::Green.on_default().bold(),
        warn: AnsiColor::Yellow.on_default().bold(),
        error: AnsiColor::Red.on_default().bold(),
        dim: Style::new().dimmed(),
        code: AnsiColor::Cyan.on_default().bold(),
    };

    fn of(choice: ColorChoice) -> Self {
        if choice == ColorChoice::Never { Self::default() } else { Self::COLOUR }
    }
}

impl Console {
    /// The process's own streams.
    pub(crate) fn standard() -> Self {
        let stdout = io::stdout();
        let stderr = io::stderr();
        let width = if stdout.is_terminal() { terminal_size::terminal_size().map(|(width, _)| width.0) } else { None };
        let out_choice = AutoStream::choice(&stdout);
        let err_choice = AutoStream::choice(&stderr);
        Self {
            out_style: Styles::of(out_choice),
            style: Styles::of(err_choice),
            width,
            progress: stderr.is_terminal(),
            // Without colour nothing needs to be translated on the way.
            out: match out_choice {
                ColorChoice::Never => Box::new(BufWriter::with_capacity(1 << 16, stdout)),
                choice => Box::new(BufWriter::with_capacity(1 << 16, AutoStream::new(stdout, choice))),
            },
            err: Box::new(AutoStream::new(stderr, err_choice)),
            now: None,
        }
    }

    /// A console whose two streams are others; for the steps of the demo.
    pub(crate) fn inner(&self, out: Box<dyn Write>, err: Box<dyn Write>, to_file: bool) -> Self {
        Self {
            out,
            err,
            out_style: if to_file { Styles::default() } else { self.out_style },
            style: self.out_style,
            width: if to_file { None } else { self.width.map(|width| width.saturating_sub(INDENT)) },
            progress: false,
            now: self.now,
        }
    }

    /// Fixes the time; for reproducible tests.
    pub(crate) fn set_now(&mut self, seconds: Option<u64>) {
        self.now = seconds;
    }

    /// The time that counts: the one given, else the system's clock.
    pub(crate) fn now(&self) -> Result<Timestamp> {
        let seconds = match self.now {
            Some(seconds) => seconds,
            None => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_err(|_| Failure::from(bisik::Error::from(bisik::ErrorKind::ClockWentBack)))?
                .as_secs(),
        };
        Ok(Timestamp::from_seconds(seconds)?)
    }

    /// The time that was fixed, if one was.
    pub(crate) fn fixed_time(&self) -> Result<Option<Timestamp>> {
        Ok(self.now.map(Timestamp::from_seconds).transpose()?)
    }

    /// One line to standard error. If nobody can read it, work goes on.
    pub(crate) fn note(&mut self, line: Arguments<'_>) {
        _ = writeln!(self.err, "{line}");
    }

    /// One line to standard output.
    pub(crate) fn line(&mut self, line: Arguments<'_>) -> Result<()> {
        writeln!(self.out, "{line}").map_err(|error| Failure::stream(&error))
    }

    /// Ends standard output.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.out.flush().map_err(|error| Failure::stream(&error))
    }
}
