//! Finds out that a command waits for a signal: it, or something that it started, is stopped.
//!
//! A stopped process says nothing and uses nothing; from outside it looks like a slow server. On Linux all
//! that the command started is looked at, as `/proc` lists it, elsewhere the command itself. What it leaves
//! out: a process that a debugger has stopped, which a person sees to, and what became a daemon.

use rustix::process::Pid;

/// A process that is stopped, until somebody sends it SIGCONT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Its id.
    pub process: u32,
    /// The name of its program, where that can be told.
    pub program: Option<String>,
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {}", self.process)?;
        match &self.program {
            Some(program) => write!(f, " ({program})"),
            None => Ok(()),
        }
    }
}

/// The first process that is stopped, of `command` and all that it started.
#[cfg(target_os = "linux")]
pub(super) fn find(command: Pid) -> Option<Stopped> {
    let mut pending = vec![command.as_raw_nonzero().get().cast_unsigned()];
    while let Some(process) = pending.pop() {
        // It may be gone by now.
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{process}/stat")) else { continue };
        // `ID (NAME) STATE …`, where the name may hold anything (proc_pid_stat(5)).
        let Some((name, rest)) = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')) else {
            continue;
        };
        if rest.trim_start().starts_with('T') {
            return Some(Stopped { process, program: Some(name.to_owned()) });
        }
        for task in std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            pending.extend(children.split_ascii_whitespace().filter_map(|id| id.parse::<u32>().ok()));
        }
    }
    None
}

/// Whether `command` is stopped.
#[cfg(not(target_os = "linux"))]
pub(super) fn find(command: Pid) -> Option<Stopped> {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    // Its state is looked at and left, for whoever waits for its end.
    let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let state = waitid(WaitId::Pid(command), options).ok().flatten()?;
    let process = command.as_raw_nonzero().get().cast_unsigned();
    state.stopped().then_some(Stopped { process, program: None })
}
