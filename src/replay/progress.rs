//! How far a replay has come, for a person at a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often a bar is drawn anew while nothing else moves it.
const REDRAWN: Duration = Duration::from_millis(200);

/// A bar on standard error, or none. Clones move the same bar.
#[derive(Clone, Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar of `total` steps; none when it is to be quiet, or standard error is no terminal.
    #[must_use]
    pub fn new(what: &'static str, total: usize, quiet: bool) -> Self {
        let total = u64::try_from(total).unwrap_or(u64::MAX);
        let bar = if quiet {
            ProgressBar::hidden()
        } else {
            ProgressBar::new(total)
        };
        let style = ProgressStyle::with_template(
            "{msg:16} {bar:32} {human_pos} of {human_len}, {elapsed}, {eta} to go",
        );
        let bar = bar
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
            .with_message(what);
        if !bar.is_hidden() {
            bar.enable_steady_tick(REDRAWN);
        }
        Self(bar)
    }

    /// So many steps were made.
    pub fn inc(&self, steps: usize) {
        self.0.inc(u64::try_from(steps).unwrap_or(u64::MAX));
    }

    /// It has come to step `done` of `total`.
    pub fn at(&self, done: usize, total: usize) {
        self.0.set_length(u64::try_from(total).unwrap_or(u64::MAX));
        self.0.set_position(u64::try_from(done).unwrap_or(u64::MAX));
    }

    /// All is done: the bar goes, and leaves the terminal to what follows.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
