//! A certificate and the private key that belongs to it, and where they are used if the device was told.

use crate::Place;
use muster_pki::{DeviceKey, certificate_id, pem_to_der, read_certificate};
use secrecy::SecretString;

/// A certificate and its private key, as a TLS connection needs them. `Debug` doesn't show the key.
#[derive(Debug, Clone)]
pub struct Credentials {
    certificate_pem: String,
    certificate_der: Vec<u8>,
    private_key_pem: SecretString,
    place: Option<Place>,
}

/// Why a certificate and a key don't make credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The certificate is not one PEM block with an X.509 certificate.
    #[error("the certificate is not one X.509 certificate in PEM")]
    CertificateUnreadable,
    /// The key is not a P-256 key in PKCS#8 PEM.
    #[error("the private key is not one P-256 key in PKCS#8 PEM")]
    KeyUnreadable,
    /// Each is fine, but the certificate was issued for another key.
    #[error("the certificate was issued for another key")]
    Mismatch,
}

impl Credentials {
    /// Takes a certificate and a key (both PEM) that belong together. For credentials that the device was given in
    /// an exchange, where either may have come from another attempt.
    pub fn matched(certificate_pem: &str, key: &DeviceKey) -> Result<Self, CredentialError> {
        let credentials = Self::unmatched(certificate_pem, key.pem())?;
        let summary = read_certificate(&credentials.certificate_der)
            .map_err(|_| CredentialError::CertificateUnreadable)?;
        if summary.public_key_fingerprint != key.fingerprint() {
            return Err(CredentialError::Mismatch);
        }
        Ok(credentials)
    }

    /// Takes a certificate and a key without looking at the key. For what was checked before it was kept, and for
    /// claim certificates, whose keys may be of any kind that TLS takes.
    pub fn unmatched(
        certificate_pem: &str,
        private_key_pem: SecretString,
    ) -> Result<Self, CredentialError> {
        let certificate_der =
            pem_to_der(certificate_pem).map_err(|_| CredentialError::CertificateUnreadable)?;
        Ok(Self {
            certificate_pem: certificate_pem.to_owned(),
            certificate_der,
            private_key_pem,
            place: None,
        })
    }

    /// The same, to be used there.
    #[must_use]
    pub fn at(self, place: Option<Place>) -> Self {
        Self { place, ..self }
    }

    /// Where they are used; `None` if that is not kept with them, since the device's settings say it.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// The certificate as PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The certificate as DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate_der
    }

    /// The private key as PEM.
    pub fn private_key_pem(&self) -> &SecretString {
        &self.private_key_pem
    }

    /// AWS IoT's id of the certificate: the SHA-256 of its DER, in lowercase hex.
    pub fn certificate_id(&self) -> String {
        certificate_id(&self.certificate_der)
    }
}
