//! Requests that are of no interest by the host that they go to: update checks, telemetry.
//!
//! They go where they would go without docgen, and nothing of them is recorded, nor what goes wrong with
//! them; how many there were is told. What goes to such a host through a tunnel stays closed, so that the
//! client sees the server's own certificate. Hosts are named as in `no_proxy`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::recorder::Recorder;
use super::spool::Spool;
use super::upstream::{Server, covers};
use crate::error::{Error, ErrorKind, Result, counted};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A request that the proxy read.
    Request,
    /// A connection whose requests are closed to it.
    Connection,
}

/// The hosts, and what was left out.
pub(super) struct Ignored {
    hosts: Vec<String>,
    counts: Mutex<BTreeMap<(String, Kind), usize>>,
    /// Takes what nobody wants.
    pub(super) recorder: Recorder,
}

impl Ignored {
    /// `spool` stays empty.
    ///
    /// # Errors
    /// When one of `hosts` is none.
    pub(super) fn new(hosts: &[String], spool: Spool) -> Result<Ignored> {
        if let Some(wrong) = hosts.iter().find(|host| !is_host(host)) {
            return Err(Error::new(ErrorKind::Setting, format!("`{wrong}` is no host to ignore")).hint(
                "a host, a domain or an address, with or without a port, as in no_proxy: `pypi.org`, `.example.org`, `10.0.0.0/8`",
            ));
        }
        let hosts = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        Ok(Ignored { hosts, counts: Mutex::default(), recorder: Recorder::of_nothing(spool) })
    }

    /// Whether what goes to `server` is left out; it is counted then.
    pub(super) fn takes(&self, server: &Server, kind: Kind) -> bool {
        let is_ignored = self.hosts.iter().any(|host| covers(host, server));
        if is_ignored {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            *counts.entry((server.host.to_ascii_lowercase(), kind)).or_default() += 1;
        }
        is_ignored
    }

    /// What was left out, if anything was, as a remark.
    pub(super) fn told(&self) -> Option<Error> {
        let message = format!("left out, as `ignore_hosts` says: {}", self.counts()?);
        Some(Error::new(ErrorKind::Capture, message))
    }

    /// How much was left out of what goes where.
    pub(super) fn counts(&self) -> Option<String> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let told: Vec<String> = counts
            .iter()
            .map(|((host, kind), count)| {
                let name = match kind {
                    Kind::Request => "request",
                    Kind::Connection => "connection",
                };
                format!("{} to {host}", counted(*count, name))
            })
            .collect();
        (!told.is_empty()).then(|| told.join(", "))
    }
}

fn is_host(host: &str) -> bool {
    !host.trim().is_empty()
        && !host.contains(|c: char| c.is_whitespace() || c.is_control() || c == ',')
        && !host.contains("://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(hosts: &[&str]) -> Result<Ignored> {
        let spool = Spool::new("/tmp".as_ref(), &ring::rand::SystemRandom::new())?;
        Ignored::new(&hosts.iter().map(|&host| host.to_owned()).collect::<Vec<_>>(), spool)
    }

    #[test]
    fn hosts_are_named_as_in_no_proxy_and_counted() {
        let ignored = of(&["PyPI.org", ".telemetry.example", "10.0.0.0/8"]).unwrap();
        let takes =
            |host: &str, kind| ignored.takes(&Server { host: host.to_owned(), port: 443, tls: true }, kind);
        assert!(takes("pypi.org", Kind::Connection) && takes("pypi.ORG", Kind::Connection));
        assert!(takes("a.telemetry.example", Kind::Request) && takes("10.1.2.3", Kind::Request));
        assert!(!takes("notpypi.org", Kind::Request));
        assert_eq!(
            ignored.told().unwrap().message(),
            "left out, as `ignore_hosts` says: 1 request to 10.1.2.3, 1 request to a.telemetry.example, \
             2 connections to pypi.org"
        );
        assert!(of(&[]).unwrap().told().is_none());
        for wrong in ["", "http://h/", "a b", "a,b"] {
            assert!(of(&[wrong]).is_err(), "{wrong}");
        }
    }
}
