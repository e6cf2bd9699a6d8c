//! The certificate of a certificate authority.

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyUsagePurpose};
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use crate::ca_error::{CaError, MAX_CA_PEM_BYTES};
use crate::ca_key::CaKey;
use crate::ca_subject::CaSubject;
use crate::fingerprint::sha256_hex;
use crate::pem::PemError;
use crate::serial_number::SerialNumber;
use crate::validity::Validity;
use crate::{ca_reader, pem};

/// The label of a certificate (RFC 7468, section 5).
pub(crate) const LABEL: &str = "CERTIFICATE";

/// The certificate of a certificate authority that AWS IoT can be told to trust (`RegisterCACertificate`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaCertificate {
    /// The whole certificate.
    pub(crate) der: Vec<u8>,
    /// Its subject's DER, which is the issuer's of all that it signs.
    pub(crate) subject: Vec<u8>,
    /// The DER of its `SubjectPublicKeyInfo`.
    pub(crate) public_key: Vec<u8>,
    /// The key's name, by which certificates refer to it, if it has one.
    pub(crate) key_identifier: Option<Vec<u8>>,
    /// Its own time.
    pub(crate) validity: Validity,
    /// Whether its key usage, if there is one, allows revocation lists.
    pub(crate) signs_revocation_lists: bool,
}

impl CaCertificate {
    /// Issues the self-signed certificate of a CA that signs devices' certificates and revocation lists, and no CA
    /// below it: its path length is 0.
    ///
    /// # Errors
    /// [`CaError::Subject`], [`CaError::Validity`] and [`CaError::NotSigned`].
    pub fn issue(key: &CaKey, subject: &CaSubject, validity: Validity) -> Result<Self, CaError> {
        Self::issue_numbered(key, subject, validity, &SerialNumber::random()?)
    }

    /// As [`issue`](Self::issue), with a number that was chosen before: what is made for the CA ahead of its
    /// certificate, its encrypted key for example, can then be bound to it. No two certificates of a CA may have one.
    ///
    /// # Errors
    /// As of [`issue`](Self::issue).
    pub fn issue_numbered(
        key: &CaKey,
        subject: &CaSubject,
        validity: Validity,
        serial: &SerialNumber,
    ) -> Result<Self, CaError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = subject.distinguished_name()?;
        validity.set(&mut params)?;
        params.serial_number = Some(serial.to_rcgen());
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.self_signed(key.pair()).map_err(CaError::NotSigned)?;
        Self::parse_der(certificate.der())
    }

    /// Reads the certificate of a CA that there already is: one PEM block, with any text around it.
    ///
    /// It has to be of version 3, a CA's by its basic constraints, allowed to sign certificates if it has a key usage,
    /// and its key P-256, P-384 or RSA from 2048 bits. If it names itself as its issuer its signature is checked; an
    /// intermediate CA's is not, since its issuer is not known.
    ///
    /// # Errors
    /// [`CaError`], which names the first thing that is wrong.
    pub fn parse_pem(text: &str) -> Result<Self, CaError> {
        if text.len() > MAX_CA_PEM_BYTES {
            return Err(CaError::TooLarge);
        }
        let block = pem::block(text).map_err(|error| match error {
            PemError::Unreadable => CaError::Unreadable,
            PemError::NotOne(count) => CaError::NotOne(count),
        })?;
        if block.tag() != LABEL {
            return Err(CaError::Unreadable);
        }
        Self::parse_der(block.contents())
    }

    /// Reads the certificate of a CA from its DER, by the rules of [`parse_pem`](Self::parse_pem).
    ///
    /// # Errors
    /// [`CaError`], which names the first thing that is wrong.
    pub fn parse_der(der: &[u8]) -> Result<Self, CaError> {
        ca_reader::read(der)
    }

    /// The certificate's DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as PEM with LF line ends, which `RegisterCACertificate` takes.
    pub fn pem(&self) -> String {
        pem::der_to_pem(LABEL, &self.der)
    }

    /// Its public key as PEM (`BEGIN PUBLIC KEY`, RFC 7468, section 13) with LF line ends.
    pub fn public_key_pem(&self) -> String {
        pem::der_to_pem("PUBLIC KEY", &self.public_key)
    }

    /// The certificate's fingerprint: the lowercase hex SHA-256 of its DER, 64 characters. AWS gives a CA a
    /// `certificateId` of its own, which may be another.
    pub fn id(&self) -> String {
        sha256_hex(&self.der)
    }

    /// The time in which the CA is valid. What it signs is cut to it.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The country in its subject, if it has one.
    pub fn country(&self) -> Option<String> {
        let (_, name) = X509Name::from_der(&self.subject).ok()?;
        let country = name.iter_country().next()?;
        country.as_str().ok().map(str::to_owned)
    }

    /// Whether the private key is this certificate's.
    pub fn key_matches(&self, key: &CaKey) -> bool {
        self.public_key == key.public_key()
    }
}
