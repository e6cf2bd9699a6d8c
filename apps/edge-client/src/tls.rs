//! Mutual TLS with the ring provider.

use crate::RunError;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;

/// What AWS IoT wants to be asked for on port 443, where it also speaks HTTPS (developer guide, "Device
/// communication protocols"). On other ports it is left out.
const ALPN_PORT: u16 = 443;
const ALPN_MQTT: &[u8] = b"x-amzn-mqtt-ca";
/// What to call authorities that stand in a file.
pub(crate) const CA_FILE: &str = "the CA file";

/// The authorities that the endpoint's certificate may come from.
pub(crate) fn authorities(what: &'static str, pem: &str) -> Result<Arc<RootCertStore>, RunError> {
    let refuse = |reason: String| RunError::Tls { what, reason };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem).map_err(refuse)? {
        roots
            .add(certificate)
            .map_err(|error| refuse(error.to_string()))?;
    }
    Ok(Arc::new(roots))
}

/// A TLS client that shows this certificate.
pub(crate) fn client(
    authorities: Arc<RootCertStore>,
    what: &'static str,
    certificate_pem: &str,
    key_pem: &SecretString,
    port: u16,
) -> Result<Arc<ClientConfig>, RunError> {
    let refuse = |reason: String| RunError::Tls { what, reason };
    let chain = certificates(certificate_pem).map_err(refuse)?;
    // The reason is left out: it comes from reading a secret.
    let key = PrivateKeyDer::from_pem_slice(key_pem.expose_secret().as_bytes())
        .map_err(|_| refuse("the private key can't be read as PEM".into()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refuse(error.to_string()))?
        .with_root_certificates(authorities)
        .with_client_auth_cert(chain, key)
        .map_err(|error| refuse(error.to_string()))?;
    if port == ALPN_PORT {
        config.alpn_protocols = vec![ALPN_MQTT.to_vec()];
    }
    Ok(Arc::new(config))
}

/// The certificates of a text, at least one.
pub(crate) fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match found {
        Ok(found) if found.is_empty() => Err("it holds no certificate in PEM".into()),
        result => result.map_err(|error| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_pki::{DeviceKey, der_to_pem};

    #[test]
    fn mqtt_is_asked_for_by_name_only_where_https_is_spoken_too() {
        let key = DeviceKey::generate().unwrap().pem();
        let pair = rcgen::KeyPair::from_pem(key.expose_secret()).unwrap();
        let params = rcgen::CertificateParams::default();
        let certificate = params.self_signed(&pair).unwrap();
        let pem = der_to_pem("CERTIFICATE", certificate.der());
        let roots = authorities(CA_FILE, &pem).unwrap();
        let asked = |port| {
            let client = client(
                Arc::clone(&roots),
                "the claim certificate",
                &pem,
                &key,
                port,
            );
            client.unwrap().alpn_protocols.clone()
        };
        assert_eq!(asked(443), [b"x-amzn-mqtt-ca".to_vec()]);
        assert!(asked(8883).is_empty());
    }
}
