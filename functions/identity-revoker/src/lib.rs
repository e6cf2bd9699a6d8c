//! Undoes what one execution has made for a device: policy, attachments, certificate, thing, and its hold in the
//! ledger. What another execution has taken over is left alone.

use muster_documents::tasks::{RevokeIdentity, RevokedIdentity};
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::{CertificateAuthority, DeviceLedger, IdentityRemover};

/// Revokes the identity. Every step takes "already gone" for done, so the task can be repeated from anywhere.
pub async fn revoke(
    identity: &(impl CertificateAuthority + IdentityRemover),
    ledger: &impl DeviceLedger,
    task: RevokeIdentity,
) -> Result<RevokedIdentity, CloudFailure> {
    let Some(held) = ledger.held(&task.serial).await? else {
        return Ok(RevokedIdentity {
            superseded: false,
            certificate_id: None,
        });
    };
    if held
        .execution
        .as_deref()
        .is_some_and(|execution| execution != task.execution)
    {
        return Ok(RevokedIdentity {
            superseded: true,
            certificate_id: None,
        });
    }
    let certificate_id = held.pending.as_ref().map(|pending| pending.id.clone());
    if let Some(pending) = held.pending {
        identity.detach_policy(&pending.arn).await?;
        identity.detach_thing(&task.serial, &pending.arn).await?;
        identity.discard(&pending.id).await?;
        ledger.forget_pending(&task.serial, &task.execution).await?;
    }
    if task.release {
        if held.current.is_none() {
            identity.delete_made_thing(&task.serial).await?;
        }
        if held.enrolled_by.as_deref() == Some(task.execution.as_str()) {
            ledger
                .remove_enrolled(&task.serial, &task.execution)
                .await?;
        } else {
            ledger.release(&task.serial, &task.execution).await?;
        }
    }
    Ok(RevokedIdentity {
        superseded: false,
        certificate_id,
    })
}
