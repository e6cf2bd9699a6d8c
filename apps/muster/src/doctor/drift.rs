//! Whether the stack's resources are as its template says.

use super::{Drift, Finding, Patient};
use crate::commands::Failure;
use muster_cloud::operator::Drifted;

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    let name = patient.target.output("StackName")?;
    let (looked_at, unseen) = match patient.drift {
        Drift::LookNow => {
            let unseen = patient.checkup.look_for_drift(name).await?;
            (Some(patient.now), unseen)
        }
        Drift::AsLastSeen => (patient.health().await?.drift_looked_for_at, None),
    };
    let Some(looked_at) = looked_at else {
        let said =
            "nobody has looked for it yet: `muster doctor --drift` does, in a minute or several";
        return Ok(vec![Finding::ok(said)]);
    };
    let day = jiff::Timestamp::from_second(looked_at)?.strftime("%Y-%m-%d");
    let drifted = patient.checkup.drifted(name).await?;
    Ok(findings(&drifted, unseen.as_deref(), &day.to_string()))
}

fn findings(drifted: &[Drifted], unseen: Option<&str>, day: &str) -> Vec<Finding> {
    let mut found: Vec<_> = drifted.iter().map(|one| judge(one, day)).collect();
    if let Some(why) = unseen {
        let said = format!("not everything could be looked at: {why}");
        let advice =
            "see that you may read what it names: CloudFormation looks with your permissions";
        found.push(Finding::problem(said, advice));
    }
    if found.is_empty() {
        let said = format!("nothing was changed by hand, as of {day}");
        found.push(Finding::ok(said));
    }
    found
}

fn judge(drifted: &Drifted, day: &str) -> Finding {
    let Drifted {
        logical_id,
        kind,
        properties,
    } = drifted;
    let what = if properties.is_empty() {
        "is gone".to_owned()
    } else {
        format!("was changed by hand: {}", properties.join(", "))
    };
    Finding::warning(
        format!("{logical_id} ({kind}) {what}, as of {day}"),
        "a deployment leaves it so: docs/operations.md#what-was-changed-by-hand",
    )
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn what_was_changed_is_named_with_what_of_it_and_what_is_gone_as_gone() {
        let of = |properties: &[&str]| Drifted {
            logical_id: "ClaimIntakeFunction".to_owned(),
            kind: "AWS::Lambda::Function".to_owned(),
            properties: properties.iter().map(|path| (*path).to_owned()).collect(),
        };
        let changed = judge(&of(&["/MemorySize", "/Timeout"]), "2026-11-23");
        assert_eq!(changed.level, Level::Warning);
        assert_eq!(
            changed.said,
            "ClaimIntakeFunction (AWS::Lambda::Function) was changed by hand: /MemorySize, /Timeout, as of 2026-11-23"
        );
        assert!(judge(&of(&[]), "2026-11-23").said.contains(" is gone,"));
    }

    #[test]
    fn what_could_not_be_looked_at_is_a_problem_beside_what_could_be() {
        let gone = Drifted {
            logical_id: "Key".to_owned(),
            kind: "AWS::KMS::Key".to_owned(),
            properties: Vec::new(),
        };
        let levels = |found: Vec<Finding>| found.iter().map(|one| one.level).collect::<Vec<_>>();
        let found = findings(&[gone], Some("denied"), "2026-11-23");
        assert_eq!(levels(found), [Level::Warning, Level::Problem]);
        assert_eq!(levels(findings(&[], Some("denied"), "")), [Level::Problem]);
        assert_eq!(levels(findings(&[], None, "")), [Level::Ok]);
    }
}
