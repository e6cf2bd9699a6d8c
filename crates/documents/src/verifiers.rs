//! What `verifiers-fetcher` answers.

use serde::{Deserialize, Serialize};

/// The verifiers that a certificate authority of this stack can name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verifiers {
    /// Their names, Muster's own first, then the operator's in the template's order.
    pub verifiers: Vec<String>,
}
