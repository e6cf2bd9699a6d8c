//! The CA's verifier decides before anything is looked up that the caller could learn from.

use crate::GenerateError;
use crate::asked::Asked;
use crate::signer::Signer;
use muster_documents::{Refusal, RefusalCode};
use muster_onboarding::ports::{VerifierAnswer, Verifiers};
use muster_onboarding::verified;
use serde_json::Value;
use std::collections::BTreeMap;

/// Asks the CA's verifier, if it names one. It is asked with what the caller says of the device, to which the thing's
/// name, the CA's id and the key's fingerprint are added: those of the certificate, whatever the caller says.
pub(crate) async fn verify(
    verifiers: &impl Verifiers,
    known: &BTreeMap<String, String>,
    signer: &Signer,
    asked: &Asked,
) -> Result<(), GenerateError> {
    let verifier = signer.registered.verifier(known);
    let verifier = verifier.map_err(|verifier| GenerateError::VerifierUnknown {
        ca: asked.ca_id.clone(),
        verifier,
    })?;
    let Some(arn) = verifier else { return Ok(()) };
    let mut question = asked.device_info.clone();
    question.insert("thingName".to_owned(), asked.thing_name.as_str().into());
    question.insert(
        "publicKeyFingerprint".to_owned(),
        asked.key.fingerprint().into(),
    );
    question.insert("caCertificateId".to_owned(), asked.ca_id.clone().into());
    let failed = |what| GenerateError::VerifierFailed {
        ca: asked.ca_id.clone(),
        what,
    };
    match verifiers.ask(arn, &Value::Object(question)).await? {
        VerifierAnswer::Said(answer) if verified(&answer) => Ok(()),
        VerifierAnswer::Said(_) => Err(GenerateError::Refused(Refusal::new(
            RefusalCode::NotVerified,
            "The verifier did not say yes. It has to answer verified: true.",
        ))),
        VerifierAnswer::Failed => Err(failed("failed")),
        VerifierAnswer::Late => Err(failed("did not answer in 20 seconds")),
    }
}
