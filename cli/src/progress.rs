//! A progress bar on a terminal's standard error, nothing elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::console::Console;
use crate::input::Input;

/// How far the inputs have been read.
pub(crate) struct Progress {
    bar: ProgressBar,
    done: u64,
}

impl Progress {
    /// A bar over the bytes of all inputs; without an end where one has no known length.
    pub(crate) fn new(console: &Console, inputs: &[Input], doing: &'static str) -> Self {
        let length = inputs.iter().map(Input::length).sum::<Option<u64>>();
        let bar = ProgressBar::with_draw_target(length, Self::target(console)).with_message(doing);
        let template = match length {
            Some(_) => "{msg} {bar:30} {percent}% of {total_bytes}, {eta} left",
            None => "{msg} {spinner} {bytes}, {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, done: 0 }
    }

    /// A bar over so many queries.
    pub(crate) fn of_queries(console: &Console, queries: u64, doing: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(queries), Self::target(console)).with_message(doing);
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {human_pos} of {human_len} queries, {eta} left")
        {
            bar.set_style(style);
        }
        Self { bar, done: 0 }
    }

    /// A bar over so many bytes that are written.
    pub(crate) fn of_bytes(console: &Console, bytes: u64, doing: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(bytes), Self::target(console)).with_message(doing);
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {percent}% of {total_bytes}, {eta} left") {
            bar.set_style(style);
        }
        Self { bar, done: 0 }
    }

    /// The time that something takes of which no end is known.
    pub(crate) fn of_time(console: &Console, doing: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(None, Self::target(console)).with_message(doing);
        if let Ok(style) = ProgressStyle::with_template("{msg} {spinner} {elapsed}") {
            bar.set_style(style);
        }
        if console.progress {
            bar.enable_steady_tick(std::time::Duration::from_millis(200));
        }
        Self { bar, done: 0 }
    }

    fn target(console: &Console) -> ProgressDrawTarget {
        if console.progress { ProgressDrawTarget::stderr_with_hz(5) } else { ProgressDrawTarget::hidden() }
    }

    /// A bar over the bytes of one fetch, of which some may be there.
    pub(crate) fn of_fetch(console: &Console) -> Self {
        let bar = ProgressBar::with_draw_target(None, Self::target(console));
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {bytes} of {total_bytes}, {eta} left") {
            bar.set_style(style);
        }
        Self { bar, done: 0 }
    }

    /// What is fetched, and its length if it is known.
    pub(crate) fn begin(&self, what: String, length: Option<u64>) {
        self.bar.reset();
        self.bar.set_message(what);
        match length {
            Some(length) => self.bar.set_length(length),
            None => self.bar.unset_length(),
        }
    }

    /// So many queries more are answered.
    pub(crate) fn answered(&self, queries: u64) {
        self.bar.inc(queries);
    }

    /// Bytes read of the current input.
    pub(crate) fn at(&self, bytes: u64) {
        self.bar.set_position(self.done + bytes);
    }

    /// The current input is finished.
    pub(crate) fn next_input(&mut self, bytes: u64) {
        self.done += bytes;
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
