//! Makes a device's thing and attaches its certificate; or attaches the device policy, which is what makes the
//! certificate usable.

use muster_documents::tasks::{Attachment, RegisterIdentity, RegisteredIdentity};
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::IdentityRegistry;

/// Registers the identity. Each call says the same thing when it is repeated.
pub async fn register(
    registry: &impl IdentityRegistry,
    task: RegisterIdentity,
) -> Result<RegisteredIdentity, CloudFailure> {
    for attachment in &task.attach {
        match attachment {
            Attachment::Thing => {
                registry.create_thing(&task.serial).await?;
                registry
                    .attach_thing(&task.serial, &task.certificate_arn)
                    .await?;
            }
            Attachment::Policy => registry.attach_policy(&task.certificate_arn).await?,
        }
    }
    Ok(RegisteredIdentity {
        thing_name: task.serial.to_string(),
    })
}
