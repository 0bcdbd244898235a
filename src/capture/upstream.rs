//! The way from the proxy to a server: straight, or through a proxy that the user has already.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use rustls::pki_types::UnixTime;
use rustls::{CertificateError, ClientConfig, DistinguishedName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::UpstreamProxy;
use super::stream::{Conn, Prefixed, Stream};
use super::tls;
use super::wire;
use crate::error::{Error, ErrorKind, Result};
use crate::trace::UrlParts;

/// A server: its host without brackets around an IPv6 address, its port, and whether TLS is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: bool,
}

impl Server {
    /// The one that `authority` names, `host:port` or a host.
    pub(crate) fn parse(authority: &str, tls: bool) -> Option<Server> {
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']')?;
                (host, rest.strip_prefix(':'))
            }
            None => match authority.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let port = match port {
            None | Some("") if tls => 443,
            None | Some("") => 80,
            Some(port) => port.parse().ok()?,
        };
        (!host.is_empty()).then(|| Server { host: host.to_owned(), port, tls })
    }

    /// As it stands in a URL: the port is left out where it is the scheme's own.
    pub(crate) fn authority(&self) -> String {
        let host = self.bracketed();
        match (self.tls, self.port) {
            (false, 80) | (true, 443) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    fn bracketed(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.bracketed(), self.port)
    }
}

/// Opens connections to servers.
pub(crate) struct Connector {
    tls: Arc<ClientConfig>,
    http: Option<Via>,
    https: Option<Via>,
    bypass: Vec<String>,
    /// The servers that ask for a client's certificate, and the authorities that they name. A
    /// session that is taken up again is not asked again.
    asking: Mutex<HashMap<String, Vec<DistinguishedName>>>,
}

/// Another proxy on the way.
#[derive(Clone)]
pub(crate) struct Via {
    server: Server,
    /// The field that it wants of each request, with its line end; empty where it wants none.
    pub(crate) credentials: Vec<u8>,
}

/// Why a connection could not be opened, and what to do.
pub(crate) struct Refusal {
    pub(crate) message: String,
    pub(crate) hint: &'static str,
}

impl Connector {
    /// # Errors
    /// When a proxy's URL is none, or one of a kind that docgen does not speak.
    pub(crate) fn new(tls: Arc<ClientConfig>, upstream: &UpstreamProxy) -> Result<Connector> {
        let bypass = upstream.no_proxy.iter().flat_map(|list| list.split([',', ' ']));
        Ok(Connector {
            tls,
            http: upstream.http.as_deref().map(Via::parse).transpose()?,
            https: upstream.https.as_deref().map(Via::parse).transpose()?,
            bypass: bypass
                .map(|entry| entry.trim().to_ascii_lowercase())
                .filter(|entry| !entry.is_empty())
                .collect(),
            asking: Mutex::default(),
        })
    }

    /// The proxies on the way to servers.
    pub(super) fn proxies(&self) -> impl Iterator<Item = &Server> {
        self.http.iter().chain(&self.https).map(|via| &via.server)
    }

    /// The proxy that leads to `server`, if one does.
    pub(crate) fn via(&self, server: &Server) -> Option<&Via> {
        let via = if server.tls { self.https.as_ref() } else { self.http.as_ref() };
        via.filter(|_| !self.bypass.iter().any(|entry| covers(entry, server)))
    }

    /// A connection on which requests to `server` can be sent. Through a proxy, those without
    /// TLS are sent in the absolute form.
    pub(crate) async fn open(&self, server: &Server) -> std::result::Result<Conn, Refusal> {
        let tcp = if server.tls || self.via(server).is_none() {
            self.tunnel(server).await?
        } else {
            let via = self.via(server).expect("it was just there");
            Prefixed { prefix: bytes::Bytes::new(), inner: tcp(&via.server).await? }
        };
        if server.tls {
            self.secure(server, &server.host, tcp).await
        } else {
            Ok(Conn::new(Stream::Plain(tcp)))
        }
    }

    /// A bare connection to `server`.
    pub(crate) async fn tunnel(&self, server: &Server) -> std::result::Result<Prefixed<TcpStream>, Refusal> {
        let Some(via) = self.via(server) else {
            return Ok(Prefixed { prefix: bytes::Bytes::new(), inner: tcp(server).await? });
        };
        let mut conn = Conn::new(Stream::plain(tcp(&via.server).await?));
        let mut request = format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n").into_bytes();
        request.extend_from_slice(&via.credentials);
        request.extend_from_slice(b"\r\n");
        let refused = |why: String| Refusal {
            message: format!("the proxy {} does not lead to {server}: {why}", via.server),
            hint: "look at https_proxy and no_proxy in your environment",
        };
        conn.send(&request).await.map_err(|error| refused(error.to_string()))?;
        let end = conn.reader.head().await.map_err(|error| refused(error.to_string()))?;
        let head =
            wire::response(&conn.reader.buffer[..end], "CONNECT").map_err(|why| refused(why.to_owned()))?;
        if head.status / 100 != 2 {
            return Err(refused(format!("{} {}", head.status, head.reason)));
        }
        bytes::Buf::advance(&mut conn.reader.buffer, end);
        let stream = conn.into_stream();
        match stream.inner {
            Stream::Plain(inner) => Ok(Prefixed { prefix: stream.prefix, inner: inner.inner }),
            _ => unreachable!("the connection to a proxy was opened without TLS"),
        }
    }

