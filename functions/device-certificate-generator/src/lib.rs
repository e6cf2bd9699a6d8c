//! Has a device's certificate signed by a CA whose key Muster keeps, for a device that cannot have it signed elsewhere:
//! the device then comes in by just-in-time provisioning or registration, whichever the CA is registered for.
//!
//! Nothing is deleted, and no thing is touched: the certificate of a name that is taken is not made in the first place.

mod asked;
mod encryption;
mod error;
mod signer;
mod standing;
mod verification;

pub use error::GenerateError;

use asked::{Asked, Key};
use muster_documents::{
    ApiEvent, Certificates, Endpoints, GenerateDeviceCertificate, GeneratedDeviceCertificate,
    MadeKey, NamedDevice, Refusal, RefusalCode,
};
use muster_lambda::{Measurement, routes};
use muster_onboarding::FailureKind;
use muster_onboarding::ledger::kept_until;
use muster_onboarding::ports::{
    AuthorityKeyOpener, Certificate, CertificateRegistry, DataEndpoint, DeviceEvent, DeviceRecords,
    HandedOut, HandingOutLedger, Things, VaultReader, Verifiers,
};
use muster_onboarding::rotation::{Day, RotationPolicy};
use muster_pki::der_to_pem;
use signer::Signer;
use standing::Standing;
use std::collections::BTreeMap;

/// How long a refusal stays in a timeline, in days: whoever may call can cause any number of them.
const REFUSAL_DAYS: i64 = 30;
/// What the function reaches.
#[derive(Debug)]
pub struct World<R, L, E, V, K, F> {
    /// AWS IoT: CAs and things.
    pub registry: R,
    /// The ledger.
    pub ledger: L,
    /// The endpoint for devices.
    pub endpoint: E,
    /// The vault.
    pub vault: V,
    /// CAs' keys.
    pub keys: K,
    /// The verifiers.
    pub verifiers: F,
    /// The verifiers' ARNs by name.
    pub verifier_arns: BTreeMap<String, String>,
    /// How long the ledger keeps a device's timeline, in days.
    pub timeline_days: i64,
    /// When certificates have to be renewed.
    pub rotation: RotationPolicy,
}

