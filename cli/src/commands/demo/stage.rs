//! The stage of the demo: prints what happens and runs command lines as if they were typed.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bisik::ErrorKind;

use crate::console::Console;
use crate::failure::{About, Failure, Result};

/// How wide text is set.
const WIDTH: usize = 88;

/// The stage.
pub(super) struct Stage<'a> {
    console: &'a mut Console,
    out: Shared,
    step: u32,
}

/// One writer for several consoles.
#[derive(Clone)]
struct Shared(Rc<RefCell<Box<dyn Write>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}

/// Sets every line in by two blanks.
struct SetIn {
    inner: Shared,
    at_start: bool,
}

impl Write for SetIn {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for line in bytes.split_inclusive(|&b| b == b'\n') {
            if self.at_start && line != b"\n" {
                self.inner.write_all(b"  ")?;
            }
            self.inner.write_all(line)?;
            self.at_start = line.ends_with(b"\n");
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<'a> Stage<'a> {
    /// Takes the console's standard output for everything that is shown.
    pub(super) fn new(console: &'a mut Console) -> Self {
        let out = std::mem::replace(&mut console.out, Box::new(io::sink()));
        Self { console, out: Shared(Rc::new(RefCell::new(out))), step: 0 }
    }

    /// A numbered heading.
    pub(super) fn heading(&mut self, text: &str) -> Result<()> {
        self.step += 1;
        let head = self.console.out_style.head;
        self.show(&format!("{head}{}. {text}{head:#}\n\n", self.step))
    }

    /// A heading without a number.
    pub(super) fn title(&mut self, text: &str) -> Result<()> {
        let head = self.console.out_style.head;
        self.show(&format!("{head}{text}{head:#}\n\n"))
    }

    /// A paragraph, broken into lines.
    pub(super) fn say(&mut self, text: &str) -> Result<()> {
        let mut line = String::new();
        let mut lines = String::new();
        for word in text.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
                lines.push_str(&line);
                lines.push('\n');
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.show(&format!("{lines}{line}\n\n"))
    }

    /// Shows a command line that is not run.
    pub(super) fn show_only(&mut self, line: &str) -> Result<()> {
        self.typed(line)?;
        self.show("\n")
    }

    fn typed(&mut self, line: &str) -> Result<()> {
        let (dim, code) = (self.console.out_style.dim, self.console.out_style.code);
        self.show(&format!("{dim}${dim:#} {code}{}{code:#}\n", broken(line)))
    }

    /// Shows a `bisik` command line and runs it; its exit code must be `expected`.
    pub(super) fn run(&mut self, line: &str, expected: u8) -> Result<Duration> {
        self.typed(line)?;
        let (line, redirect) = match line.split_once(" > ") {
            Some((line, file)) => (line, Some(file)),
            None => (line, None),
        };
        let arguments: Vec<OsString> = words(line).into_iter().map(OsString::from).collect();
        let err = Box::new(SetIn { inner: self.out.clone(), at_start: true });
        let out: Box<dyn Write> = match redirect {
            Some(file) => Box::new(BufWriter::new(File::create(file).about(Path::new(file))?)),
            None => Box::new(SetIn { inner: self.out.clone(), at_start: true }),
        };
        let mut inner = self.console.inner(out, err, redirect.is_some());
        let started = Instant::now();
        let code = crate::enter(&arguments, &mut inner);
        let took = started.elapsed();
        if code != expected {
            return Err(Failure::new(
                ErrorKind::InvalidArgument,
                format!("this step ended with exit code {code}, not {expected}"),
            )
            .help("the demo is broken: please report it"));
        }
        let dim = self.console.out_style.dim;
        self.show(&format!("  {dim}exit code {code}{dim:#}\n\n"))?;
        Ok(took)
    }

    /// Ends the show.
    pub(super) fn finish(mut self) -> Result<()> {
        self.out.flush().map_err(|error| Failure::stream(&error))
    }

    fn show(&mut self, text: &str) -> Result<()> {
        self.out.write_all(text.as_bytes()).map_err(|error| Failure::stream(&error))
    }
}

/// The line over several lines, as a shell would take it.
fn broken(line: &str) -> String {
    let mut shown = String::new();
    let mut width = 2;
    for (index, part) in line.split(" --").enumerate() {
        let part = if index == 0 { part.to_owned() } else { format!(" --{part}") };
        if index > 0 && width + part.len() > WIDTH {
            shown.push_str(" \\\n     ");
            width = 5;
        }
        width += part.len();
        shown.push_str(&part);
    }
    shown
}

/// The words of a line; single quotes keep blanks.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_blanks_together() {
        assert_eq!(words("a --name 'b c' d"), ["a", "--name", "b c", "d"]);
    }

    #[test]
    fn long_lines_break_before_options() {
        let line = format!("bisik publish {} --one x --two y", "i".repeat(80));
        assert!(broken(&line).lines().all(|line| line.len() <= 100));
        assert_eq!(words(&broken(&line).replace("\\\n", "")), words(&line));
    }
}
