//! Whether AWS IoT announces changes of things, by which edited dates are followed.

use super::{Finding, Patient};
use crate::commands::Failure;

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    Ok(vec![judge(
        patient.target.thing_announcements().are_on().await?,
    )])
}

fn judge(announced: bool) -> Finding {
    if announced {
        return Finding::ok("AWS IoT announces them");
    }
    Finding::warning(
        "AWS IoT does not announce them: an edited cert_issuance is found by reconciliation alone",
        "muster rotation follow",
    )
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn changes_that_nobody_hears_of_are_a_warning() {
        assert_eq!(judge(true).level, Level::Ok);
        assert_eq!(judge(false).level, Level::Warning);
    }
}