    /// TLS with `server`, whose certificate must be for `name`, on a bare connection to it.
    pub(crate) async fn secure(
        &self,
        server: &Server,
        name: &str,
        tcp: Prefixed<TcpStream>,
    ) -> std::result::Result<Conn, Refusal> {
        let name = tls::server_name(name).ok_or_else(|| Refusal {
            message: format!("{name} is neither a host name nor an address"),
            hint: "look at the URL that the command was given",
        })?;
        let connector = TlsConnector::from(self.tls.clone());
        let (connected, asked) = tls::noticing_requests(connector.connect(name, tcp)).await;
        if let Some(authorities) = asked {
            self.asking().insert(server.to_string(), authorities);
        }
        match connected {
            Ok(stream) => Ok(Conn::new(Stream::Connected(Box::new(stream)))),
            Err(error) => Err(untrusted(server, &error)),
        }
    }

    /// The authorities whose certificates `server` has asked for, if it has asked.
    pub(crate) fn asks(&self, server: &Server) -> Option<Vec<DistinguishedName>> {
        self.asking().get(&server.to_string()).cloned()
    }

    fn asking(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<DistinguishedName>>> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn untrusted(server: &Server, error: &std::io::Error) -> Refusal {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(
            why @ (CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }),
        )) => Refusal {
            message: format!("the certificate of {server} is not trusted: {}", in_words(why)),
            hint: "look at the clock of this machine; have the certificate renewed; or, if you know the server, give --insecure",
        },
        Some(rustls::Error::InvalidCertificate(
            why @ (CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }),
        )) => Refusal {
            message: format!("the certificate of {server} is not trusted: {}", in_words(why)),
            hint: "ask for the server by a name that its certificate has; or, if you know the server, give --insecure",
        },
        Some(rustls::Error::InvalidCertificate(why)) => Refusal {
            message: format!("the certificate of {server} is not trusted: {}", in_words(why)),
            hint: "name the file of its certificate authority in `certificates` below `[capture]`, or in SSL_CERT_FILE; or, if you know the server, give --insecure",
        },
        Some(rustls::Error::General(why)) => Refusal {
            message: format!("the certificate of {server} is not trusted: {why}"),
            hint: "name the file of its certificate authority in `certificates` below `[capture]`, or in SSL_CERT_FILE",
        },
        _ => Refusal {
            message: format!("{server} does not speak TLS as it should: {error}"),
            hint: "look whether the URL should begin with http:// and not https://",
        },
    }
}

/// What is wrong with a certificate, to stand after a colon.
fn in_words(why: &CertificateError) -> String {
    let date = |time: &UnixTime| {
        let seconds = i64::try_from(time.as_secs()).ok();
        let date = seconds.and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0));
        date.map_or_else(|| "another time".to_owned(), |date| date.format("%Y-%m-%d %H:%M UTC").to_string())
    };
    match why {
        CertificateError::UnknownIssuer => "no authority that docgen trusts has issued it".to_owned(),
        CertificateError::Expired => "it has expired".to_owned(),
        CertificateError::ExpiredContext { not_after, .. } => format!("it expired on {}", date(not_after)),
        CertificateError::NotValidYet => "it is not valid yet".to_owned(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("it is not valid before {}", date(not_before))
        }
        CertificateError::NotValidForName => "it is for another name".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<&str> = presented.iter().map(|name| plain_name(name)).collect();
            let names = if names.is_empty() { "no name".to_owned() } else { names.join(", ") };
            format!("it is for {names}, and not for {}", expected.to_str())
        }
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "it is an authority's own, and no server's; it is trusted where its own file is named".to_owned()
        }
        other => other.to_string(),
    }
}

/// `h` of `DnsName("h")`, the form in which a certificate's names are told.
fn plain_name(told: &str) -> &str {
    let inner = told.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(told);
    inner.trim_matches('"')
}

