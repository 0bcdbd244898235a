//! `docgen render`

use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;

use super::ui::Ui;
use super::{Folders, NEEDS_A_PERSON, Trust, status};
use crate::error::{Error, Result};
use crate::site::{Options, Report, Stale, render, watch};

/// Make the pages of all captures
#[derive(Debug, Args)]
#[command(after_help = "\
A capture is a folder with a trace.har or trace.log; its path below CAPTURES is its page's path
below DOCS. A page that is as it should be is not written again. A file that docgen did not
write, or that was edited since, is named and left alone. Where a capture is gone its page goes,
and is named. Nothing is read or written through a link that leads out of the two folders.

Examples:
  docgen render captures docs
  docgen render                          both folders as CAPTURES/docgen.toml names them
  docgen render captures docs --check    write nothing; exit 1 with a diff where pages are stale
  docgen render captures docs --jobs 1   on one thread; the pages are the same
  docgen render captures docs --watch    and again after every change, until it is stopped")]
pub(super) struct Render {
    #[command(flatten)]
    folders: Folders,
    /// How many captures are worked on at a time [default: one a processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Write nothing; print a diff of what would change, and exit with 1 if anything would
    #[arg(long)]
    check: bool,
    /// Replace files that docgen did not write, or that were edited by hand
    #[arg(long, conflicts_with = "check")]
    force: bool,
    /// Remove the pages of captures that are gone, even all or most of them
    #[arg(long)]
    prune: bool,
    /// Stay, and render again after every change below CAPTURES; Ctrl-C ends it
    #[arg(long, conflicts_with_all = ["check", "force", "prune"])]
    watch: bool,
    #[command(flatten)]
    trust: Trust,
}

impl Render {
    pub(super) fn run(self, ui: &Ui) -> Result<u8> {
        let started = Instant::now();
        let jobs = self.jobs.map_or_else(
            || std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            usize::from,
        );
        let (captures, docs) = self.folders.found()?;
        let options = Options {
            captures,
            docs,
            jobs,
            check: self.check,
            force: self.force,
            prune: self.prune,
            trusted: self.trust.folders,
        };
        if self.watch {
            return watch_captures(&options, ui);
        }
        let progress = ui.progress();
        let report = render(&options, &|done, all| progress.tell(done, all))?;
        progress.finish();
        ui.errors(&report.errors);
        for stale in &report.stale {
            ui.data(&diff(stale, &options.docs));
        }
        tell_files(&report, ui);
        let time = started.elapsed();
        if options.check {
            ui.say(format_args!(
                "{} stale, {} up to date, {} failed in {:.2} s",
                report.stale.len(),
                report.unchanged,
                report.failed,
                time.as_secs_f64()
            ));
        } else {
            tell_counts(&report, time, ui);
        }
        Ok(if report.stale.is_empty() { status(&report.errors) } else { NEEDS_A_PERSON })
    }
}

/// Renders after every change, until the process is ended. An error is told when it is new.
fn watch_captures(options: &Options, ui: &Ui) -> Result<u8> {
    let mut told: Option<Vec<String>> = None;
    let Err(error) = watch(options, &mut |made, time| {
        let report = made.unwrap_or_else(|error| Report { errors: vec![error], ..Report::default() });
        let errors: Vec<String> = report.errors.iter().map(Error::to_string).collect();
        let (is_first, is_news) = (told.is_none(), told.as_ref() != Some(&errors));
        if is_news {
            ui.errors(&report.errors);
        }
        tell_files(&report, ui);
        if is_news || report.written + report.removed.len() > 0 {
            tell_counts(&report, time, ui);
        }
        if is_first {
            ui.say(format_args!("watching {}; Ctrl-C ends it", options.captures.display()));
        }
        told = Some(errors);
    });
    Err(error)
}

/// Names the files that came and went.
fn tell_files(report: &Report, ui: &Ui) {
    for file in &report.files {
        ui.detail(format_args!("wrote {}", file.display()));
    }
    for file in &report.removed {
        ui.warn(format_args!("removed {}: no capture makes it any more", file.display()));
    }
}

/// How many files were written, were right already, and went.
fn tell_counts(report: &Report, time: Duration, ui: &Ui) {
    ui.say(format_args!(
        "{} written, {} unchanged, {} removed, {} failed in {:.2} s",
        report.written,
        report.unchanged,
        report.removed.len(),
        report.failed,
        time.as_secs_f64()
    ));
}

/// What would change in a file, as a unified diff.
fn diff(stale: &Stale, docs: &Path) -> String {
    let text =
        |bytes: &Option<Vec<u8>>| String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned();
    let (old, new) = (text(&stale.old), text(&stale.new));
    let name = stale.file.strip_prefix(docs).unwrap_or(&stale.file).display();
    let header = |side: &str, bytes: &Option<Vec<u8>>| match bytes {
        Some(_) => format!("{side}/{name}"),
        None => "/dev/null".to_owned(),
    };
    similar::TextDiff::from_lines(&old, &new)
        .unified_diff()
        .header(&header("a", &stale.old), &header("b", &stale.new))
        .to_string()
}
