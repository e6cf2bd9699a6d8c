//! Has a device's CSR signed by AWS IoT, once for each request: whoever repeats the task gets the same certificate.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_documents::tasks::{IssueCertificate, IssuedCertificate};
use muster_documents::{Mode, Purpose};
use muster_lambda::NamedError;
use muster_onboarding::ports::{Certificate, CertificateAuthority, DeviceLedger, Seal};
use muster_onboarding::{CloudFailure, FailureKind};
use muster_pki::{CertificateRequest, CsrError, DeviceKey};

/// Why no certificate was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// Another execution holds the device now.
    #[error("another execution has taken over {0}")]
    Superseded(String),
    /// The CSR is not signed by the key that it asks a certificate for.
    #[error("the CSR of {0} is not signed by its own key")]
    CsrSignatureInvalid(String),
    /// Chunked mode without a CSR, or with one that claim-intake would have refused.
    #[error("the task for {0} has no usable CSR")]
    InputInvalid(String),
    /// AWS IoT would not sign this CSR.
    #[error("AWS IoT refused the CSR of {serial}: {message}")]
    CsrRefused {
        /// The device.
        serial: String,
        /// AWS IoT's words.
        message: String,
    },
    /// The key for a legacy device could not be made.
    #[error("no key could be made for {0}")]
    KeyFailed(String),
    /// A call failed.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
}

impl NamedError for IssueError {
    fn name(&self) -> &'static str {
        match self {
            Self::Superseded(_) => "Superseded",
            Self::CsrSignatureInvalid(_) => "CsrSignatureInvalid",
            Self::InputInvalid(_) => "InputInvalid",
            Self::CsrRefused { .. } => "CsrRefused",
            Self::KeyFailed(_) => "KeyFailed",
            Self::Cloud(failure) => failure.name(),
        }
    }
}

/// Issues the certificate, or finds the one that this request has already got. `None` where only the CSR was to be
/// checked.
pub async fn issue(
    authority: &impl CertificateAuthority,
    ledger: &impl DeviceLedger,
    seal: &impl Seal,
    task: IssueCertificate,
) -> Result<Option<IssuedCertificate>, IssueError> {
    if task.check_only {
        signed_csr(&task)?;
        return Ok(None);
    }
    let serial = task.serial.to_string();
    let mut held = ledger.held(&task.serial).await?.unwrap_or_default();
    if held.execution.as_deref() != Some(task.execution.as_str()) {
        return Err(IssueError::Superseded(serial));
    }
    if task.mode == Mode::Legacy && held.current.is_some() {
        // Provisioned since the workflow looked: another key would leave two certificates that work.
        return Err(IssueError::Superseded(serial));
    }
    if task.mode == Mode::Legacy {
        // A key that was made and lost with an earlier try cannot be had again, so its certificate goes.
        if let Some(lost) = held.pending {
            discard_pending(authority, ledger, &task, &lost).await?;
        }
        let key = DeviceKey::generate().map_err(|_| IssueError::KeyFailed(serial.clone()))?;
        let csr = key
            .csr(task.serial.common_name())
            .map_err(|_| IssueError::KeyFailed(serial))?;
        let certificate = issue_new(authority, ledger, &task, &csr).await?;
        let sealed = seal.seal(&key.pem(), &certificate.id).await?;
        return Ok(Some(answer(certificate, Some(sealed))));
    }
    // Also where there is a certificate already: only who holds the key may ask for it again.
    let csr = signed_csr(&task)?;
    let key = csr.fingerprint();
    // One that an execution for another key has left behind.
    if let Some(other) = held.pending.take_if(|pending| !is_of(pending, key)) {
        discard_pending(authority, ledger, &task, &other).await?;
    }
    let made = match task.purpose {
        Purpose::Provisioning => held.pending.or(held.current),
        Purpose::Rotation => held.pending.or_else(|| {
            let same_key = held.rotation.next_fingerprint.as_deref() == Some(key);
            // One that is shut out lets nobody in.
            let shut = held.rotation.next_shut_at.is_some();
            held.rotation.next.filter(|_| same_key && !shut)
        }),
    };
    if let Some(certificate) = made {
        // The ledger has changed since the workflow looked.
        if !is_of(&certificate, key) {
            return Err(IssueError::Superseded(serial));
        }
        return Ok(Some(answer(certificate, None)));
    }
    let certificate = issue_new(authority, ledger, &task, &csr).await?;
    Ok(Some(answer(certificate, None)))
}