impl<R, L, E, V, K, F> World<R, L, E, V, K, F>
where
    R: CertificateRegistry + Things,
    L: DeviceRecords + HandingOutLedger,
    E: DataEndpoint,
    V: VaultReader,
    K: AuthorityKeyOpener,
    F: Verifiers,
{
    /// Generates the certificate that `event` asks for; `now` is the time in milliseconds since 1970.
    ///
    /// # Errors
    /// [`GenerateError`]. After any of them no certificate was handed out.
    pub async fn generate(
        &self,
        now: i64,
        event: ApiEvent<GenerateDeviceCertificate>,
    ) -> Result<GeneratedDeviceCertificate, GenerateError> {
        let caller = event.caller;
        let asked = Asked::read(event.body, now.div_euclid(1000))?;
        let signer = Signer::find(&self.registry, &asked.ca_id).await?;
        let generated = self.generate_with(&signer, &asked, now).await;
        let outcome = match &generated {
            Ok(answer) => Ok(answer.certificates.certificate_id.clone()),
            Err(GenerateError::Refused(refusal)) => {
                let (route, reason) = (signer.route(), refusal.code.name());
                // Who asks is told. The stack's own number is for those whom nobody hears.
                Measurement::refused(route.to_owned(), reason.to_owned()).record_apart();
                Err(refusal.clone())
            }
            Err(_) => return generated,
        };
        self.record(&asked, caller, now, outcome).await;
        generated
    }

    async fn generate_with(
        &self,
        signer: &Signer,
        asked: &Asked,
        now: i64,
    ) -> Result<GeneratedDeviceCertificate, GenerateError> {
        signer.check_active()?;
        verification::verify(&self.verifiers, &self.verifier_arns, signer, asked).await?;
        let endpoint = self.endpoint.data_endpoint().await?;
        let certificate = match self.look_up(signer, asked).await? {
            Standing::Answered(certificate) => certificate,
            Standing::Free => {
                let new = signer.sign(&self.vault, &self.keys, asked).await?;
                // What cannot be answered is not handed out.
                let ready = answer(signer, asked, &new, endpoint.clone())?;
                match self.hand_out(signer, asked, &new, now).await? {
                    None => return Ok(ready),
                    Some(theirs) => theirs,
                }
            }
        };
        answer(signer, asked, &certificate, endpoint)
    }

    async fn look_up(&self, signer: &Signer, asked: &Asked) -> Result<Standing, GenerateError> {
        standing::look_up(&self.ledger, &self.registry, signer, asked).await
    }

    /// Notes the certificate before it is answered; where AWS IoT provisions by itself, also that the device has it.
    /// Where Muster's workflow provisions, the workflow notes that when the device has come. `Some` certificate is the
    /// one to answer instead.
    async fn hand_out(
        &self,
        signer: &Signer,
        asked: &Asked,
        certificate: &Certificate,
        now: i64,
    ) -> Result<Option<Certificate>, GenerateError> {
        let end = signer.certificate.validity().not_after_unix;
        let handed_out = HandedOut {
            serial: asked.thing_name.clone(),
            thing_name: signer.thing_name(asked, certificate)?,
            fingerprint: asked.key.fingerprint(),
            ca_certificate_id: Some(asked.ca_id.clone()),
            certificate: certificate.clone(),
            not_after: asked.validity.not_after_unix.min(end),
        };
        if signer.registered.template.is_none() {
            self.ledger.note_handed_out(&handed_out).await?;
            return Ok(None);
        }
        let due_on = self
            .rotation
            .due_on(Day::of(now), Some(handed_out.not_after));
        match self.ledger.hand_out(&handed_out, now, due_on).await {
            Ok(()) => {
                // Nobody tells when AWS IoT lets the device in; from now on the ledger has it as provisioned.
                Measurement::provisioned(routes::JITP.to_owned(), None).record();
                Ok(None)
            }
            // Somebody was quicker. Their certificate counts, and this one was never seen.
            Err(failure) if failure.kind == FailureKind::ConditionFailed => {
                match self.look_up(signer, asked).await? {
                    Standing::Answered(theirs) => Ok(Some(theirs)),
                    Standing::Free => Err(GenerateError::Refused(Refusal::new(
                        RefusalCode::ProvisioningInProgress,
                        "This name was taken and released at this moment. Ask again.",
                    ))),
                }
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// The timeline is for people; that it cannot be written takes nobody's certificate away.
    async fn record(
        &self,
        asked: &Asked,
        caller: Option<String>,
        now: i64,
        outcome: Result<String, Refusal>,
    ) {
        let days = if outcome.is_ok() {
            self.timeline_days
        } else {
            REFUSAL_DAYS
        };
        let serial = asked.thing_name.clone();
        // What is refused is the invocation's own line.
        if let Ok(id) = &outcome {
            tracing::info!(target: "muster", certificate_id = id, "certificate handed out");
        }
        let event = DeviceEvent {
            serial,
            at: now,
            caller,
            outcome,
            expires_at: kept_until(now, days),
        };
        if let Err(error) = self.ledger.record_event(&event).await {
            tracing::warn!(target: "muster", cause = %error, "the timeline lacks this");
        }
    }
}

fn answer(
    signer: &Signer,
    asked: &Asked,
    certificate: &Certificate,
    endpoint: String,
) -> Result<GeneratedDeviceCertificate, GenerateError> {
    let ca_certificate = signer.certificate.pem();
    let own = der_to_pem("CERTIFICATE", &certificate.der);
    let key = match &asked.key {
        Key::Own { .. } => None,
        Key::Made { key, reader: None } => Some(MadeKey::InClear {
            private_key: key.pem(),
        }),
        Key::Made {
            key,
            reader: Some(reader),
        } => Some(MadeKey::Encrypted {
            encrypted_private_key: reader.encrypt(&key.pem(), &certificate.id)?,
        }),
    };
    Ok(GeneratedDeviceCertificate {
        endpoints: Endpoints { data: endpoint },
        device: NamedDevice {
            thing_name: signer.thing_name(asked, certificate)?,
        },
        certificates: Certificates {
            certificate_id: certificate.id.clone(),
            certificate: format!("{own}{ca_certificate}"),
            ca_certificate,
            key,
        },
    })
}
