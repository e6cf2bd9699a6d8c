//! The claim certificate of a fleet, which its own key has signed.
//!
//! AWS IoT takes it by `RegisterCertificateWithoutCA`. So its id is known before AWS IoT is asked, and asking twice
//! registers one certificate; and it ends on a day of the operator's choice.

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose,
    PublicKeyData,
};

use crate::ca_certificate::LABEL;
use crate::ca_error::CaError;
use crate::key::DeviceKey;
use crate::pem;
use crate::serial_number::SerialNumber;
use crate::validity::Validity;

/// A claim certificate: for TLS client authentication, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimCertificate {
    der: Vec<u8>,
    public_key: Vec<u8>,
}

impl ClaimCertificate {
    /// A certificate of this name for this key, signed by it.
    ///
    /// # Errors
    /// [`CaError::Validity`] and [`CaError::NotSigned`].
    pub fn issue(key: &DeviceKey, common_name: &str, validity: Validity) -> Result<Self, CaError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, common_name);
        validity.set(&mut params)?;
        params.serial_number = Some(SerialNumber::random()?.to_rcgen());
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let signed = params.self_signed(key.pair()).map_err(CaError::NotSigned)?;
        Ok(Self {
            der: signed.der().to_vec(),
            public_key: key.pair().subject_public_key_info(),
        })
    }

    /// The certificate's DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as PEM with LF line ends.
    pub fn pem(&self) -> String {
        pem::der_to_pem(LABEL, &self.der)
    }

    /// Its public key as PEM (`BEGIN PUBLIC KEY`, RFC 7468, section 13) with LF line ends.
    pub fn public_key_pem(&self) -> String {
        pem::der_to_pem("PUBLIC KEY", &self.public_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{certificate_id, read_certificate};

    #[test]
    fn a_claim_certificate_is_its_keys_ends_when_it_was_told_to_and_is_no_ca() {
        let key = DeviceKey::generate().unwrap();
        let validity = Validity::of_days(1_767_225_600, 10);
        let claim = ClaimCertificate::issue(&key, "claim gateways", validity).unwrap();
        let read = read_certificate(claim.der()).unwrap();
        assert_eq!(read.common_name.as_deref(), Some("claim gateways"));
        assert_eq!(read.public_key_fingerprint, key.fingerprint());
        assert_eq!(read.not_after_unix, validity.not_after_unix);
        assert!(!read.is_ca);
        let again = ClaimCertificate::issue(&key, "claim gateways", validity).unwrap();
        assert_ne!(certificate_id(again.der()), certificate_id(claim.der()));
        assert!(claim.public_key_pem().contains("BEGIN PUBLIC KEY"));
    }
}
