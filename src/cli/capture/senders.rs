//! Who sent what: the ports of participants for a run over captures, and what is inferred without one.

use std::collections::BTreeMap;

use super::Capture;
use super::jobs::Job;
use crate::capture::{Ports, ProxyOptions, Recording, UpstreamProxy};
use crate::cli::ui::Ui;
use crate::error::{Error, ErrorKind, counted};
use crate::settings::Port;
use crate::trace::Trace;

/// The variable with the password that lets processes of other users use the ports.
const PASSWORD: &str = "DOCGEN_PROXY_PASSWORD";

impl Capture {
    /// Opens the ports of all that will be recorded, from before the first command until they are closed;
    /// `None` where the settings name none.
    pub(super) fn open_ports(&self, jobs: &[Job]) -> Result<Option<Ports>, Vec<Error>> {
        let ports: Vec<Port> = jobs.iter().flat_map(|job| job.settings.ports.iter().cloned()).collect();
        if ports.is_empty() {
            return Ok(None);
        }
        let password = std::env::var(PASSWORD).ok().filter(|password| !password.is_empty());
        let env: Vec<_> = std::env::vars_os().collect();
        let options = ProxyOptions {
            upstream: UpstreamProxy::of(&env),
            temp_dir: std::env::temp_dir(),
            ..ProxyOptions::default()
        };
        let nothing_ran = |error: Error| match error.help() {
            Some(help) => {
                let help = format!("nothing was run; {help}");
                error.hint(help)
            }
            None => error.hint("nothing was run"),
        };
        Ports::open(&ports, password, &options)
            .map(Some)
            .map_err(|errors| errors.into_iter().map(nothing_ran).collect())
    }

    /// Names who sent what came in without a port of its own, as far as it can be told; gives how many.
    pub(super) fn name_senders(&self, job: &Job, recorded: &Recording, trace: &mut Trace) -> usize {
        let by_nesting = match job.settings.capture.infer_senders {
            Some(false) => return 0,
            by_nesting => by_nesting == Some(true),
        };
        let profile = self.profile(job);
        let participants = &job.settings.participants;
        recorded.exchanges.infer_senders(trace, by_nesting, participants, profile.as_deref())
    }

    /// The same, and says so.
    pub(super) fn infer_senders(&self, job: &Job, recorded: &Recording, trace: &mut Trace, ui: &Ui) {
        let count = self.name_senders(job, recorded, trace);
        if count == 0 {
            return;
        }
        let mut senders: BTreeMap<&str, usize> = BTreeMap::new();
        for exchange in trace.exchanges.iter().filter(|exchange| exchange.from_inferred) {
            *senders.entry(exchange.from.as_deref().unwrap_or_default()).or_default() += 1;
        }
        let senders: Vec<String> = senders.iter().map(|(name, count)| format!("{name} {count}")).collect();
        let message = format!(
            "who sent {} is inferred from what was under way meanwhile: {}",
            counted(count, "exchange"),
            senders.join(", ")
        );
        ui.notices(&[Error::new(ErrorKind::Capture, message).hint(
            "the trace marks them with `_fromInferred`; a port of the service's own tells for sure (the guide, under \
             \"What services ask each other\")",
        )]);
    }
}
