//! A no that passes.

use muster_lambda::NamedError;

/// Why AWS IoT gets no answer: it provisions nothing then, as for a no, and tells the device `InvocationError` instead of
/// `AccessDenied`. The one says "ask again", the other ends a device. The reason is the operator's, in the ledger and the
/// log; this goes to AWS IoT and says none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it could not be decided whether the device is let in, so it is not; it may ask again")]
pub struct Undecided;

impl NamedError for Undecided {
    fn name(&self) -> &'static str {
        muster_documents::RefusalCode::ProvisioningFailed.name()
    }
}
