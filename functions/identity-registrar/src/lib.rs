//! Makes a device's thing and attaches its certificate; with `activate`, attaches the device policy too, which is
//! what makes the certificate usable.

use muster_documents::tasks::{RegisterIdentity, RegisteredIdentity};
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::IdentityRegistry;

/// Registers the identity. Each call says the same thing when it is repeated.
pub async fn register(
    registry: &impl IdentityRegistry,
    task: RegisterIdentity,
) -> Result<RegisteredIdentity, CloudFailure> {
    registry.create_thing(&task.serial).await?;
    registry.attach_thing(&task.serial, &task.certificate_arn).await?;
    if task.activate {
        registry.attach_policy(&task.certificate_arn).await?;
    }
    Ok(RegisteredIdentity { thing_name: task.serial.to_string() })
}
