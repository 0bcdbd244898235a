//! What a person sees while docgen runs.

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};

use crate::error::{Error, ErrorKind, QUOTED, counted};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const PLACE: Style = AnsiColor::Blue.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default();

/// Prints to a person on standard error, and data on standard output.
#[derive(Debug)]
pub(super) struct Ui {
    quiet: bool,
    verbose: bool,
    has_lost_data: Cell<bool>,
}

impl Ui {
    pub(super) fn new(quiet: bool, verbose: bool) -> Ui {
        Ui { quiet, verbose, has_lost_data: Cell::new(false) }
    }

    /// Prints an error or a warning as its `Display` form, with colour where there is a terminal.
    pub(super) fn error(&self, error: &Error) {
        let mut err = anstream::stderr().lock();
        for line in error.to_string().lines() {
            // Nobody is left to tell when standard error is closed.
            let _ = if line.starts_with(QUOTED) {
                writeln!(err, "{line}")
            } else if let Some(message) = line.strip_prefix("error:") {
                writeln!(err, "{ERROR}error{ERROR:#}:{message}")
            } else if let Some(message) = line.strip_prefix("warning:") {
                writeln!(err, "{WARNING}warning{WARNING:#}:{message}")
            } else if let Some((before, place)) = line.split_once("--> ") {
                writeln!(err, "{before}{PLACE}-->{PLACE:#} {place}")
            } else if let Some((before, help)) = line.split_once("= help: ") {
                writeln!(err, "{before}{HELP}= help:{HELP:#} {help}")
            } else {
                writeln!(err, "{line}")
            };
        }
    }

    /// Prints errors, each set off from the next.
    pub(super) fn errors(&self, errors: &[Error]) {
        for error in errors {
            self.error(error);
            self.line(format_args!(""));
        }
    }

    /// Prints what a person should know and need not mend, each set off from the next.
    pub(super) fn notices(&self, notices: &[Error]) {
        if !self.quiet {
            self.reasons(notices);
        }
    }

    /// Prints what else is known of an error that is told after it.
    pub(super) fn reasons(&self, notices: &[Error]) {
        for notice in notices {
            let text = notice.to_string();
            self.line(format_args!("note{}\n", text.strip_prefix("error").unwrap_or(&text)));
        }
    }

    /// Says something that even a quiet user has to know.
    pub(super) fn warn(&self, message: std::fmt::Arguments<'_>) {
        self.line(format_args!("{WARNING}warning{WARNING:#}: {message}"));
    }

    /// A line that tells what runs, on a terminal while it does and elsewhere once.
    pub(super) fn running(&self, what: String) -> Running {
        let what = crate::error::escape_control(&what).into_owned();
        if !std::io::stderr().is_terminal() {
            self.say(format_args!("{what}"));
            return Running { bar: None, what };
        }
        let bar = (!self.quiet).then(|| ProgressBar::new_spinner().with_message(what.clone()));
        Running { bar, what }
    }

    /// Says something that a quiet user does not want to read.
    pub(super) fn say(&self, message: std::fmt::Arguments<'_>) {
        if !self.quiet {
            self.line(message);
        }
    }

    /// Says something that only a verbose user wants to read.
    pub(super) fn detail(&self, message: std::fmt::Arguments<'_>) {
        if self.verbose {
            self.line(message);
        }
    }

    /// Writes data to standard output. A reader that went away (`| head`) is no error.
    pub(super) fn data(&self, data: &str) {
        let mut out = std::io::stdout().lock();
        self.data_written(out.write_all(data.as_bytes()).and_then(|()| out.flush()));
    }

    /// Tells, once, where data could not be written to standard output. A reader that went away is no error.
    pub(super) fn data_written(&self, written: std::io::Result<()>) {
        match written {
            Err(error)
                if error.kind() != std::io::ErrorKind::BrokenPipe && !self.has_lost_data.replace(true) =>
            {
                self.error(&Error::new(ErrorKind::Io, format!("cannot write to standard output: {error}")));
            }
            _ => {}
        }
    }

    /// Writes data that has colours to standard output; the colours only to a terminal.
    pub(super) fn styled_data(&self, data: &str) {
        let is_shown = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
        if is_shown { self.data(data) } else { self.data(&anstream::adapter::strip_str(data).to_string()) }
    }

    /// Whether data could not be written, which was told.
    pub(super) fn has_lost_data(&self) -> bool {
        self.has_lost_data.get()
    }

    /// A bar that shows itself on a terminal once the work turns out to be long.
    pub(super) fn progress(&self) -> Progress {
        let shown = !self.quiet && std::io::stderr().is_terminal();
        Progress { shown, started: Instant::now(), bar: OnceLock::new() }
    }

    fn line(&self, message: std::fmt::Arguments<'_>) {
        let _ = writeln!(anstream::stderr().lock(), "{message}");
    }
}

/// A command that runs.
#[derive(Debug)]
pub(super) struct Running {
    bar: Option<ProgressBar>,
    what: String,
}

impl Running {
    /// Tells how far it is.
    pub(super) fn tell(&self, exchanges: usize, elapsed: Duration) {
        if let Some(bar) = &self.bar {
            let exchanges = counted(exchanges, "exchange");
            bar.set_message(format!("{} ({exchanges}, {:.0} s)", self.what, elapsed.as_secs_f64()));
            bar.tick();
        }
    }

    /// Says something that even a quiet user has to know, beside the line.
    pub(super) fn warn(&self, ui: &Ui, message: std::fmt::Arguments<'_>) {
        match &self.bar {
            Some(bar) => bar.suspend(|| ui.warn(message)),
            None => ui.warn(message),
        }
    }

    /// Takes the line away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Progress of work of a known length.
#[derive(Debug)]
pub(super) struct Progress {
    shown: bool,
    started: Instant,
    bar: OnceLock<ProgressBar>,
}

impl Progress {
    /// Tells that so many of all are done.
    pub(super) fn tell(&self, done: usize, all: usize) {
        const LONG: Duration = Duration::from_millis(400);
        if !self.shown || (self.bar.get().is_none() && self.started.elapsed() < LONG) {
            return;
        }
        let bar = self.bar.get_or_init(|| {
            let style = ProgressStyle::with_template("{bar:30} {pos} of {len}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(all as u64).with_style(style)
        });
        bar.set_position(done as u64);
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}
