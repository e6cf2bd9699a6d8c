//! Keys, certificate signing requests, certificates, their authorities and revocation lists: make, read, check.
//!
//! Nothing here does I/O or knows the time. What is read comes from devices and operators, so every reader takes any
//! bytes, refuses what it does not understand and never panics. What is secret is held in [`secrecy`] types and printed
//! by nothing.

mod ca_certificate;
mod ca_error;
mod ca_key;
mod ca_reader;
mod ca_subject;
mod certificate;
mod claim_certificate;
mod csr;
mod csr_error;
mod der;
mod device_certificate;
mod fingerprint;
mod form;
mod key;
mod pem;
mod public_key;
mod revocation_list;
mod serial_number;
mod signature;
mod validity;

pub use ca_certificate::CaCertificate;
pub use ca_error::{CaError, MAX_CA_PEM_BYTES};
pub use ca_key::{CaKey, CaKeyError};
pub use ca_subject::{CaSubject, SubjectError};
pub use certificate::{CertificateError, CertificateSummary, certificate_id, read_certificate};
pub use claim_certificate::ClaimCertificate;
pub use csr::{CertificateRequest, MAX_CSR_BYTES, SubmittedRequest};
pub use csr_error::CsrError;
pub use device_certificate::{DeviceCertificate, DeviceProfile};
pub use fingerprint::sha256_hex;
pub use key::{DeviceKey, KeyError, MAX_COMMON_NAME_CHARACTERS};
pub use pem::{PemError, der_to_pem, pem_to_der};
pub use public_key::p256_point;
pub use revocation_list::{MAX_REVOCATION_LIST_BYTES, RevocationList, RevocationListError};
pub use serial_number::SerialNumber;
pub use validity::Validity;
