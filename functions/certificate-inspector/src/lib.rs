//! Reads what AWS IoT knows of a certificate that a device brought, and of the CA that signed it, and judges both.

mod revocation;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_documents::tasks::{InspectCertificate, InspectedCertificate};
use muster_documents::{Refusal, RefusalCode, Serial};
use muster_lambda::{NamedError, about_device};
use muster_onboarding::ports::{
    CertificateRegistry, RegisteredAuthority, RegisteredCertificate, RevocationLists,
};
use muster_onboarding::{CloudFailure, applicant};
use std::collections::BTreeMap;

/// The status of a certificate that waits for its activation.
const PENDING: &str = "PENDING_ACTIVATION";

/// Why nothing can be said of a certificate.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The CA names a verifier that this stack does not have.
    #[error("CA {ca} names the verifier {verifier:?}, which this stack does not have")]
    VerifierUnknown {
        /// The CA.
        ca: String,
        /// What its tag says.
        verifier: String,
    },
    /// The task is not about a certificate.
    #[error("{0:?} is no certificate id")]
    InputInvalid(String),
    /// A call failed.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
}

impl NamedError for InspectError {
    fn name(&self) -> &'static str {
        match self {
            Self::VerifierUnknown { .. } => "VerifierUnknown",
            Self::InputInvalid(_) => "InputInvalid",
            Self::Cloud(failure) => failure.name(),
        }
    }
}

/// Inspects the certificate at the time `now`, in seconds since 1970. One that is gone, settled, or of a CA that is not
/// Muster's is not pending; nothing more is asked about it.
pub async fn inspect(
    registry: &impl CertificateRegistry,
    lists: &impl RevocationLists,
    verifiers: &BTreeMap<String, String>,
    now: i64,
    task: InspectCertificate,
) -> Result<InspectedCertificate, InspectError> {
    let id = Serial::new(task.certificate_id.as_str())
        .map_err(|_| InspectError::InputInvalid(task.certificate_id.clone()))?;
    // The cheaper question first: of most accounts' other CAs nothing is asked twice.
    let authority = registry.authority(&task.ca_certificate_id).await?;
    // Where the CA carries a template, AWS IoT provisions its devices by itself.
    let found = if authority.is_ours() && authority.template.is_none() {
        registry.certificate(&task.certificate_id).await?
    } else {
        None
    };
    // What the message says of the CA is checked: its tags decide who is asked.
    let of_this_ca = |found: &RegisteredCertificate| {
        found.description.ca_certificate_id.as_deref() == Some(task.ca_certificate_id.as_str())
    };
    let found = found.filter(|found| found.description.status == PENDING && of_this_ca(found));
    let Some(found) = found else {
        return Ok(InspectedCertificate::settled(id, &task));
    };
    let mut inspected = InspectedCertificate {
        pending: true,
        certificate_arn: found.description.certificate_arn.clone(),
        certificate: STANDARD.encode(&found.der),
        verifier_arn: verifier(&authority, verifiers, &task)?,
        description: found.description,
        ..InspectedCertificate::settled(id, &task)
    };
    match applicant(&found.der, now) {
        Ok(applicant) => {
            about_device(&applicant.thing_name);
            inspected.refusal = if authority.active {
                let ca = (
                    task.ca_certificate_id.as_str(),
                    authority.certificate_pem.as_str(),
                );
                revocation::refusal(lists, ca, now, &applicant).await?
            } else {
                Some(ca_disabled())
            };
            inspected.description.thing_name = Some(applicant.thing_name.to_string());
            inspected.thing_name = applicant.thing_name;
            inspected.fingerprint = applicant.fingerprint;
            inspected.not_after = applicant.not_after;
        }
        Err(refusal) => inspected.refusal = Some(refusal),
    }
    Ok(inspected)
}

fn ca_disabled() -> Refusal {
    Refusal::new(
        RefusalCode::CaDisabled,
        "The CA that signed the certificate is disabled. Enable it; the device's next connection asks again.",
    )
}

fn verifier(
    authority: &RegisteredAuthority,
    verifiers: &BTreeMap<String, String>,
    task: &InspectCertificate,
) -> Result<Option<String>, InspectError> {
    let arn = authority.verifier(verifiers);
    let arn = arn.map_err(|verifier| InspectError::VerifierUnknown {
        ca: task.ca_certificate_id.clone(),
        verifier,
    })?;
    Ok(arn.map(str::to_owned))
}
