//! Whether a name is free for a certificate.

use crate::GenerateError;
use crate::asked::{Asked, Key};
use crate::signer::Signer;
use muster_documents::{Refusal, RefusalCode};
use muster_onboarding::ledger::{DeviceState, IMPORTED};
use muster_onboarding::ports::{Certificate, DeviceLedger, HeldDevice, Things};
use muster_pki::{SubmittedRequest, read_certificate};

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
    ledger: &impl DeviceLedger,
    things: &impl Things,
    signer: &Signer,
    asked: &Asked,
) -> Result<Standing, GenerateError> {
    let held = ledger.held(&asked.thing_name).await?.unwrap_or_default();
    match held.state {
        Some(DeviceState::Provisioned) => answered(held, signer, asked),
        Some(DeviceState::Provisioning) => Err(refused(
            RefusalCode::ProvisioningInProgress,
            "A thing of this name is being provisioned at this moment. Ask again later.",
        )),
        Some(DeviceState::Known) if held.enrolled_by.as_deref() == Some(IMPORTED) => {
            Ok(Standing::Free)
        }
        Some(DeviceState::Known) | None => {
            if things.thing_exists(&asked.thing_name).await? {
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

fn answered(held: HeldDevice, signer: &Signer, asked: &Asked) -> Result<Standing, GenerateError> {
    let same_key = match &asked.key {
        Key::Own(request) => SubmittedRequest::parse_der(request.der())
            .is_ok_and(|request| held.fingerprint.as_deref() == Some(request.fingerprint())),
        Key::Made { .. } => false,
    };
    let own = held.current.filter(|certificate| {
        let read = read_certificate(&certificate.der);
        same_key && read.is_ok_and(|read| read.issued_by(&signer.certificate))
    });
    own.map(Standing::Answered).ok_or_else(|| {
        refused(
            RefusalCode::AlreadyProvisioned,
            "A thing of this name has a certificate already. If the device has lost its key, have the operator run \
             `muster device release`, then ask again.",
        )
    })
}

fn refused(code: RefusalCode, message: &str) -> GenerateError {
    GenerateError::Refused(Refusal::new(code, message))
}
