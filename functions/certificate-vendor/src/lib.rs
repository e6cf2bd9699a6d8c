//! Gives devices certificates over HTTPS, in exchange for their tokens: judges the request, sees that the token is the
//! serial's, and has the workflow `certificate-vending` do the rest.
//!
//! Neither the token nor a private key leaves this function but in the answer: the workflow is told the token's keyed hash
//! and a CSR.

mod address;
mod asked;
mod error;

pub use address::Address;
pub use error::VendError;

use asked::{Asked, Signing};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_documents::{VendedCertificate, VendingResult, VendingTask};
use muster_lambda::{DeviceRequest, PaceLimits, Shown, about_execution, authenticate};
use muster_onboarding::CloudFailure;
use muster_onboarding::FailureKind;
use muster_onboarding::ledger::device_key;
use muster_onboarding::ports::{
    Certificate, DataEndpoint, DeviceRecords, ExpressOutcome, ExpressWorkflow, FileStore, TokenKey,
    TokenLedger,
};
use muster_onboarding::tokens::Opens;
use muster_pki::der_to_pem;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// The beginning of an execution's name, by which the workflow knows its own.
const EXECUTION_PREFIX: &str = "vend-";

/// What a workflow fails with whose undo failed.
const UNDO_FAILED: &str = "UndoFailed";

/// What the API says of itself.
const DESCRIPTION: &str = include_str!("../../../openapi/devices.json");

/// What the function reaches.
#[derive(Debug)]
pub struct World<L, K, W, E, F> {
    /// The ledger.
    pub ledger: L,
    /// The key for tokens.
    pub key: K,
    /// The workflow.
    pub workflow: W,
    /// Where devices connect.
    pub address: Address<E, F>,
    /// How many requests are taken.
    pub limits: PaceLimits,
}

impl<L, K, W, E, F> World<L, K, W, E, F>
where
    L: DeviceRecords + TokenLedger,
    K: TokenKey,
    W: ExpressWorkflow,
    E: DataEndpoint,
    F: FileStore,
{
    /// Answers a request at the time `now`, in seconds since 1970, and counts it if it is refused before the workflow.
    ///
    /// # Errors
    /// [`VendError`].
    pub async fn answer(&self, now: i64, request: &DeviceRequest) -> Result<Value, VendError> {
        let answer = self.judged(now, request).await;
        if let Some(measurement) = answer.as_ref().err().and_then(VendError::measurement) {
            // Whoever finds the API can be refused by it, and would have the alarm on the stack's refusals raised all the time.
            measurement.record_apart();
        }
        answer
    }

    async fn judged(&self, now: i64, request: &DeviceRequest) -> Result<Value, VendError> {
        let asked = match request.operation().as_str() {
            "POST /certificates" => Asked::from_body(request)?,
            "GET /getcert" => Asked::from_query(request)?,
            "GET /openapi.json" => return Ok(description()),
            _ => return Err(VendError::NotFound),
        };
        self.vend(now, request, asked).await
    }

    async fn vend(
        &self,
        now: i64,
        request: &DeviceRequest,
        asked: Asked,
    ) -> Result<Value, VendError> {
        // Whoever asks, so that the operator finds those that are refused as well.
        tracing::info!(target: "muster", source = request.source(), "asked");
        let shown = Shown {
            serial: &asked.serial,
            token: &asked.token,
            source: request.source(),
        };
        let opened = authenticate(
            &self.ledger,
            &self.key,
            self.limits,
            Opens::Certificate,
            shown,
            now,
        );
        let mac = opened.await?;
        // What cannot be answered is not made.
        let address = self.address.find().await?;
        let serial = asked.serial.clone();
        let keyless = asked.is_keyless();
        let Signing {
            csr,
            fingerprint,
            key,
        } = asked.signing()?;
        let task = VendingTask {
            serial: serial.to_string(),
            ledger_key: device_key(&serial),
            mac: STANDARD.encode(mac),
            fingerprint,
            csr,
            keyless,
        };
        let execution = format!("{EXECUTION_PREFIX}{}", uuid::Uuid::new_v4());
        about_execution(&execution);
        tracing::info!(target: "muster", keyless, "the token is right");
        let certificate_id = self.execute(&execution, &task).await?;
        let held = self.ledger.held(&serial).await?.unwrap_or_default();
        let given = [held.current, held.rotation.next].into_iter().flatten();
        let given = given.into_iter().find(|one| one.id == certificate_id);
        let certificate = given.ok_or_else(|| gone(&certificate_id))?;
        tracing::info!(target: "muster", certificate_id, "certificate given");
        let mut answer = vended(&certificate, serial.to_string(), address);
        if let Some(key) = key {
            answer["keyPair"] = json!({
                "PublicKey": key.public_key_pem(),
                "PrivateKey": key.pem().expose_secret(),
            });
        }
        Ok(answer)
    }

    /// Answers the id of the certificate that the workflow has made, or has made before.
    async fn execute(&self, execution: &str, task: &VendingTask) -> Result<String, VendError> {
        let outcome = self.workflow.run_express(execution, &json!(task)).await?;
        let result = match outcome {
            ExpressOutcome::Done(output) => serde_json::from_value(output),
            ExpressOutcome::Unfinished => return Err(VendError::Unfinished),
            ExpressOutcome::Failed(error) if error == "Throttled" => {
                return Err(VendError::Throttled);
            }
            ExpressOutcome::Failed(error) if error == UNDO_FAILED => {
                return Err(VendError::HalfMade);
            }
            ExpressOutcome::Failed(error) => return Err(VendError::Failed(error)),
        };
        match result {
            Ok(VendingResult {
                certificate_id: Some(id),
                ..
            }) => Ok(id),
            Ok(VendingResult {
                refusal: Some(refusal),
                ..
            }) => {
                let keyless = task.keyless;
                Err(VendError::Refused { refusal, keyless })
            }
            _ => Err(VendError::Failed("OutputInvalid".to_owned())),
        }
    }
}

fn description() -> Value {
    serde_json::from_str(DESCRIPTION).unwrap_or_default()
}

fn vended(certificate: &Certificate, thing_name: String, address: &address::Found) -> Value {
    json!(VendedCertificate {
        certificate_id: certificate.id.clone(),
        certificate_arn: certificate.arn.clone(),
        certificate_pem: der_to_pem("CERTIFICATE", &certificate.der),
        thing_name,
        endpoint: address.endpoint.clone(),
        root_ca: address.root_ca.clone(),
    })
}

/// It was taken away between the workflow's end and now.
fn gone(certificate_id: &str) -> CloudFailure {
    CloudFailure {
        kind: FailureKind::Unavailable,
        action: "dynamodb:GetItem",
        message: format!("the certificate {certificate_id} is not the device's any more"),
        source: None,
    }
}

#[cfg(test)]
mod tests;