async fn tcp(server: &Server) -> std::result::Result<TcpStream, Refusal> {
    match TcpStream::connect((server.host.as_str(), server.port)).await {
        Ok(stream) => {
            // Without it small pieces wait for the acknowledgement of those before.
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        Err(error) => Err(Refusal {
            message: format!("cannot connect to {server}: {error}"),
            hint: "look whether the server runs, and whether the command was given the right URL",
        }),
    }
}

impl Via {
    fn parse(url: &str) -> Result<Via> {
        let wrong = |why: &str| {
            let shown = url.rsplit_once('@').map_or(url, |(_, host)| host);
            Error::new(ErrorKind::Capture, format!("the proxy of your environment, {shown}, {why}"))
                .hint("docgen reaches servers through http:// proxies; unset http_proxy and https_proxy to go without")
        };
        let with_scheme = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let parts = UrlParts::of(&with_scheme);
        if parts.scheme != "http" {
            return Err(wrong("is not one that docgen can use"));
        }
        let server = Server::parse(parts.authority, false).ok_or_else(|| wrong("is not a URL"))?;
        let credentials = match parts.authority.rsplit_once('@') {
            Some((user, _)) => {
                use base64::Engine as _;
                let user = base64::engine::general_purpose::STANDARD.encode(percent_decode(user));
                format!("Proxy-Authorization: Basic {user}\r\n").into_bytes()
            }
            None => Vec::new(),
        };
        Ok(Via { server, credentials })
    }
}

fn percent_decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let decoded = match (first, tail) {
            (b'%', [high, low, ..]) => (*high as char)
                .to_digit(16)
                .zip((*low as char).to_digit(16))
                .map(|(high, low)| (high << 4 | low) as u8),
            _ => None,
        };
        match decoded {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => bytes.push(*first),
        }
    }
    bytes
}

/// Whether an entry of `no_proxy` covers a server: `*`, a host, a domain with or without its dot,
/// an address, a network, each with or without a port.
pub(super) fn covers(entry: &str, server: &Server) -> bool {
    if entry == "*" {
        return true;
    }
    let host = server.host.to_ascii_lowercase();
    if let Some((network, bits)) = entry.split_once('/') {
        let (Ok(network), Ok(bits), Ok(address)) = (network.parse(), bits.parse(), host.parse()) else {
            return false;
        };
        return in_network(network, bits, address);
    }
    if entry.trim_start_matches('[').trim_end_matches(']') == host {
        return true;
    }
    let Some(entry) = Server::parse(entry, server.tls) else { return false };
    let port_matters = entry.port != if server.tls { 443 } else { 80 };
    let domain = entry.host.trim_start_matches("*").trim_start_matches('.');
    (!port_matters || entry.port == server.port) && (host == domain || host.ends_with(&format!(".{domain}")))
}

fn in_network(network: std::net::IpAddr, bits: u32, address: std::net::IpAddr) -> bool {
    use std::net::IpAddr::{V4, V6};
    match (network, address) {
        (V4(network), V4(address)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        (V6(network), V6(address)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_a_server() {
        let parse = |authority, tls| Server::parse(authority, tls).map(|s| (s.authority(), s.to_string()));
        assert_eq!(parse("[::1]:9292", false), Some(("[::1]:9292".into(), "[::1]:9292".into())));
        assert_eq!(parse("h", true), Some(("h".into(), "h:443".into())));
        assert_eq!(parse("h:443", true), Some(("h".into(), "h:443".into())));
        assert_eq!(parse("u:p@h:1", true), Some(("h:1".into(), "h:1".into())));
        assert_eq!(parse(":80", false), None);
        assert_eq!(parse("h:99999", false), None);
    }

    #[test]
    fn no_proxy_is_understood_as_others_do() {
        let server = |host: &str| Server { host: host.to_owned(), port: 8080, tls: false };
        for (entry, host, covered) in [
            ("*", "h", true),
            ("example.org", "a.example.org", true),
            (".example.org", "example.org", true),
            ("*.example.org", "a.example.org", true),
            ("example.org", "notexample.org", false),
            ("example.org:8080", "example.org", true),
            ("example.org:81", "example.org", false),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("0.0.0.0/0", "11.1.2.3", true),
            ("::1", "::1", true),
            ("fe80::/10", "fe80::1", true),
        ] {
            assert_eq!(covers(entry, &server(host)), covered, "{entry} {host}");
        }
    }

    #[test]
    fn a_proxy_with_credentials() {
        let via = Via::parse("http://us%65r:p%40ss@proxy:3128").unwrap();
        assert_eq!(via.credentials, b"Proxy-Authorization: Basic dXNlcjpwQHNz\r\n");
        assert_eq!(via.server.to_string(), "proxy:3128");
        let error = Via::parse("socks5://secret@proxy:1").err().unwrap();
        assert!(!error.to_string().contains("secret") && error.help().is_some());
    }
}
