//! What `muster reconcile` does beside running the workflow.

use crate::target::{Target, TargetError};
use muster_cloud::{Identity, Inventory, Registrations};
use muster_documents::Serial;
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::{
    Attachments, CertificateOwner, CertificateOwners, CertificateRegistry, DeviceRecords,
};

/// Why a certificate stays.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// AWS IoT does not know it.
    #[error("there is no certificate {0}")]
    Gone(String),
    /// It is a device's.
    #[error(
        "the certificate {certificate} is {serial}'s, and stays; `muster device release {serial}` takes the device's \
         certificates away"
    )]
    OfDevice {
        /// It.
        certificate: String,
        /// The device.
        serial: Serial,
    },
    /// It may be the only one that its device has.
    #[error(
        "it may be the only certificate of {0}, which the ledger does not know; `muster fleet import {0}` adopts the device"
    )]
    NotAdopted(Serial),
    /// Devices ask with it.
    #[error("{0} is a claim certificate, and stays; `muster claim --help` shows how it is shut")]
    Claim(String),
    /// It is attached to what cannot be a device's thing.
    #[error(
        "the certificate is attached to the thing {0}, which no device of Muster's can have, and stays"
    )]
    OtherThing(String),
    /// See [`TargetError`].
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A call failed; the command can be repeated.
    #[error("the certificate is not taken away yet; run the command again")]
    Cloud(#[from] CloudFailure),
}

/// Takes a certificate away that the ledger does not know: detaches it from its things and policies and deletes it, or
/// revokes it where a CA of the account's has signed it. Answers the things' names. Can be repeated.
pub async fn remove(target: &Target, certificate_id: &str) -> Result<Vec<String>, RemoveError> {
    let id = certificate_id.to_owned();
    match target.ledger()?.owner(certificate_id).await? {
        CertificateOwner::Nobody => {}
        CertificateOwner::Claim => return Err(RemoveError::Claim(id)),
        CertificateOwner::InForce(serial) | CertificateOwner::Beside(serial) => {
            return Err(RemoveError::OfDevice {
                certificate: id,
                serial,
            });
        }
    }
    let registry = Registrations::new(&target.cloud);
    let Some(found) = registry.certificate(certificate_id).await? else {
        return Err(RemoveError::Gone(id));
    };
    let arn = found.description.certificate_arn;
    let names = Inventory::new(&target.cloud).things_of(&arn).await?;
    let mut things = Vec::new();
    for name in &names {
        let serial = Serial::new(&**name);
        things.push(serial.map_err(|_| RemoveError::OtherThing(name.clone()))?);
    }
    let ledger = target.ledger()?;
    for serial in &things {
        // The index may lag behind the devices themselves.
        let Some(held) = ledger.held(serial).await? else {
            return Err(RemoveError::NotAdopted(serial.clone()));
        };
        if held.uses(&id) || held.current.is_none() {
            return Err(RemoveError::OfDevice {
                certificate: id,
                serial: serial.clone(),
            });
        }
    }
    let identity = Identity::new(&target.cloud, target.output("DevicePolicyName")?);
    identity.take_from(&things, certificate_id, &arn).await?;
    Ok(names)
}
