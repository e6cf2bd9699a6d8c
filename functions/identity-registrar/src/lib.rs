//! Makes a device's thing and attaches its certificate; or attaches the device policy, which is what makes the
//! certificate usable.

use muster_documents::tasks::{Attachment, RegisterIdentity, RegisteredIdentity};
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::IdentityRegistry;
use muster_onboarding::rotation::{Day, RotationPolicy, shard_of};

/// Registers the identity on the day `today`. Each call does the same when it is repeated.
pub async fn register(
    registry: &impl IdentityRegistry,
    policy: &RotationPolicy,
    today: Day,
    task: RegisterIdentity,
) -> Result<RegisteredIdentity, CloudFailure> {
    for attachment in &task.attach {
        match attachment {
            Attachment::Thing => {
                registry.create_thing(&task.serial, today).await?;
                registry
                    .attach_thing(&task.serial, &task.certificate_arn)
                    .await?;
            }
            Attachment::Policy => registry.attach_policy(&task.certificate_arn).await?,
        }
    }
    Ok(RegisteredIdentity {
        thing_name: task.serial.to_string(),
        issued_on: today.to_string(),
        rotation_shard: shard_of(&task.serial),
        rotation_day: policy.due_on(today, task.not_after).to_string(),
        undo_on: today.plus(policy.proof).to_string(),
    })
}
