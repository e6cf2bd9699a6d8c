//! What devices and operators notice of the keys, requests and certificates.

mod accepted;
mod authority;
mod ca_certificate;
mod ca_key;
mod ca_subject;
mod certificate;
mod client_auth;
mod der;
mod device_certificate;
mod hostile;
mod issued_by;
mod key;
mod pem;
mod refused;
mod refused_forms;
mod refused_keys;
mod refused_signatures;
mod revocation_list;

use muster_pki::{CertificateRequest, CsrError, SubmittedRequest};

/// Checks a request's bytes. Before its signature is looked at they have to be judged alike.
fn parse(der: &[u8]) -> Result<CertificateRequest, CsrError> {
    let checked = CertificateRequest::parse_der(der);
    let submitted = SubmittedRequest::parse_der(der);
    match &checked {
        Ok(_) | Err(CsrError::SignatureInvalid) => assert!(submitted.is_ok(), "{submitted:?}"),
        Err(error) => assert_eq!(submitted.as_ref(), Err(error)),
    }
    checked
}

/// A file of `tests/data`, which says how each was made.
fn data(name: &str) -> String {
    let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The DER of a request in `tests/data`.
fn csr(name: &str) -> Vec<u8> {
    muster_pki::pem_to_der(&data(&format!("{name}.csr.pem"))).unwrap()
}
