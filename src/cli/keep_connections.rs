//! `docgen keep-connections`, which no person calls: `docgen capture` starts it for what a command
//! leaves running.

use std::os::fd::AsFd;

use clap::Args;

use super::DONE;
use crate::capture;
use crate::error::{Error, Result};

/// The subcommand's name.
pub(super) const NAME: &str = "keep-connections";

/// Lets what a command left running go on to connect, until the last of it has ended
#[derive(Debug, Args)]
#[command(name = NAME, hide = true)]
pub(super) struct KeepConnections {}

impl KeepConnections {
    pub(super) fn run(self) -> Result<u8> {
        let listener = std::io::stdin().as_fd().try_clone_to_owned();
        let listener = listener.map_err(|error| Error::io("read", "standard input".as_ref(), error))?;
        capture::keep_connections(listener);
        Ok(DONE)
    }
}
