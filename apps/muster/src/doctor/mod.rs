//! `muster doctor`: looks whether a stack is well, and says what to do. It changes nothing.

mod alarms;
mod api;
mod authorities;
mod changes;
mod claims;
mod dead_letters;
mod deadlines;
mod drift;
mod endpoint;
mod executions;
mod finding;
mod indexing;
mod inputs;
mod keys;
mod quotas;
mod reconciliation;
mod stack;

pub use finding::{Finding, Level};

use crate::commands::Failure;
use crate::target::Target;
use muster_cloud::operator::{Checkup, FoundStack, StackHealth, Stacks};
use tokio::sync::OnceCell;

/// What is said of changes by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// What CloudFormation saw when it last looked.
    AsLastSeen,
    /// What it sees now, which takes it a minute or several.
    LookNow,
}

/// What a check goes by.
struct Patient<'a> {
    target: &'a Target,
    checkup: Checkup,
    drift: Drift,
    /// Seconds since 1970.
    now: i64,
    stack: OnceCell<FoundStack>,
    health: OnceCell<StackHealth>,
}

impl Patient<'_> {
    /// The stack with its parts, which several checks go through: read once.
    async fn stack(&self) -> Result<&FoundStack, Failure> {
        let found = self.stack.get_or_try_init(async || {
            let name = self.target.output("StackName")?;
            let found = Stacks::new(&self.target.cloud).look(name).await?;
            found.ok_or_else(|| Failure::from("there is no such stack"))
        });
        found.await
    }

    /// How the stack stands, and its parameters: read once.
    async fn health(&self) -> Result<&StackHealth, Failure> {
        let health = self.health.get_or_try_init(async || {
            let name = self.target.output("StackName")?;
            Ok::<_, Failure>(self.checkup.stack(name).await?)
        });
        health.await
    }
}

/// Looks at everything, at the time `now` in seconds since 1970. What cannot be looked at is a problem of its own, and stands
/// in the way of nothing else.
pub async fn examine(target: &Target, now: i64, drift: Drift) -> Vec<Finding> {
    let patient = Patient {
        target,
        checkup: Checkup::new(&target.cloud),
        drift,
        now,
        stack: OnceCell::new(),
        health: OnceCell::new(),
    };
    let mut found = Vec::new();
    let mut note = |check, looked| found.extend(noted(check, looked));
    note("stack", stack::look(&patient).await);
    note("alarms", alarms::look(&patient).await);
    note("endpoint", endpoint::look(&patient).await);
    note("API", api::look(&patient).await);
    note("keys", keys::look(&patient).await);
    note("changes of things", changes::look(&patient).await);
    note("ways in", inputs::look(&patient).await);
    note("claim certificates", claims::look(&patient).await);
    note("certificate authorities", authorities::look(&patient).await);
    note("deadlines", deadlines::look(&patient).await);
    note("reconciliation", reconciliation::look(&patient).await);
    note("dead letters", dead_letters::look(&patient).await);
    note("executions", executions::look(&patient).await);
    note("quotas", quotas::look(&patient).await);
    note("fleet index", indexing::look(&patient).await);
    note("drift", drift::look(&patient).await);
    found
}

/// One line at least for each check.
fn noted(check: &'static str, looked: Result<Vec<Finding>, Failure>) -> Vec<Finding> {
    match looked {
        Ok(found) if found.is_empty() => vec![Finding::ok("nothing amiss").of(check)],
        Ok(found) => found.into_iter().map(|one| one.of(check)).collect(),
        Err(failure) => {
            let mut said = failure.to_string();
            let mut cause = failure.source();
            while let Some(error) = cause {
                said.extend([": ", &error.to_string()]);
                cause = error.source();
            }
            let advice = "see that you may call this, and that the stack is up to date";
            vec![Finding::problem(format!("it cannot be looked at: {said}"), advice).of(check)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_finds_nothing_is_well_and_one_that_fails_is_a_problem() {
        let well = noted("keys", Ok(Vec::new()));
        assert_eq!((well[0].level, well[0].check), (Level::Ok, "keys"));
        let failed = noted("keys", Err("denied".into()));
        assert_eq!((failed[0].level, failed[0].check), (Level::Problem, "keys"));
        assert!(failed[0].said.contains("denied"));
        let found = noted("keys", Ok(vec![Finding::warning("old", "renew")]));
        assert_eq!((found[0].level, found[0].check), (Level::Warning, "keys"));
    }
}
