//! Certificate signing requests (PKCS#10, RFC 2986), checked before anything is done with them.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Version;

use crate::csr_error::CsrError;
use crate::fingerprint::sha256_hex;
use crate::{form, pem, public_key, signature};

/// The largest request that is read, in bytes of DER. One for P-256 has about 220, one for RSA-4096 about 1,600.
pub const MAX_CSR_BYTES: usize = 4096;

/// The largest text that is decoded, in bytes: base64 is a third longer than its DER, the rest is for line ends and
/// for the plain text that some tools put above a PEM block.
const MAX_TEXT_BYTES: usize = 2 * MAX_CSR_BYTES;

/// The label that is written, and the older one that RFC 7468 (section 7) has readers accept as well.
const LABELS: [&str; 2] = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];

/// Standard base64. Small devices' encoders differ in whether they pad.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A certificate signing request as a device sent it: its form and key are in order, its signature is not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmittedRequest {
    der: Vec<u8>,
    fingerprint: String,
}

impl SubmittedRequest {
    /// Reads a request in text: PEM, or the base64 of its DER with any white space.
    ///
    /// # Errors
    /// [`CsrError`], which names the first thing that is wrong.
    pub fn parse_text(text: &str) -> Result<Self, CsrError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(CsrError::TooLarge);
        }
        let der = if text.contains("-----BEGIN ") {
            let block = pem::block(text).map_err(|_| CsrError::Unreadable)?;
            if !LABELS.contains(&block.tag()) {
                return Err(CsrError::Unreadable);
            }
            block.into_contents()
        } else {
            let digits: Vec<u8> = text
                .bytes()
                .filter(|byte| !byte.is_ascii_whitespace())
                .collect();
            BASE64.decode(digits).map_err(|_| CsrError::Unreadable)?
        };
        Self::parse_der(&der)
    }

    /// Reads a request in DER.
    ///
    /// # Errors
    /// [`CsrError`], which names the first thing that is wrong: first the size and form, then the key.
    pub fn parse_der(der: &[u8]) -> Result<Self, CsrError> {
        Ok(Self::read(der, &read(der)?))
    }

    fn read(der: &[u8], request: &X509CertificationRequest<'_>) -> Self {
        let key = &request.certification_request_info.subject_pki;
        Self {
            der: der.to_vec(),
            fingerprint: sha256_hex(key.raw),
        }
    }

    /// The request's DER, byte for byte as it was sent.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The lowercase hex SHA-256 of the public key (DER of its `SubjectPublicKeyInfo`): the same for every request
    /// and certificate of one key.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

/// A certificate signing request whose form, key and signature have been checked: whoever made it holds the private
/// key, and AWS can issue a certificate for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRequest(SubmittedRequest);

impl CertificateRequest {
    /// Reads and checks a request in DER.
    ///
    /// # Errors
    /// [`CsrError`], which names the first thing that is wrong: first the size and form, then the key, then the
    /// signature.
    pub fn parse_der(der: &[u8]) -> Result<Self, CsrError> {
        let request = read(der)?;
        if !signature::is_from(&request.certification_request_info.subject_pki, der) {
            return Err(CsrError::SignatureInvalid);
        }
        Ok(Self(SubmittedRequest::read(der, &request)))
    }

    /// A request that this process has made and signed itself, with its key's fingerprint.
    pub(crate) fn own(der: Vec<u8>, fingerprint: String) -> Self {
        Self(SubmittedRequest { der, fingerprint })
    }

    /// The request's DER.
    pub fn der(&self) -> &[u8] {
        self.0.der()
    }

    /// See [`SubmittedRequest::fingerprint`].
    pub fn fingerprint(&self) -> &str {
        self.0.fingerprint()
    }

    /// The DER of the `SubjectPublicKeyInfo` that a certificate is asked for.
    pub(crate) fn public_key(&self) -> Result<Vec<u8>, CsrError> {
        let request = read(self.der())?;
        Ok(request.certification_request_info.subject_pki.raw.to_vec())
    }

    /// The request as PEM, which is what AWS's `CreateCertificateFromCsr` takes.
    pub fn pem(&self) -> String {
        pem::der_to_pem(LABELS[0], self.der())
    }
}

/// The request, if its size, its form and its key are in order.
fn read(der: &[u8]) -> Result<X509CertificationRequest<'_>, CsrError> {
    if der.len() > MAX_CSR_BYTES {
        return Err(CsrError::TooLarge);
    }
    let (_, request) = X509CertificationRequest::from_der(der).map_err(|_| CsrError::Unreadable)?;
    let info = &request.certification_request_info;
    if info.version != X509Version::V1 || !form::is_exact(der) {
        return Err(CsrError::Unreadable);
    }
    public_key::check(&info.subject_pki)?;
    Ok(request)
}
