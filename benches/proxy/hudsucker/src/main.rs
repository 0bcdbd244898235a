//! A bare hudsucker proxy on the port that its only argument gives: no handler, nothing recorded.
use hudsucker::certificate_authority::RcgenAuthority;
use hudsucker::rcgen::{CertificateParams, Issuer, KeyPair};
use hudsucker::rustls::crypto::aws_lc_rs;

#[tokio::main]
async fn main() {
    let port: u16 = std::env::args().nth(1).and_then(|port| port.parse().ok()).expect("a port");
    let issuer = Issuer::new(CertificateParams::default(), KeyPair::generate().expect("a key"));
    let proxy = hudsucker::Proxy::builder()
        .with_addr(([127, 0, 0, 1], port).into())
        .with_ca(RcgenAuthority::new(issuer, 10, aws_lc_rs::default_provider()))
        .with_rustls_connector(aws_lc_rs::default_provider())
        .build()
        .expect("a proxy");
    proxy.start().await.expect("it runs");
}