/// Whether a certificate is of the key with this fingerprint. AWS IoT's certificates can be read.
fn is_of(certificate: &Certificate, key: &str) -> bool {
    let read = muster_pki::read_certificate(&certificate.der);
    read.is_ok_and(|read| read.public_key_fingerprint == key)
}

/// Takes a certificate under way out of AWS IoT and then out of the ledger, so that a broken-off try finds it again.
async fn discard_pending(
    authority: &impl CertificateAuthority,
    ledger: &impl DeviceLedger,
    task: &IssueCertificate,
    pending: &Certificate,
) -> Result<(), CloudFailure> {
    authority.discard(&pending.id).await?;
    ledger
        .forget_pending(&task.serial, &task.execution, &pending.id)
        .await
}

/// The task's CSR. Its form and key have been judged by claim-intake, its signature is checked here, once.
fn signed_csr(task: &IssueCertificate) -> Result<CertificateRequest, IssueError> {
    let der = task
        .csr
        .as_deref()
        .and_then(|csr| STANDARD.decode(csr).ok());
    let checked = der.map(|der| CertificateRequest::parse_der(&der));
    match checked {
        Some(Ok(csr)) => Ok(csr),
        Some(Err(CsrError::SignatureInvalid)) => {
            Err(IssueError::CsrSignatureInvalid(task.serial.to_string()))
        }
        _ => Err(IssueError::InputInvalid(task.serial.to_string())),
    }
}

/// Issues, then notes. What cannot be noted is discarded at once: nobody else would find it again.
async fn issue_new(
    authority: &impl CertificateAuthority,
    ledger: &impl DeviceLedger,
    task: &IssueCertificate,
    csr: &CertificateRequest,
) -> Result<Certificate, IssueError> {
    let certificate = authority
        .issue(&csr.pem())
        .await
        .map_err(|failure| match failure.kind {
            FailureKind::Refused => IssueError::CsrRefused {
                serial: task.serial.to_string(),
                message: failure.message,
            },
            _ => failure.into(),
        })?;
    if let Err(failure) = ledger
        .note_pending(&task.serial, &task.execution, &certificate)
        .await
    {
        // A write whose answer was lost may still have been made. Where that cannot be found out the certificate
        // goes all the same: if it was noted after all, what comes next fails and is undone.
        let held = ledger.held(&task.serial).await;
        let held = held.ok().flatten().unwrap_or_default();
        let noted = held.pending;
        // Another request of the same key may have found it there, and have taken it into force since.
        let known = [
            noted.as_ref(),
            held.current.as_ref(),
            held.rotation.next.as_ref(),
        ];
        if known.contains(&Some(&certificate)) {
            return Ok(certificate);
        }
        authority.discard(&certificate.id).await?;
        return match (failure.kind, noted) {
            // The same task ran twice at once and the other was first: its certificate is the one. In legacy
            // mode the other's key is not at hand, so the task has to be tried again.
            (FailureKind::ConditionFailed, Some(first))
                if task.mode == Mode::Chunked && is_of(&first, csr.fingerprint()) =>
            {
                Ok(first)
            }
            (FailureKind::ConditionFailed, None) => {
                Err(IssueError::Superseded(task.serial.to_string()))
            }
            _ => Err(failure.into()),
        };
    }
    Ok(certificate)
}

fn answer(certificate: Certificate, sealed_key: Option<String>) -> IssuedCertificate {
    let read = muster_pki::read_certificate(&certificate.der);
    IssuedCertificate {
        // AWS IoT's certificates can be read.
        not_after: read.map_or(0, |read| read.not_after_unix),
        certificate: STANDARD.encode(&certificate.der),
        certificate_id: certificate.id,
        certificate_arn: certificate.arn,
        sealed_key,
    }
}

#[cfg(test)]
mod tests;
