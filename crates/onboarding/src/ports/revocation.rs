//! What judging a certificate needs to know of those that its CA has taken back.

use crate::{CloudFailure, UnusableList};
use muster_pki::RevocationList;
use std::future::Future;
use std::sync::Arc;

/// Why a CA's revocation list is not at hand.
#[derive(Debug, thiserror::Error)]
pub enum RevocationListFailure {
    /// There is a file, but it is not the CA's list.
    #[error(transparent)]
    Unusable(#[from] UnusableList),
    /// It could not be read.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
}

/// Reads the revocation lists that operators put beside their CAs' files.
pub trait RevocationLists {
    /// The list of the CA with this id and this certificate, PEM; `None` if there is none. What is read may be a minute
    /// old, but a file that cannot be used is read anew each time, so that its repair shows at once.
    fn revocation_list(
        &self,
        ca_id: &str,
        ca_pem: &str,
    ) -> impl Future<Output = Result<Option<Arc<RevocationList>>, RevocationListFailure>> + Send;
}
