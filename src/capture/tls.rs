//! Certificates: those that are shown to the client, and those that servers show.
//!
//! A certificate authority is made for one run and exists in memory; only its
//! certificate, which is public, is written to a file for the client to trust.
//! What a server shows is verified as the client would have done it without
//! docgen, or not at all when the user says so.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use rcgen::{
    CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig,
    SignatureScheme,
};

use crate::error::{Error, ErrorKind, Result};

/// The only protocol that is spoken inside TLS with servers.
pub(crate) const HTTP_1_1: &[u8] = b"http/1.1";

/// The older one, which a client may name for itself.
pub(crate) const HTTP_1_0: &[u8] = b"http/1.0";

/// The certificate authority of one run.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// The key of every certificate that it issues.
    key: KeyPair,
    issued: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

impl Authority {
    /// A new one, valid from a day ago for a month.
    pub(crate) fn new() -> Result<Authority> {
        let mut params = params(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, "docgen, for one run");
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().map_err(certificate_error)?;
        Ok(Authority {
            issuer: CertifiedIssuer::self_signed(params, key).map_err(certificate_error)?,
            key: KeyPair::generate().map_err(certificate_error)?,
            issued: Mutex::default(),
        })
    }

    /// Its certificate in PEM.
    pub(crate) fn pem(&self) -> String {
        pem(self.issuer.der())
    }

    /// What a server that is `host`, a name or an address, and is asked for as `name`, would show.
    /// `asks` are the authorities whose certificates it asks its clients for, if it does.
    pub(crate) fn server(
        &self,
        host: &str,
        name: Option<&str>,
        asks: Option<&[DistinguishedName]>,
    ) -> Result<Arc<ServerConfig>> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let key = format!("{host} {} {}", name.unwrap_or_default(), asks.is_some());
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = issued.get(&key) {
            return Ok(config.clone());
        }
        // rcgen makes an IP address of a name that is one.
        let mut names = vec![host.to_owned()];
        names.extend(name.filter(|name| !name.eq_ignore_ascii_case(host)).map(str::to_owned));
        let mut params = params(names)?;
        params.distinguished_name.push(DnType::CommonName, "docgen recording proxy");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&self.key, &self.issuer).map_err(certificate_error)?;
        let private = PrivateKeyDer::Pkcs8(self.key.serialize_der().into());
        let chain = vec![certificate.der().clone(), self.issuer.der().clone()];
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                let builder = match asks {
                    Some(hints) => builder.with_client_cert_verifier(Arc::new(Asking::new(hints))),
                    None => builder.with_no_client_auth(),
                };
                builder.with_single_cert(chain, private)
            })
            .map_err(certificate_error)?;
        config.alpn_protocols = vec![HTTP_1_1.to_vec(), HTTP_1_0.to_vec()];
        let config = Arc::new(config);
        issued.insert(key, config.clone());
        Ok(config)
    }
}

fn params(names: Vec<String>) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(names).map_err(certificate_error)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    let date = |days| {
        use chrono::Datelike;
        let date = chrono::Utc::now().date_naive() + chrono::Days::new(days) - chrono::Days::new(1);
        rcgen::date_time_ymd(date.year(), date.month() as u8, date.day() as u8)
    };
    params.not_before = date(0);
    params.not_after = date(30);
    Ok(params)
}

fn certificate_error(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Capture, format!("cannot make a certificate for the recording proxy: {error}"))
        .with_source(error)
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The certificates that a server's own must lead to.
pub(crate) struct Roots {
    all: Vec<CertificateDer<'static>>,
    /// Those that the user named: they are trusted as a server's own, too.
    named: Vec<CertificateDer<'static>>,
}

impl Roots {
    /// Those of the system and of `files`, which are PEM files or folders of such.
    ///
    /// # Errors
    /// When one of `files` cannot be read or holds no certificate.
    pub(crate) fn load(files: &[PathBuf]) -> Result<Roots> {
        let mut all = rustls_native_certs::load_native_certs().certs;
        let mut named = Vec::new();
        for file in files {
            let found = read(file)?;
            if found.is_empty() {
                return Err(Error::new(
                    ErrorKind::Capture,
                    format!("{} holds no certificate", file.display()),
                )
                .hint("name a file of certificates in PEM, as `openssl x509` prints them"));
            }
            named.extend(found);
        }
        all.extend(named.iter().cloned());
        Ok(Roots { all, named })
    }

    /// All of them in PEM.
    pub(crate) fn pem(&self) -> String {
        self.all.iter().map(pem).collect()
    }

