//! Sees the connections of a command that go past the proxy.
//!
//! A client that ignores the proxy beside others that do not would be missing from
//! the recording without a word. So the kernel is asked to tell of every
//! `connect` of the command and of all that it starts, static binaries too, and
//! addresses of TCP are counted; nothing is held up or refused. It needs no rights
//! ([`seccomp`]). Where the kernel does not tell, that is said. What it leaves out:
//! what goes over these connections; UDP and Unix sockets; connections by
//! `io_uring` or TCP Fast Open, and of programs for another architecture than
//! docgen's own.

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod seccomp;
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod seccomp {
    //! No kernel that tells.

    use std::ffi::OsString;
    use std::net::SocketAddr;

    use super::WatchReport;

    pub(crate) struct Watch;

    impl Watch {
        pub(crate) fn start(_: Vec<SocketAddr>) -> std::io::Result<Watch> {
            Err(std::io::ErrorKind::Unsupported.into())
        }

        pub(crate) fn install(&mut self, _: &mut tokio::process::Command) {}

        pub(crate) fn finish(self, _: &[OsString]) -> WatchReport {
            WatchReport::default()
        }
    }
}

use std::collections::BTreeMap;
use std::net::SocketAddr;

pub(crate) use seccomp::Watch;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub use seccomp::keep_connections;

/// Keeps what a command left running able to connect: nothing has to be kept where nothing is watched.
#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
pub fn keep_connections(_: std::os::fd::OwnedFd) {}

/// The port of name lookups, which are no business of a proxy.
const DNS: u16 = 53;

/// How many addresses are named.
const NAMED: usize = 8;

/// What there was to see.
#[derive(Debug, Default)]
pub(crate) struct WatchReport {
    /// How many connections went where, past the proxy.
    past: BTreeMap<SocketAddr, usize>,
    /// How many were made by processes that docgen may not look into.
    hidden: usize,
    /// Programs of other users (`sudo`) ran without their rights: that is the price where docgen has
    /// none itself.
    pub(crate) took_rights: bool,
    /// Why the kernel did not tell.
    blind: Option<std::io::Error>,
}

impl WatchReport {
    /// Nothing, for this reason.
    pub(crate) fn blind(error: std::io::Error) -> WatchReport {
        WatchReport { blind: Some(error), ..WatchReport::default() }
    }

    /// A connection goes to `to`; docgen's own proxy listens at `proxy`.
    fn add(&mut self, to: SocketAddr, proxy: &[SocketAddr]) {
        if to.port() != DNS && to.port() != 0 && !is_proxy(to, proxy) {
            *self.past.entry(to).or_default() += 1;
        }
    }

    /// What is to be said of it, one sentence each.
    pub(crate) fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        if let Some(error) = &self.blind {
            told.push(format!(
                "connections past the proxy, if there were any, were not seen: the kernel does not tell of them ({error})"
            ));
        }
        let connections =
            |count| if count == 1 { "1 connection".to_owned() } else { format!("{count} connections") };
        let all: usize = self.past.values().sum();
        let mut past: Vec<_> = self.past.iter().collect();
        match past[..] {
            [] => {}
            [(to, _)] => told.push(format!("{} went past the proxy, to {to}", connections(all))),
            _ => {
                past.sort_by_key(|(to, count)| (std::cmp::Reverse(**count), **to));
                let mut named: Vec<String> =
                    past.iter().take(NAMED).map(|(to, count)| format!("{count} to {to}")).collect();
                if past.len() > NAMED {
                    let rest: usize = past[NAMED..].iter().map(|(_, count)| **count).sum();
                    named.push(format!("{rest} to {} others", past.len() - NAMED));
                }
                told.push(format!("{} went past the proxy: {}", connections(all), named.join(", ")));
            }
        }
        if self.hidden > 0 {
            told.push(format!(
                "{} may have gone past the proxy: docgen may not look into the process that made them",
                connections(self.hidden)
            ));
        }
        told
    }
}

/// Whether a connection to `to` reaches what listens at one of `proxy`, on the loopback interface.
fn is_proxy(to: SocketAddr, proxy: &[SocketAddr]) -> bool {
    let ip = to.ip().to_canonical();
    proxy.iter().any(|proxy| to.port() == proxy.port() && (ip == proxy.ip() || ip.is_unspecified()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_counted_by_their_address() {
        let proxy: [SocketAddr; 2] = ["127.0.0.1:4000", "127.0.0.1:9301"].map(|proxy| proxy.parse().unwrap());
        let mut report = WatchReport::default();
        let add = |to: &str, report: &mut WatchReport| report.add(to.parse().unwrap(), &proxy);
        for to in [
            "127.0.0.1:4000",
            "127.0.0.1:9301",
            "[::ffff:127.0.0.1]:4000",
            "0.0.0.0:4000",
            "10.0.0.1:53",
            "10.0.0.1:0",
        ] {
            add(to, &mut report);
        }
        assert!(report.told().is_empty(), "{report:?}");
        add("127.0.0.1:21010", &mut report);
        assert_eq!(report.told(), ["1 connection went past the proxy, to 127.0.0.1:21010"]);
        add("127.0.0.1:21010", &mut report);
        assert_eq!(report.told(), ["2 connections went past the proxy, to 127.0.0.1:21010"]);
        add("[::1]:80", &mut report);
        assert_eq!(report.told(), ["3 connections went past the proxy: 2 to 127.0.0.1:21010, 1 to [::1]:80"]);
        (1..10).for_each(|n| add(&format!("10.0.0.{n}:80"), &mut report));
        assert!(
            report.told()[0].ends_with("1 to 10.0.0.6:80, 1 to 10.0.0.7:80, 3 to 3 others"),
            "{report:?}"
        );
    }
}
