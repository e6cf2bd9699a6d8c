//! A CA of this run's own.

use super::VALIDITY;
use crate::aws::Authority;
use muster_pki::{CaCertificate, CaKey, CaSubject};
use secrecy::ExposeSecret;
use std::error::Error;

/// A name of nothing but this.
pub fn named(name: &str) -> CaSubject {
    CaSubject {
        common_name: name.into(),
        ..CaSubject::default()
    }
}

/// A CA of this run's own.
pub fn authority() -> Result<(CaKey, CaCertificate), Box<dyn Error>> {
    let key = CaKey::generate()?;
    let certificate = CaCertificate::issue(&key, &named("a CA"), VALIDITY)?;
    Ok((key, certificate))
}

/// A CA as AWS has it.
pub fn as_kept((key, certificate): &(CaKey, CaCertificate)) -> Authority {
    Authority {
        certificate_pem: certificate.pem(),
        private_key: key.pkcs8_der().expose_secret().to_vec(),
    }
}
