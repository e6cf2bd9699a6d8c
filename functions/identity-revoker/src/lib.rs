//! Undoes what one execution has made for a device: policy, attachments, certificate, thing, and its hold in the
//! ledger. What another execution has taken over is left alone.

use muster_documents::tasks::{RevokeIdentity, RevokedIdentity};
use muster_documents::{ClientId, Mode, Purpose};
use muster_onboarding::ledger::IMPORTED;
use muster_onboarding::ports::{
    Awaited, CertificateAuthority, DeliveryLedger, DeviceLedger, IdentityRemover,
};
use muster_onboarding::{CloudFailure, FailureKind};

/// Revokes the identity. Every step takes "already gone" for done, so the task can be repeated from anywhere.
pub async fn revoke(
    identity: &(impl CertificateAuthority + IdentityRemover),
    ledger: &(impl DeviceLedger + DeliveryLedger),
    task: RevokeIdentity,
) -> Result<RevokedIdentity, CloudFailure> {
    let revoked = undo(identity, ledger, &task).await?;
    // Also where another execution holds the device: what comes for this delivery from now on is for none.
    forget_delivery(ledger, &task).await?;
    Ok(revoked)
}

async fn undo(
    identity: &(impl CertificateAuthority + IdentityRemover),
    ledger: &impl DeviceLedger,
    task: &RevokeIdentity,
) -> Result<RevokedIdentity, CloudFailure> {
    let held = match ledger.begin_undo(&task.serial, &task.execution).await {
        Ok(held) => held,
        Err(failure) if failure.kind == FailureKind::ConditionFailed => {
            // Nobody's: it was undone before. Another's: it is that one's to undo.
            let holder = ledger
                .held(&task.serial)
                .await?
                .and_then(|held| held.execution);
            return Ok(RevokedIdentity {
                superseded: holder.is_some(),
                certificate_id: None,
            });
        }
        Err(failure) => return Err(failure),
    };
    let certificate_id = held.pending.as_ref().map(|pending| pending.id.clone());
    let arn = held.pending.as_ref().map(|pending| pending.arn.clone());
    if let Some(pending) = held.pending {
        identity.detach_policy(&pending.arn).await?;
        identity.detach_thing(&task.serial, &pending.arn).await?;
        identity.discard(&pending.id).await?;
    }
    // The last write takes the mark away with all the rest: until then nobody takes the device over.
    if !task.release || held.current.is_some() {
        ledger
            .end_undo(&task.serial, &task.execution, certificate_id.as_deref())
            .await?;
    } else {
        identity
            .delete_made_thing(&task.serial, &arn.unwrap_or_default())
            .await?;
        if held.enrolled_by.is_some_and(|by| by != IMPORTED) {
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

async fn forget_delivery(
    ledger: &impl DeliveryLedger,
    task: &RevokeIdentity,
) -> Result<(), CloudFailure> {
    let Some(delivery) = &task.delivery else {
        return Ok(());
    };
    let (awaited, client_id) = match (delivery.mode, delivery.purpose) {
        (_, Purpose::Rotation) => (Awaited::Rotation, Ok(delivery.client_id.clone())),
        (Mode::Chunked, _) => (Awaited::Acknowledgement, Ok(delivery.client_id.clone())),
        (Mode::Legacy, _) => (Awaited::Connection, ClientId::new(task.serial.as_str())),
    };
    match client_id {
        Ok(client_id) => {
            ledger
                .forget_delivery(awaited, &client_id, &task.execution)
                .await
        }
        // No device can connect under a serial that is no client id, so nothing waits for one.
        Err(_) => Ok(()),
    }
}
