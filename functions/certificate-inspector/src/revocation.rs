//! Whether a certificate's CA has taken it back.

use crate::InspectError;
use muster_documents::{Refusal, RefusalCode};
use muster_onboarding::Applicant;
use muster_onboarding::ports::{RevocationListFailure, RevocationLists};

/// Why the CA's revocation list keeps the applicant out at the time `now`, in seconds since 1970, if it does.
pub async fn refusal(
    lists: &impl RevocationLists,
    (ca_id, ca_pem): (&str, &str),
    now: i64,
    applicant: &Applicant,
) -> Result<Option<Refusal>, InspectError> {
    let list = match lists.revocation_list(ca_id, ca_pem).await {
        Ok(Some(list)) => list,
        Ok(None) => return Ok(None),
        // Whom the list names is not known, so nobody comes in. Nor is anybody shut out for good.
        Err(RevocationListFailure::Unusable(why)) => {
            return Ok(Some(Refusal::new(
                RefusalCode::RevocationListInvalid,
                format!(
                    "{why} While it is in the vault none of the CA's devices gets in; later tries ask again."
                ),
            )));
        }
        Err(RevocationListFailure::Cloud(failure)) => return Err(failure.into()),
    };
    if list.revokes(&applicant.serial_number) {
        return Ok(Some(Refusal::new(
            RefusalCode::CertificateRevoked,
            "The CA's revocation list names the certificate. Sign another one.",
        )));
    }
    // What it lists stays taken back. Refusing everybody else would protect nothing: it is the operator's own file, and
    // without any the devices come in as well (docs/decisions/0014).
    if let Some(until) = list.next_update_unix().filter(|until| *until < now) {
        tracing::warn!(
            target: "muster",
            ca = ca_id,
            next_update_unix = until,
            "the CA's revocation list is out of date; a device that it does not name comes in all the same"
        );
    }
    Ok(None)
}
