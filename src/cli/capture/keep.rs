//! What was recorded, put into the capture's folder.

use super::jobs::Job;
use super::{Capture, labels};
use crate::capture::Recording;
use crate::cli::recording::{self, put, tell_replaced};
use crate::cli::ui::Ui;
use crate::error::{Error, Result, counted};
use crate::files::Root;
use crate::page::carried::Carried;
use crate::page::first_settings;
use crate::source::har;
use crate::text_file::read_text;
use crate::toml_file::{string as quoted, with_value};

impl Capture {
    /// Writes what was recorded into the capture's folder, and options for the next time where the capture
    /// is alone.
    pub(super) fn keep(&self, job: &Job, recorded: &Recording, is_alone: bool, ui: &Ui) -> Result<String> {
        let (mut trace, mut tally) = recorded.exchanges.trace_and_tally()?;
        self.infer_senders(job, recorded, &mut trace, ui);
        let har = har::write::write(&trace);
        let settings;
        let mut carried = Carried::default();
        let mut files = vec![("output.txt", recorded.output.as_str())];
        if let Some(words) = &job.new {
            let named = self.named_profile(job);
            let of_settings = job.settings.profile.as_ref().map(|profile| profile.value.as_str());
            let profile = named.or(of_settings).and_then(|name| recording::profile(&self.captures, name));
            let shell = self.shell || job.settings.capture.shell == Some(true);
            let public = recorded.exchanges.redacted_command(words, shell, &mut tally);
            if public != *words {
                ui.warn(format_args!(
                    "the command holds a secret, which capture.toml does not get: give it in the environment, and mend `command`"
                ));
            }
            let text = first_settings::settings_text(
                &public,
                shell && job.kept.is_empty(),
                &trace,
                named,
                profile.as_deref(),
                &job.settings.participants,
            );
            let mut text = format!("{text}{}", job.kept);
            if shell {
                text = with_value(&job.folder.join("capture.toml"), &text, "capture", "shell", true)?;
            }
            settings = self.with_options(job, text)?;
            files.push(("capture.toml", &settings));
        } else {
            let file = job.folder.join("capture.toml");
            // A command may be that of a docgen.toml above.
            let old = if file.exists() { read_text(&file)? } else { String::new() };
            let (mut text, found) = self.with_carried_labels(job, &old, &trace, ui);
            carried = found;
            if is_alone && (self.exit.is_some() || !self.ignore_host.is_empty()) {
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
        let count = counted(recorded.exchanges.len(), "exchange");
        Ok(format!("{count} in {:.2} s", recorded.elapsed.as_secs_f64()))
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
