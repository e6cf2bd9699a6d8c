//! Whether a name is free for a certificate.

use crate::GenerateError;
use crate::asked::{Asked, Key};
use crate::signer::Signer;
use muster_documents::{Refusal, RefusalCode};
use muster_onboarding::ledger::{DeviceState, WayIn};
use muster_onboarding::ports::{Certificate, DeviceRecords, HandedOut, HandingOutLedger, Things};

/// The most certificates of one name that may be out without the device having come in. Each of them could be used, so
/// there are few.
const MOST_OUT: usize = 10;

/// What is to be done for a name.
pub(crate) enum Standing {
    /// It is free.
    Free,
    /// It has this certificate for this very key: the answer was lost on its way, and is given again.
    Answered(Certificate),
}

/// Looks the name up in the ledger and among the things. One that is taken is left alone, unless whoever asks has the
/// key of its certificate, as the CSR's signature shows. A thing that is there without being Muster's is touched only if
/// its name was imported, which is the operator's word for it.
pub(crate) async fn look_up(
    ledger: &(impl DeviceRecords + HandingOutLedger),
    things: &impl Things,
    signer: &Signer,
    asked: &Asked,
) -> Result<Standing, GenerateError> {
    let name = &asked.thing_name;
    let held = ledger.held(name).await?.unwrap_or_default();
    let out = ledger.handed_out(name).await?;
    let out: Vec<_> = out
        .into_iter()
        .filter(|one| one.not_after > asked.now)
        .collect();
    let own = out.iter().find(|one| is_own(one, signer, asked));
    match held.state {
        Some(DeviceState::Provisioned) => {
            let current = held.current.as_ref().map(|current| current.id.as_str());
            own.filter(|own| current == Some(own.certificate.id.as_str()))
                .map(|own| Standing::Answered(own.certificate.clone()))
                .ok_or_else(taken)
        }
        Some(DeviceState::Provisioning) => Err(refused(
            RefusalCode::ProvisioningInProgress,
            "A thing of this name is being provisioned at this moment. Ask again later.",
        )),
        Some(DeviceState::Known) if !held.may_come(WayIn::Certificate) => Err(refused(
            RefusalCode::SerialUnknown,
            "This serial was imported for another way in than a certificate. `muster device import --only-by certificate` \
             changes that.",
        )),
        Some(DeviceState::Known) | None => {
            if let Some(own) = own {
                return Ok(Standing::Answered(own.certificate.clone()));
            }
            if out.len() >= MOST_OUT {
                return Err(refused(
                    RefusalCode::AlreadyProvisioned,
                    "Ten certificates of this name have been handed out, and none has come in. `muster device release` \
                     takes them away.",
                ));
            }
            if !held.is_imported_for(WayIn::Certificate) && things.thing_exists(name).await? {
                return Err(refused(
                    RefusalCode::ThingExists,
                    "A thing of this name is there already. Choose another name; or, if this device is to become that \
                     thing, have the operator import its name with `muster device import`.",
                ));
            }
            Ok(Standing::Free)
        }
    }
}

/// Whether it was handed out by this CA for the key that the request is signed with.
fn is_own(one: &HandedOut, signer: &Signer, asked: &Asked) -> bool {
    let same_key = match &asked.key {
        Key::Own { fingerprint, .. } => *fingerprint == one.fingerprint,
        Key::Made { .. } => false,
    };
    let same_ca = one.ca_certificate_id.as_deref() == Some(asked.ca_id.as_str());
    same_key && same_ca && signer.issued(&one.certificate)
}

fn taken() -> GenerateError {
    refused(
        RefusalCode::AlreadyProvisioned,
        "A thing of this name has a certificate already. If the device has lost its key, or its certificate has ended, \
         have the operator run `muster device release`, then ask again.",
    )
}

fn refused(code: RefusalCode, message: &str) -> GenerateError {
    GenerateError::Refused(Refusal::new(code, message))
}
