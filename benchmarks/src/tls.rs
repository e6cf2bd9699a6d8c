//! The certificate that the benchmark's AWS shows, and how the functions come to trust it.

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use std::error::Error;
use std::ffi::OsString;
use std::sync::Arc;
use tempfile::NamedTempFile;
use tokio_rustls::TlsAcceptor;

/// A certificate for 127.0.0.1.
pub struct Tls {
    /// Takes connections with it.
    pub acceptor: TlsAcceptor,
    bundle: NamedTempFile,
    folders: OsString,
}

impl Tls {
    /// A new certificate. It is trusted beside this machine's own roots, since reading all those is a part of every
    /// function's start, and a large one.
    pub fn new() -> Result<Self, Box<dyn Error>> {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["127.0.0.1".into()])?;
        let roots = openssl_probe::probe();
        let mut trusted = roots.cert_file.map_or(Ok(Vec::new()), std::fs::read)?;
        trusted.extend(cert.pem().bytes());
        let bundle = NamedTempFile::new()?;
        std::fs::write(bundle.path(), trusted)?;

        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(server)),
            bundle,
            folders: std::env::join_paths(roots.cert_dir)?,
        })
    }

    /// What has a program read the same files for roots as without it, and the certificate.
    pub fn environment(&self) -> [(&'static str, OsString); 2] {
        [
            ("SSL_CERT_FILE", self.bundle.path().into()),
            ("SSL_CERT_DIR", self.folders.clone()),
        ]
    }
}
