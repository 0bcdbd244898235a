//! What was recorded, put into the capture's folder.

use std::borrow::Cow;

use super::jobs::{Given, Job};
use super::stable::Stable;
use super::{Capture, labels};
use crate::capture::Recording;
use crate::cli::recording::{put, tell_replaced};
use crate::cli::ui::Ui;
use crate::error::{Error, Result, counted};
use crate::files::Root;
use crate::page::carried::Carried;
use crate::page::first_settings::{self, NewCapture};
use crate::source::har;
use crate::text_file::read_text;
use crate::toml_file::{string as quoted, with_value};

impl Capture {
    /// Writes what was recorded, with the values of the recording that is there, into the capture's folder, and
    /// options for the next time where the capture is alone. What is only compared goes aside, as it is.
    pub(super) fn keep(
        &self,
        job: &Job,
        given: &Given<'_>,
        recorded: &Recording,
        stable: &mut Stable,
        ui: &Ui,
    ) -> Result<String> {
        let (mut trace, mut tally) = recorded.exchanges.trace_and_tally()?;
        self.infer_senders(job, recorded, &mut trace, ui);
        let count = counted(recorded.exchanges.len(), "exchange");
        let mut told = format!("{count} in {:.2} s", recorded.elapsed.as_secs_f64());
        if let Some(aside) = &stable.aside {
            let root = Root::create(aside).map_err(|error| Error::io("make", aside, error))?;
            let files = [("output.txt", recorded.output.as_str()), ("trace.har", &har::write::write(&trace))];
            put(&root, &aside.join(&job.path), &files)?;
            return Ok(told);
        }
        let mut output = Cow::Borrowed(recorded.output.as_str());
        let mut before = self.compare_with_old(job, given, (&trace, &output), stable, ui)?;
        if let Some((kept, words)) = before.as_mut().and_then(|before| before.kept.take()) {
            trace = kept.trace;
            output = Cow::Owned(kept.output.unwrap_or_default());
            told = format!("{told}, {words}");
        }
        let har = har::write::write(&trace);
        let settings;
        let mut carried = Carried::default();
        let mut files = vec![("output.txt", &*output)];
        if let Some(words) = &job.new {
            let named = self.named_profile(job);
            let profile = self.profile(job);
            let shell = self.shell || job.settings.capture.shell == Some(true);
            let public = recorded.exchanges.redacted_command(words, shell, &mut tally);
            if public != *words {
                ui.warn(format_args!(
                    "the command holds a secret, which capture.toml does not get: give it in the environment, and mend `command`"
                ));
            }
            let by_value;
            let (said, given) = match &before {
                Some(before) => (&before.settings_now, &before.given_now),
                None => {
                    by_value = given.by_value(str::to_owned);
                    (&job.settings, &by_value)
                }
            };
            let text = first_settings::settings_text(&NewCapture {
                command: &public,
                shell,
                is_shell_said: job.kept.says_capture,
                trace: &trace,
                names_profile: named,
                profile: profile.as_deref(),
                said,
                given,
            });
            let file = job.folder.join("capture.toml");
            let mut text = job.kept.added_to(&file, &text)?;
            if shell {
                text = with_value(&file, &text, "capture", "shell", true)?;
            }
            settings = self.with_options(job, text)?;
            files.push(("capture.toml", &settings));
        } else {
            let file = job.folder.join("capture.toml");
            // A command may be that of a docgen.toml above.
            let old = if file.exists() { read_text(&file)? } else { String::new() };
            let mut text = old.clone();
            if let Some(before) = before.filter(|_| !job.settings.labels.is_empty()) {
                (text, carried) = self.with_carried_labels(job, &old, &before, &trace, ui);
            }
            if job.is_alone && (self.exit.is_some() || !self.ignore_host.is_empty()) {
                text = self.with_options(job, text)?;
            }
            settings = text;
            files.extend((settings != old).then_some(("capture.toml", &*settings)));
        }
        files.push(("trace.har", &har));
        let root = Root::create(&self.captures).map_err(|error| Error::io("make", &self.captures, error))?;
        put(&root, &job.folder, &files)?;
        for (name, _) in &files {
            ui.detail(format_args!("wrote {}", job.folder.join(name).display()));
        }
        tell_replaced(&tally, ui);
        labels::tell(&carried, ui);
        Ok(told)
    }

    /// `text`, the capture's settings, with the exit status that is expected from now on and the hosts that
    /// are ignored.
    fn with_options(&self, job: &Job, mut text: String) -> Result<String> {
        let file = job.folder.join("capture.toml");
        let capture = &job.settings.capture;
        if let Some(exit) = self.exit.map(i32::from).filter(|&exit| exit != capture.exit.unwrap_or(0)) {
            text = with_value(&file, &text, "capture", "exit", exit)?;
        }
        let hosts = self.ignored_hosts(job);
        if hosts != capture.ignore_hosts.as_deref().unwrap_or_default() {
            text = with_value(&file, &text, "capture", "ignore_hosts", Hosts(&hosts))?;
        }
        Ok(text)
    }
}

/// Hosts as settings write them.
#[derive(Clone, Copy)]
struct Hosts<'h>(&'h [String]);

impl std::fmt::Display for Hosts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let quoted: Vec<String> = self.0.iter().map(|host| quoted(host)).collect();
        write!(f, "[{}]", quoted.join(", "))
    }
}

impl From<Hosts<'_>> for toml::Value {
    fn from(hosts: Hosts<'_>) -> toml::Value {
        hosts.0.to_vec().into()
    }
}
