//! Recordings that are only compared: whether commands still do what their captures say (`--check`), and what
//! varies from one run to the next (`--learn`).
//!
//! They lie in a folder of temporary files while they are compared; the captures are not touched.

use std::path::PathBuf;

use super::Capture;
use super::plan::Plan;
use super::stable::Stable;
use crate::cli::NEEDS_A_PERSON;
use crate::cli::diff::{jobs as threads, one_line, short, show, step};
use crate::cli::ui::Ui;
use crate::diff::learn::{Proposals, Setting, Varied};
use crate::error::{Error, Result, counted};
use crate::site::diff::diff_recorded;
use crate::toml_file::string as quoted;

impl Capture {
    /// Records, and says what the commands do otherwise than the captures say.
    pub(super) fn check(&self, plan: Plan, ui: &Ui) -> Result<u8> {
        let aside = Aside::new()?;
        let (status, new) = self.record_aside(plan, &aside, "new", ui)?;
        let Some(new) = new else { return Ok(status) };
        let report = diff_recorded(&self.captures, None, &new, threads())?;
        Ok(show(&report, self.format, ui).max(status))
    }

    /// Records twice, and proposes settings for what varies.
    pub(super) fn learn(&self, plan: Plan, ui: &Ui) -> Result<u8> {
        let aside = Aside::new()?;
        let (first_status, first) = self.record_aside(plan, &aside, "first", ui)?;
        let again = match self.plan(ui) {
            Ok(plan) => plan,
            Err(errors) => {
                ui.errors(&errors);
                return Ok(NEEDS_A_PERSON);
            }
        };
        let (status, second) = self.record_aside(again, &aside, "second", ui)?;
        let status = status.max(first_status);
        let (Some(first), Some(second)) = (first, second) else { return Ok(status) };
        let report = diff_recorded(&self.captures, Some(&first), &second, threads())?;
        ui.errors(&report.diagnostics);
        let captures = report.captures.iter().map(|capture| (&*capture.name, &*capture.changes));
        let proposals = Proposals::of(captures);
        ui.data(&lines(&proposals));
        for Varied { capture, change } in &proposals.others {
            let what = one_line(&crate::cli::diff::what(change));
            ui.say(format_args!("note: {capture}: varies too, and is not set aside: {what}"));
        }
        let count = proposals.settings.len();
        ui.say(format_args!(
            "{} to look at; two runs do not tell what is made anew from what changed meanwhile",
            counted(count + proposals.others.len(), "difference")
        ));
        Ok(status)
    }

    /// Records into a folder of its own; gives how it went, and the folder if anything is in it.
    fn record_aside(
        &self,
        mut plan: Plan,
        aside: &Aside,
        name: &str,
        ui: &Ui,
    ) -> Result<(u8, Option<PathBuf>)> {
        let folder = aside.0.path().join(name);
        let is_nothing_to_do = plan.jobs.is_empty();
        plan.values.forget_folder();
        let status = self.record_all(plan, Stable::aside(folder.clone()), ui)?;
        let is_there = folder.is_dir();
        let is_well = is_there || is_nothing_to_do;
        Ok((if is_well { status } else { NEEDS_A_PERSON.max(status) }, is_there.then_some(folder)))
    }
}

/// A folder of temporary files.
struct Aside(tempfile::TempDir);

impl Aside {
    fn new() -> Result<Aside> {
        let folder = std::env::temp_dir();
        let made = tempfile::Builder::new().prefix("docgen-aside-").tempdir_in(&folder);
        made.map(Aside).map_err(|error| Error::io("make a folder in", &folder, error))
    }
}

/// The proposals as settings to paste.
fn lines(proposals: &Proposals<'_>) -> String {
    let mut text = String::new();
    let of = |setting: &Setting| match setting {
        Setting::Header(name) => ("headers", name.clone()),
        Setting::Pointer(pointer) => ("pointers", pointer.clone()),
        Setting::Pattern(pattern) => ("patterns", pattern.clone()),
    };
    let mut list = "";
    for (setting, seen) in &proposals.settings {
        let (name, value) = of(setting);
        if text.is_empty() {
            text.push_str("[volatile]\n");
        }
        if name != list {
            text.push_str(if list.is_empty() { "" } else { "]\n" });
            text.push_str(&format!("{name} = [\n"));
            list = name;
        }
        text.push_str(&format!("  {},  # {}\n", quoted(&value), places(seen)));
    }
    if list.is_empty() { text } else { text + "]\n" }
}

/// Where something varied, and how it did the first time.
fn places(seen: &[Varied<'_>]) -> String {
    const NAMED: usize = 3;
    let place = |Varied { capture, change }: &Varied<'_>| match step(change) {
        Some(step) => format!("{capture} ({step})"),
        None => (*capture).to_owned(),
    };
    let mut places: Vec<String> = seen.iter().take(NAMED).map(place).collect();
    if seen.len() > NAMED {
        places.push(format!("{} more", seen.len() - NAMED));
    }
    let values = short(seen[0].change).map(Option::unwrap_or_default);
    one_line(&format!("{}: {} → {}", places.join(", "), values[0], values[1]))
}
