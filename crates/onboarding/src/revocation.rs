//! Which revocation list is a CA's own.

use muster_pki::{CaCertificate, CaError, RevocationList, RevocationListError};

/// Why a file cannot be taken for a CA's revocation list. The sentences are for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnusableList {
    /// It is no list, or no whole one.
    #[error(transparent)]
    List(#[from] RevocationListError),
    /// What AWS IoT has as the CA's certificate is not served, and so neither is the list's signature.
    #[error("The list's signature cannot be checked. {0}")]
    Authority(#[from] CaError),
    /// Another CA has signed it, or nobody.
    #[error(
        "The revocation list is not signed by this CA, or the CA's key usage lacks cRLSign. Give the CA's own list."
    )]
    NotTheCas,
}

/// Reads the revocation list of the CA with this certificate, PEM: nobody else can take its certificates back. Whether
/// the list is out of date is not looked at.
pub fn own_list(contents: &[u8], ca_pem: &str) -> Result<RevocationList, UnusableList> {
    let list = RevocationList::parse(contents)?;
    let ca = CaCertificate::parse_pem(ca_pem)?;
    if list.signed_by(&ca) {
        Ok(list)
    } else {
        Err(UnusableList::NotTheCas)
    }
}
