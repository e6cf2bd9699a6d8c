//! The certificates that a certificate authority signs: its devices', and the one that shows AWS that it has its key.

use rcgen::{
    CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, PublicKeyData, SignatureAlgorithm, SigningKey, SubjectPublicKeyInfo,
};

use crate::ca_certificate::{CaCertificate, LABEL};
use crate::ca_error::CaError;
use crate::ca_key::CaKey;
use crate::ca_subject::CaSubject;
use crate::csr::CertificateRequest;
use crate::der::{BIT_STRING, SEQUENCE, element, elements, fields};
use crate::key::{DeviceKey, KeyError};
use crate::pem;
use crate::serial_number::SerialNumber;
use crate::validity::Validity;

/// Where the issuer stands in a certificate's signed part: behind version, serial number and algorithm (RFC 5280,
/// section 4.1).
const ISSUER: usize = 3;

/// What a CA certifies of a device beside its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceProfile {
    /// The device's name. Provisioning templates find its fields as `AWS::IoT::Certificate::CommonName` and so on.
    pub subject: CaSubject,
    /// The time in which the certificate is valid. What lies outside of the CA's own time is cut off.
    pub validity: Validity,
}

/// A device's certificate, as its CA has signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCertificate(Vec<u8>);

impl DeviceCertificate {
    /// The certificate's DER.
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// The certificate as PEM with LF line ends.
    pub fn pem(&self) -> String {
        pem::der_to_pem(LABEL, &self.0)
    }
}

impl CaCertificate {
    /// Signs the certificate of a device, for TLS client authentication and nothing else. Of the request it takes the
    /// key alone: the subject and extensions that the device asks for are passed over.
    ///
    /// # Errors
    /// [`CaError::KeyMismatch`], [`CaError::Subject`], [`CaError::Validity`], [`CaError::OutsideCaValidity`],
    /// [`CaError::DeviceKey`] and [`CaError::NotSigned`].
    pub fn sign(
        &self,
        key: &CaKey,
        csr: &CertificateRequest,
        profile: &DeviceProfile,
    ) -> Result<DeviceCertificate, CaError> {
        if !self.key_matches(key) {
            return Err(CaError::KeyMismatch);
        }
        let public_key = csr.public_key().map_err(|_| CaError::DeviceKey)?;
        let public_key =
            SubjectPublicKeyInfo::from_der(&public_key).map_err(|_| CaError::DeviceKey)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = profile.subject.distinguished_name()?;
        profile.validity.within(self.validity)?.set(&mut params)?;
        params.serial_number = Some(SerialNumber::random()?.to_rcgen());
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        self.signed(&params, &public_key, key)
            .map_err(CaError::NotSigned)
    }

    /// A certificate that proves to AWS IoT that whoever registers the CA has its key, as PEM: the
    /// `verificationCertificate` of `RegisterCACertificate` in mode `DEFAULT`. Its common name is the registration
    /// code (`GetRegistrationCode`), and its key is thrown away.
    ///
    /// # Errors
    /// As of [`sign`](Self::sign).
    pub fn verification_certificate(
        &self,
        key: &CaKey,
        registration_code: &str,
        validity: Validity,
    ) -> Result<String, CaError> {
        let not_signed = |error| match error {
            KeyError::NotMade(error) | KeyError::NotSigned(error) => CaError::NotSigned(error),
            KeyError::Unreadable | KeyError::CommonNameLength { .. } => CaError::DeviceKey,
        };
        let csr = DeviceKey::generate()
            .and_then(|key| key.csr("verification"))
            .map_err(not_signed)?;
        let profile = DeviceProfile {
            subject: CaSubject {
                common_name: registration_code.to_owned(),
                ..CaSubject::default()
            },
            validity,
        };
        Ok(self.sign(key, &csr, &profile)?.pem())
    }

    /// The certificate that the parameters describe, with this CA's subject as its issuer byte for byte: rcgen would
    /// write a name that has a field twice, as `DC=example, DC=com`, with one of them only.
    fn signed(
        &self,
        params: &CertificateParams,
        public_key: &SubjectPublicKeyInfo,
        key: &CaKey,
    ) -> Result<DeviceCertificate, rcgen::Error> {
        let mut issuer = CertificateParams::default();
        if let Some(identifier) = &self.key_identifier {
            issuer.key_identifier_method = KeyIdMethod::PreSpecified(identifier.clone());
        }
        let issuer = Issuer::from_params(&issuer, Unsigned(key.pair()));
        let draft = params.signed_by(public_key, &issuer)?;
        let unreadable = rcgen::Error::CouldNotParseCertificate;
        let [draft, algorithm, _] =
            fields(draft.der(), [SEQUENCE, SEQUENCE, BIT_STRING]).ok_or(unreadable.clone())?;
        let mut parts = elements(draft, SEQUENCE).ok_or(unreadable.clone())?;
        *parts.get_mut(ISSUER).ok_or(unreadable)? = &self.subject;
        let part = element(SEQUENCE, &parts.concat());
        let signature = key.pair().sign(&part)?;
        let signature = element(BIT_STRING, &[&[0], &signature[..]].concat());
        let certificate = [&part[..], algorithm, &signature].concat();
        Ok(DeviceCertificate(element(SEQUENCE, &certificate)))
    }
}

/// A key that signs nothing, for the draft whose issuer is still to be put in.
struct Unsigned<'a>(&'a KeyPair);

impl PublicKeyData for Unsigned<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl SigningKey for Unsigned<'_> {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(Vec::new())
    }
}
