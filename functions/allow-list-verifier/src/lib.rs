//! A verifier, and an example of one: it lets in the devices that an operator imported into the ledger.

use muster_documents::Serial;
use muster_lambda::about_device;
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::WayIn;
use muster_onboarding::ports::DeviceRecords;
use serde::{Deserialize, Serialize};

/// A verifier's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether the device may come in.
    pub verified: bool,
}

/// What a verifier is asked, as far as this one looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// The name that the thing would have; `None` where the certificate names none that can be one.
    pub thing_name: Option<String>,
}

/// Verifies that the thing's name is a serial on the list.
pub async fn verify(
    ledger: &impl DeviceRecords,
    question: Question,
) -> Result<Verdict, CloudFailure> {
    let serial = question.thing_name.map(Serial::new);
    let Some(Ok(serial)) = serial else {
        return Ok(Verdict { verified: false });
    };
    about_device(&serial);
    let held = ledger.held(&serial).await?.unwrap_or_default();
    Ok(Verdict {
        verified: held.is_imported_for(WayIn::Certificate),
    })
}
