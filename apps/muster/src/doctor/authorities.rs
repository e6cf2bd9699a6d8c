//! Whether the certificate authorities go on.

use super::{Finding, Patient};
use crate::commands::Failure;
use muster_cloud::operator::Authority;

/// In seconds.
const DAY: i64 = 86_400;
/// So long before its end another CA is to be made: devices with its certificates have to be made, too.
const NEAR: i64 = 180 * DAY;

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    let all = patient.target.authorities().list().await?;
    let found = all.iter().filter_map(|ca| judge(ca, patient.now));
    Ok(found.collect())
}

fn judge(ca: &Authority, now: i64) -> Option<Finding> {
    if !ca.served || ca.is_shut() {
        return None;
    }
    let (id, name) = (&ca.certificate_id, &ca.common_name);
    let left = ca.expires_at - now;
    if left < 0 {
        return Some(Finding::problem(
            format!("{id} ({name}) has ended: its devices are not let in"),
            "muster ca register makes another; then muster ca disable this one",
        ));
    }
    (left < NEAR).then(|| {
        Finding::warning(
            format!("{id} ({name}) ends in {} days", left / DAY),
            "muster ca register makes another, in time for new devices",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn level(days: i64, status: &str, served: bool) -> Option<Level> {
        let ca = Authority {
            certificate_id: "ab1".to_owned(),
            common_name: "Plant 7".to_owned(),
            status: status.to_owned(),
            auto_registration: "ENABLE".to_owned(),
            verifier: None,
            route: "jitr",
            expires_at: days * DAY,
            served,
        };
        judge(&ca, 0).map(|found| found.level)
    }

    #[test]
    fn an_open_ca_of_musters_that_ends_is_told_of_in_time() {
        assert_eq!(level(181, "ACTIVE", true), None);
        assert_eq!(level(179, "ACTIVE", true), Some(Level::Warning));
        assert_eq!(level(-1, "ACTIVE", true), Some(Level::Problem));
        assert_eq!(level(-1, "INACTIVE", true), None);
        assert_eq!(level(-1, "ACTIVE", false), None);
    }
}
