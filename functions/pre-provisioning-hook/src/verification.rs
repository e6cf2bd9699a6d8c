//! The fleet's verifier decides, where the fleet leaves it to one.

use crate::{call_failed, failed};
use muster_documents::{Refusal, RefusalCode};
use muster_onboarding::fleets::Asked;
use muster_onboarding::ports::{VerifierAnswer, Verifiers};
use muster_onboarding::verified;
use std::collections::BTreeMap;

/// Asks the verifier of this name, of those that the stack `known`s by name. Whatever is not its yes is a no.
pub(crate) async fn verify(
    verifiers: &impl Verifiers,
    known: &BTreeMap<String, String>,
    name: &str,
    asked: &Asked,
) -> Result<(), Refusal> {
    let arn = known.get(name).ok_or_else(|| {
        failed(&format!(
            "The fleet names the verifier {name:?}, which this stack does not have. Name it in the stack's parameters \
             VerifierNames and VerifierArns."
        ))
    })?;
    let answer = verifiers.ask(arn, &asked.question()).await;
    match answer.map_err(|failure| call_failed(&failure))? {
        VerifierAnswer::Said(answer) if verified(&answer) => Ok(()),
        VerifierAnswer::Said(_) => Err(Refusal::new(
            RefusalCode::NotVerified,
            "The verifier did not say yes. It has to answer verified: true.",
        )),
        VerifierAnswer::Failed => Err(failed("The verifier failed. Look into its log.")),
        VerifierAnswer::Late => Err(failed("The verifier did not answer in time.")),
    }
}
