//! The ports of participants for a run over captures.

use super::{Capture, Job};
use crate::capture::{Ports, ProxyOptions, UpstreamProxy};
use crate::error::Error;
use crate::settings::Port;

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
}
