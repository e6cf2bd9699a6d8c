//! Whether devices can still ask with their claim certificates.

use super::{Finding, Patient};
use crate::commands::Failure;
use muster_cloud::operator::Claim;

/// In seconds.
const DAY: i64 = 86_400;
/// So long before its end a claim certificate is to be replaced: it is in firmware.
const NEAR: i64 = 60 * DAY;

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    let mut found = Vec::new();
    for claim in patient.target.claims()?.list().await? {
        let end = patient.checkup.ends_at(&claim.certificate_id).await?;
        found.extend(judge(&claim, end, patient.now));
    }
    Ok(found)
}

fn judge(claim: &Claim, ends_at: Option<i64>, now: i64) -> Option<Finding> {
    let id = &claim.certificate_id;
    // Another has its place: that it ends is meant.
    if claim.until.is_some() {
        return None;
    }
    let replace = match &claim.fleet {
        Some(fleet) => format!("muster claim rotate {fleet}, and new bundles for new devices"),
        None => "muster claim create, for new firmware".to_owned(),
    };
    if !claim.known {
        return Some(Finding::problem(
            format!(
                "{id} lets nobody in: it has the claim policies, and the ledger does not know it"
            ),
            match &claim.fleet {
                Some(_) => replace,
                None => format!(
                    "muster claim adopt {id}, if it is yours; else muster claim revoke {id}, which leaves it"
                ),
            },
        ));
    }
    if let Some(why) = &claim.shut {
        return Some(Finding::warning(
            format!("{id} lets nobody in: {why}"),
            format!("muster claim reopen {id}, or {replace}"),
        ));
    }
    let left = ends_at? - now;
    if left < 0 {
        return Some(Finding::problem(
            format!("{id} has ended: no device connects with it"),
            replace,
        ));
    }
    (left < NEAR).then(|| Finding::warning(format!("{id} ends in {} days", left / DAY), replace))
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn claim() -> Claim {
        Claim {
            certificate_id: "c1".to_owned(),
            name: "line-1".to_owned(),
            status: "ACTIVE".to_owned(),
            created_at: 0,
            fleet: Some("plant-7".to_owned()),
            until: None,
            shut: None,
            known: true,
            adopted: false,
        }
    }

    fn level(claim: &Claim, days: i64) -> Option<Level> {
        judge(claim, Some(days * DAY), 0).map(|found| found.level)
    }

    #[test]
    fn a_claim_that_ends_soon_is_a_warning_and_one_that_has_ended_a_problem() {
        assert_eq!(level(&claim(), 61), None);
        assert_eq!(level(&claim(), 59), Some(Level::Warning));
        assert_eq!(level(&claim(), -1), Some(Level::Problem));
        let replaced = Claim {
            until: Some(DAY),
            ..claim()
        };
        assert_eq!(level(&replaced, -1), None);
        let shut = Claim {
            shut: Some("surge".to_owned()),
            ..claim()
        };
        assert_eq!(level(&shut, 400), Some(Level::Warning));
        let unknown = Claim {
            known: false,
            ..claim()
        };
        assert_eq!(level(&unknown, 400), Some(Level::Problem));
    }
}
