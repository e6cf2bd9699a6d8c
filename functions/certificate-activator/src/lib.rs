//! Lets a certificate in that a device brought, or shuts it out for good.

use muster_documents::tasks::ActivateCertificate;
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::CertificateActivation;

/// Activates or revokes the certificate. Repeated, it says the same.
pub async fn activate(
    certificates: &impl CertificateActivation,
    task: ActivateCertificate,
) -> Result<(), CloudFailure> {
    certificates
        .settle(&task.certificate_id, task.verdict)
        .await
}
