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
use muster_onboarding::FailureKind;
use muster_onboarding::ports::{
    AuthorityKeyOpener, Certificate, CertificateRegistry, DataEndpoint, DeviceEvent, DeviceLedger,
    HandedOut, HandingOutLedger, Things, VaultReader, Verifiers,
};
use muster_pki::{der_to_pem, read_certificate};
use signer::Signer;
use standing::Standing;
use std::collections::BTreeMap;

/// How long a refusal stays in a timeline, in days: whoever may call can cause any number of them.
const REFUSAL_DAYS: i64 = 30;
const DAY: i64 = 86_400;

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
}

impl<R, L, E, V, K, F> World<R, L, E, V, K, F>
where
    R: CertificateRegistry + Things,
    L: DeviceLedger + HandingOutLedger,
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
        let asked = Asked::read(event.body, now.div_euclid(1000))?;
        let signer = Signer::find(&self.registry, &asked.ca_id).await?;
        let generated = self.generate_with(&signer, &asked, now).await;
        let outcome = match &generated {
            Ok(answer) => Ok(answer.certificates.certificate_id.clone()),
            Err(GenerateError::Refused(refusal)) => Err(refusal.clone()),
            Err(_) => return generated,
        };
        self.record(&asked, now, outcome).await;
        generated
    }

    async fn generate_with(
        &self,
        signer: &Signer,
        asked: &Asked,
        now: i64,
    ) -> Result<GeneratedDeviceCertificate, GenerateError> {
        verification::verify(&self.verifiers, &self.verifier_arns, signer, asked).await?;
        let endpoint = self.endpoint.data_endpoint().await?;
        let certificate = match self.look_up(signer, asked).await? {
            Standing::Answered(certificate) => certificate,
            Standing::Free => {
                let certificate = signer.sign(&self.vault, &self.keys, asked).await?;
                self.hand_out(signer, asked, certificate, now).await?
            }
        };
        answer(signer, asked, &certificate, endpoint)
    }

    async fn look_up(&self, signer: &Signer, asked: &Asked) -> Result<Standing, GenerateError> {
        standing::look_up(&self.ledger, &self.registry, signer, asked).await
    }

    /// Notes the certificate before it is answered. Where Muster's workflow provisions, it is the workflow that does so,
    /// when the device has come.
    async fn hand_out(
        &self,
        signer: &Signer,
        asked: &Asked,
        certificate: Certificate,
        now: i64,
    ) -> Result<Certificate, GenerateError> {
        if signer.registered.template.is_none() {
            return Ok(certificate);
        }
        let fingerprint = read_certificate(&certificate.der)
            .map(|read| read.public_key_fingerprint)
            .unwrap_or_default();
        let noted = self
            .ledger
            .hand_out(&HandedOut {
                serial: asked.thing_name.clone(),
                fingerprint,
                ca_certificate_id: asked.ca_id.clone(),
                execution: execution(&certificate.id),
                certificate: certificate.clone(),
                at: now,
            })
            .await;
        match noted {
            Ok(()) => Ok(certificate),
            // Somebody was quicker. Their certificate counts, and this one was never seen.
            Err(failure) if failure.kind == FailureKind::ConditionFailed => {
                match self.look_up(signer, asked).await? {
                    Standing::Answered(theirs) => Ok(theirs),
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
    async fn record(&self, asked: &Asked, now: i64, outcome: Result<String, Refusal>) {
        let days = if outcome.is_ok() {
            self.timeline_days
        } else {
            REFUSAL_DAYS
        };
        let serial = asked.thing_name.clone();
        match &outcome {
            Ok(id) => {
                tracing::info!(target: "muster", %serial, certificate_id = id, "certificate handed out");
            }
            Err(refusal) => {
                tracing::info!(target: "muster", %serial, code = refusal.code.name(), "refused");
            }
        }
        let event = DeviceEvent {
            serial,
            at: now,
            execution: match &outcome {
                Ok(id) => execution(id),
                Err(_) => "-".to_owned(),
            },
            outcome,
            expires_at: now.div_euclid(1000) + days * DAY,
        };
        if let Err(error) = self.ledger.record_event(&event).await {
            tracing::warn!(target: "muster", serial = %event.serial, cause = %error, "the timeline lacks this");
        }
    }
}

/// Who handed a certificate out, where a workflow's execution would stand.
fn execution(certificate_id: &str) -> String {
    format!("handed-out-{certificate_id}")
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
        Key::Own(_) => None,
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
            thing_name: asked.thing_name.clone(),
        },
        certificates: Certificates {
            certificate_id: certificate.id.clone(),
            certificate: format!("{own}{ca_certificate}"),
            ca_certificate,
            key,
        },
    })
}
