//! How far a replay has come, for a person at a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often a bar is drawn anew while nothing else moves it.
const REDRAWN: Duration = Duration::from_millis(200);

/// A bar on standard error, or none. Clones move the same bar.
#[derive(Clone, Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar that counts in these units; none when it is to be quiet, or standard error is no
    /// terminal.
    #[must_use]
    pub fn new(what: &'static str, units: &'static str, quiet: bool) -> Self {
        let bar = if quiet {
            ProgressBar::hidden()
        } else {
            ProgressBar::new(0)
        };
        let style = ProgressStyle::with_template(
            "{prefix:7} {bar:24} {human_pos} of {human_len} {msg}, {elapsed}, {eta} to go",
        );
        let bar = bar
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
            .with_prefix(what)
            .with_message(units);
        if !bar.is_hidden() {
            bar.enable_steady_tick(REDRAWN);
        }
        Self(bar)
    }

    /// It has come to step `done` of `total`.
    pub fn at(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
    }

    /// All is done: the bar goes, and leaves the terminal to what follows.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
