//! Whether the stack's resources are as its template says.

use super::{Drift, Finding, Patient};
use crate::commands::Failure;
use muster_cloud::operator::{Difference, Drifted};

/// What CloudFormation says of a stack that is as its template says, as far as it can compare.
const IN_SYNC: &str = "IN_SYNC";

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    let name = patient.target.output("StackName")?;
    // What was seen before is worth saying, whatever keeps CloudFormation from looking now.
    let (stack, unseen) = match patient.drift {
        Drift::LookNow => {
            let looked = patient.checkup.look_for_drift(name).await;
            let unseen = looked.unwrap_or_else(|failure| Some(failure.to_string()));
            // Anew: the other checks have read how it stood before.
            (&patient.checkup.stack(name).await?, unseen)
        }
        Drift::AsLastSeen => (patient.health().await?, None),
    };
    let unseen =
        unseen.map(|why| judge_unseen("CloudFormation could not look at everything", &why));
    let Some(looked_at) = stack.drift_looked_for_at else {
        return Ok(vec![unseen.unwrap_or_else(never_looked)]);
    };
    let drifted = patient.checkup.drifted(name).await?;
    let found = drifted.iter().map(judge).chain(unseen);
    let found: Vec<_> = found.collect();
    if found.is_empty() {
        return Ok(vec![judge_all(&stack.drift, looked_at)]);
    }
    Ok(found)
}

fn never_looked() -> Finding {
    Finding::ok(
        "nobody has looked for it yet: `muster doctor --drift` does, in a minute or several",
    )
}

fn judge_unseen(what: &str, why: &str) -> Finding {
    Finding::problem(
        format!("{what}: {why}"),
        "wait while the stack changes or is looked at; else see that you may call and read what it names",
    )
}

/// Where no resource is told of.
fn judge_all(status: &str, looked_at: i64) -> Finding {
    let day = day(looked_at);
    if status == IN_SYNC {
        let said =
            format!("CloudFormation sees nothing that differs from the template, as of {day}");
        return Finding::ok(said);
    }
    let said = format!("CloudFormation has not looked at everything, as of {day}: {status}");
    Finding::warning(said, "muster doctor --drift")
}

fn judge(drifted: &Drifted) -> Finding {
    let Drifted {
        logical_id, kind, ..
    } = drifted;
    let resource = format!("{logical_id} ({kind})");
    let what = match &drifted.difference {
        Difference::Unknown(why) => {
            return judge_unseen(&format!("{resource} could not be looked at"), why);
        }
        Difference::Gone => "is gone".to_owned(),
        Difference::Properties(paths) => {
            format!("differs from the template: {}", paths.join(", "))
        }
    };
    Finding::warning(
        format!("{resource} {what}, as of {}", day(drifted.at)),
        "a deployment leaves it so: docs/operations.md#what-was-changed-by-hand",
    )
}

fn day(at: i64) -> String {
    let at = jiff::Timestamp::from_second(at).unwrap_or_default();
    at.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn function(difference: Difference) -> Finding {
        judge(&Drifted {
            logical_id: "ClaimIntakeFunction".to_owned(),
            kind: "AWS::Lambda::Function".to_owned(),
            at: 0,
            difference,
        })
    }

    #[test]
    fn what_differs_is_named_with_what_of_it_and_what_is_gone_as_gone() {
        let paths = ["/MemorySize", "/Timeout"].map(str::to_owned);
        let changed = function(Difference::Properties(paths.to_vec()));
        assert_eq!(changed.level, Level::Warning);
        assert_eq!(
            changed.said,
            "ClaimIntakeFunction (AWS::Lambda::Function) differs from the template: /MemorySize, /Timeout, as of 1970-01-01"
        );
        let gone = function(Difference::Gone);
        assert_eq!(gone.level, Level::Warning);
        assert!(gone.said.contains(" is gone,"));
    }

    #[test]
    fn what_cloudformation_could_not_look_at_is_never_well() {
        let unknown = function(Difference::Unknown("denied".to_owned()));
        assert_eq!(unknown.level, Level::Problem);
        assert!(unknown.said.ends_with("could not be looked at: denied"));
        for (status, level) in [
            ("IN_SYNC", Level::Ok),
            ("UNKNOWN", Level::Warning),
            ("NOT_CHECKED", Level::Warning),
        ] {
            assert_eq!(judge_all(status, 0).level, level, "{status}");
        }
    }
}
