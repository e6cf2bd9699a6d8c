//! Keys, certificate signing requests and certificates: make, read, check.
//!
//! Nothing here does I/O. What is read comes from devices, so every reader takes any bytes, refuses what it
//! does not understand and never panics. What is secret is held in [`secrecy`] types and printed by nothing.

mod certificate;
mod csr;
mod csr_error;
mod der;
mod fingerprint;
mod form;
mod key;
mod pem;
mod public_key;
mod signature;

pub use certificate::{CertificateError, CertificateSummary, certificate_id, read_certificate};
pub use csr::{CertificateRequest, MAX_CSR_BYTES, SubmittedRequest};
pub use csr_error::CsrError;
pub use key::{DeviceKey, KeyError, MAX_COMMON_NAME_CHARACTERS};
pub use pem::{PemError, der_to_pem, pem_to_der};