    /// How servers are spoken to: verified by these roots, or `insecure`.
    pub(crate) fn client(&self, insecure: bool) -> Result<Arc<ClientConfig>> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(certificate_error)?
            .dangerous();
        let verifier: Arc<dyn ServerCertVerifier> = if insecure {
            Arc::new(Insecure(provider()))
        } else {
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(self.all.iter().cloned());
            if store.is_empty() {
                Arc::new(NoRoots(provider()))
            } else {
                let roots = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider())
                    .build()
                    .map_err(certificate_error)?;
                Arc::new(Named { roots, named: self.named.clone() })
            }
        };
        let mut config = builder
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(Arc::new(NoneOfOurs));
        config.alpn_protocols = vec![HTTP_1_1.to_vec()];
        Ok(Arc::new(config))
    }
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let io = |error| Error::io("read certificates from", path, error);
    if fs::metadata(path).map_err(io)?.is_dir() {
        let mut files: Vec<PathBuf> =
            fs::read_dir(path).map_err(io)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.sort();
        return Ok(files
            .iter()
            .filter_map(|file| fs::read(file).ok())
            .flat_map(|pem| certificates(&pem))
            .collect());
    }
    Ok(certificates(&fs::read(path).map_err(io)?))
}

fn certificates(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).filter_map(std::result::Result::ok).collect()
}

fn pem(certificate: &CertificateDer<'_>) -> String {
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let body = base64::engine::general_purpose::STANDARD.encode(certificate);
    for line in body.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|&byte| byte as char));
        pem.push('\n');
    }
    pem + "-----END CERTIFICATE-----\n"
}

/// The name that a server's certificate must be for.
pub(crate) fn server_name(host: &str) -> Option<ServerName<'static>> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(address) => Some(ServerName::from(address)),
        Err(_) => ServerName::try_from(host.to_owned()).ok(),
    }
}

/// Takes what leads to a root, and what the user named itself: a certificate that a server signed
/// for itself and that calls itself an authority is no server's certificate by the rules.
#[derive(Debug)]
struct Named {
    roots: Arc<WebPkiServerVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.roots.verify_server_cert(certificate, between, name, ocsp, now) {
            // Its times have been looked at before its use.
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(_)))
                if self.named.contains(certificate) =>
            {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.roots.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.roots.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.roots.supported_verify_schemes()
    }
}

tokio::task_local! {
    /// The authorities whose certificates a server asks for in the handshake under way.
    static ASKED: RefCell<Option<Vec<DistinguishedName>>>;
}

/// Runs a handshake with a server; gives what comes of it, and the authorities whose certificates
/// the server asked for, if it asked.
pub(crate) async fn noticing_requests<T>(
    handshake: impl Future<Output = T>,
) -> (T, Option<Vec<DistinguishedName>>) {
    let handshake = async {
        let result = handshake.await;
        (result, ASKED.with(RefCell::take))
    };
    ASKED.scope(RefCell::new(None), handshake).await
}

/// Has no certificate of a client, and notices who asks for one.
#[derive(Debug)]
struct NoneOfOurs;

impl ResolvesClientCert for NoneOfOurs {
    fn resolve(&self, authorities: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let authorities = authorities.iter().map(|name| DistinguishedName::from(name.to_vec())).collect();
        // Every handshake is run by `noticing_requests`.
        let _ = ASKED.try_with(|asked| asked.replace(Some(authorities)));
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// Asks a client for a certificate, as its server does, and takes any, or none: whether it has one
/// is all that is to be known.
#[derive(Debug)]
struct Asking(Arc<CryptoProvider>, Vec<DistinguishedName>);

impl Asking {
    fn new(authorities: &[DistinguishedName]) -> Asking {
        Asking(provider(), authorities.to_vec())
    }
}

/// Takes any certificate; what is signed with it is still verified.
#[derive(Debug)]
struct Insecure(Arc<CryptoProvider>);

/// Takes none, because there is no root to lead to.
#[derive(Debug)]
struct NoRoots(Arc<CryptoProvider>);

macro_rules! signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            rustls::crypto::verify_tls12_signature(
                message,
                certificate,
                signature,
                &self.0.signature_verification_algorithms,
            )
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            rustls::crypto::verify_tls13_signature(
                message,
                certificate,
                signature,
                &self.0.signature_verification_algorithms,
            )
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.signature_verification_algorithms.supported_schemes()
        }
    };
}

impl ClientCertVerifier for Asking {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.1
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    signatures!();
}

impl ServerCertVerifier for Insecure {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    signatures!();
}

impl ServerCertVerifier for NoRoots {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Err(rustls::Error::General("this machine names no certificate authority to trust".to_owned()))
    }

    signatures!();
}
