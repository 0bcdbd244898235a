//! An address where docgen may listen.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::Deserialize;

/// An address of the loopback interface, with a port: nobody on another machine reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Loopback(SocketAddr);

impl Loopback {
    /// The address.
    pub fn address(self) -> SocketAddr {
        self.0
    }
}

impl TryFrom<String> for Loopback {
    type Error = String;

    fn try_from(text: String) -> Result<Loopback, String> {
        let named = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
        let named = named.map(|port: u16| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
        let Some(address) = named.or_else(|| text.parse().ok()) else {
            return Err(format!("`{text}` is no address to listen on: write `127.0.0.1:9301`"));
        };
        if !address.ip().is_loopback() {
            return Err(format!(
                "docgen listens on the loopback interface only, and `{}` is not on it: write `127.0.0.1:{}`",
                address.ip(),
                address.port()
            ));
        }
        if address.port() == 0 {
            return Err("a service has to know its port beforehand: choose one, from 1024 on".to_owned());
        }
        Ok(Loopback(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_loopback_interface_is_taken() {
        for (text, address) in [
            ("127.0.0.1:9301", "127.0.0.1:9301"),
            ("127.8.0.1:1", "127.8.0.1:1"),
            ("localhost:9301", "127.0.0.1:9301"),
            ("[::1]:9301", "[::1]:9301"),
        ] {
            let read = Loopback::try_from(text.to_owned()).map(Loopback::address);
            assert_eq!(read, Ok(address.parse().unwrap()));
        }
        for wrong in
            ["0.0.0.0:9301", "[::]:9301", "192.0.2.1:9301", "127.0.0.1:0", "127.0.0.1", "9301", "", "h:1"]
        {
            assert!(Loopback::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
