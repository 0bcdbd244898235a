//! Ports for servers that are started later, or never.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// An address of the loopback where nobody listens.
///
/// A port that a system gives to who asks for any goes to the next who asks, once it is let go: to the proxy of another
/// test, which then has strange clients. Systems give none below 32768 (Linux) or 49152 (RFC 6335, section 6).
pub(crate) fn nobody() -> SocketAddr {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    // Tests run as processes of their own or as threads of one.
    let begin = std::process::id().wrapping_mul(37);
    let mut ports = std::iter::repeat_with(|| {
        let offset = begin.wrapping_add(ASKED.fetch_add(1, Ordering::Relaxed)) % 20_000;
        SocketAddr::from((Ipv4Addr::LOCALHOST, 10_000 + offset as u16))
    });
    ports.find(|address| TcpListener::bind(address).is_ok()).expect("some port is free")
}
