//! Claim certificates of `muster claim create`, with which devices ask on the claim topics. A policy that allows
//! publishing there makes no certificate one: policies of other systems are often too wide.

use crate::ports::ClaimRecord;
use muster_documents::{Refusal, RefusalCode};

/// Says why the certificate of a connection asks for nothing on the claim topics, if so. `claim` is what the ledger says of it.
///
/// # Errors
/// [`RefusalCode::ClaimUnknown`] and [`RefusalCode::ClaimShut`]: sentences for whoever holds the device.
pub fn check_line_claim(claim: Option<&ClaimRecord>) -> Result<(), Refusal> {
    let unknown = |why: &str| Err(Refusal::new(RefusalCode::ClaimUnknown, why));
    match claim {
        None => unknown(
            "The certificate of the connection is no claim certificate here. Connect with one that `muster claim create` \
             has made or `muster claim adopt` has taken in.",
        ),
        Some(ClaimRecord { fleet: Some(_), .. }) => unknown(
            "The certificate of the connection is a fleet's claim certificate. Ask by that fleet's template.",
        ),
        Some(ClaimRecord { shut: Some(_), .. }) => Err(Refusal::new(
            RefusalCode::ClaimShut,
            "The claim certificate is shut. Give the device another.",
        )),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lines_claim_certificate_that_is_open_may_ask_and_nothing_else() {
        let code = |claim: Option<ClaimRecord>| {
            let checked = check_line_claim(claim.as_ref());
            checked.err().map(|refusal| refusal.code)
        };
        let line = ClaimRecord::default();
        assert_eq!(code(Some(line.clone())), None);
        assert_eq!(code(None), Some(RefusalCode::ClaimUnknown));
        let shut = ClaimRecord {
            shut: Some("operator".to_owned()),
            ..line.clone()
        };
        assert_eq!(code(Some(shut)), Some(RefusalCode::ClaimShut));
        let fleets = ClaimRecord {
            fleet: Some("plant-7".to_owned()),
            ..line
        };
        assert_eq!(code(Some(fleets)), Some(RefusalCode::ClaimUnknown));
    }
}
