//! A verifier, and an example of one: it lets in the devices that an operator imported into the ledger.

use muster_documents::{CertificateDescription, Serial};
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::IMPORTED;
use muster_onboarding::ports::DeviceLedger;
use serde::Serialize;

/// A verifier's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether the device may come in.
    pub verified: bool,
}

/// Verifies that the thing's name is a serial on the list.
pub async fn verify(
    ledger: &impl DeviceLedger,
    description: CertificateDescription,
) -> Result<Verdict, CloudFailure> {
    let serial = description.thing_name.map(Serial::new);
    let Some(Ok(serial)) = serial else {
        return Ok(Verdict { verified: false });
    };
    let held = ledger.held(&serial).await?.unwrap_or_default();
    Ok(Verdict {
        verified: held.enrolled_by.as_deref() == Some(IMPORTED),
    })
}
