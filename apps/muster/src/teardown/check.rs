//! Whether a stack may be taken down.

use super::world::World;
use muster_cloud::operator::FoundStack;
use muster_onboarding::{CloudFailure, FailureKind};

/// What only Muster's template makes, by name and type. Among it is all that a teardown goes by.
const PARTS: [(&str, &str); 3] = [
    ("Ledger", "AWS::DynamoDB::Table"),
    ("Vault", "AWS::S3::Bucket"),
    ("DevicePolicy", "AWS::IoT::Policy"),
];

/// Outputs of Muster's template.
const OUTPUTS: [&str; 4] = [
    "LedgerTableName",
    "VaultBucketName",
    "DevicePolicyName",
    "ClaimProvisioningStateMachineArn",
];

/// The output that is the stack's own name.
const NAME: &str = "StackName";

/// What `owner` of a fleet is that no other stack has made.
const OPERATOR: &str = "operator";

/// Why a stack is not taken down. Nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is none, and CloudFormation remembers none.
    #[error(
        "there is no stack {0} in this account and region, and none of this name was deleted in the last 90 days. Check its name, \
         the region and your AWS credentials"
    )]
    NoStack(String),
    /// It is somebody else's.
    #[error(
        "the stack {stack} is not Muster's, and stays: it has no {missing} as Muster's template makes it"
    )]
    NotMusters {
        /// It.
        stack: String,
        /// What is not there.
        missing: &'static str,
    },
    /// It must not be deleted.
    #[error(
        "the stack {0} is protected. `aws cloudformation update-termination-protection --no-enable-termination-protection \
         --stack-name {0}` has it deleted"
    )]
    Protected(String),
    /// It changes.
    #[error("the stack {stack} is {status}: wait for the end of that")]
    Busy {
        /// It.
        stack: String,
        /// As CloudFormation names it.
        status: String,
    },
    /// Another stack could not be deleted afterwards.
    #[error(
        "the fleet {fleet} is a resource of the stack {stack}: delete that stack first, since its end calls a function of \
         this one"
    )]
    OfAnotherStack {
        /// The fleet.
        fleet: String,
        /// Whose it is.
        stack: String,
    },
    /// See [`CloudFailure`].
    #[error("nothing is taken down yet")]
    Cloud(#[from] CloudFailure),
}

/// Whether it is Muster's, and may be deleted.
pub fn check(stack: &FoundStack) -> Result<(), Refusal> {
    let not_musters = |missing| Refusal::NotMusters {
        stack: stack.name.clone(),
        missing,
    };
    for (name, kind) in PARTS {
        if stack.part(name, kind).is_none() {
            return Err(not_musters(name));
        }
    }
    // One that is being deleted, or was never made to the end, may have none.
    if !stack.outputs.is_empty() {
        if stack.outputs.get(NAME) != Some(&stack.name) {
            return Err(not_musters(NAME));
        }
        let missing = OUTPUTS.iter();
        if let Some(name) = missing
            .copied()
            .find(|name| !stack.outputs.contains_key(*name))
        {
            return Err(not_musters(name));
        }
    }
    if stack.protected && !stack.is_deleted() {
        return Err(Refusal::Protected(stack.name.clone()));
    }
    if stack.status.ends_with("_IN_PROGRESS") && stack.status != "DELETE_IN_PROGRESS" {
        return Err(Refusal::Busy {
            stack: stack.name.clone(),
            status: stack.status.clone(),
        });
    }
    Ok(())
}

impl World {
    /// Whether a fleet is a resource of another stack that is there.
    pub(super) async fn check_fleets(&self) -> Result<(), Refusal> {
        let Some(fleets) = self.fleets() else {
            return Ok(());
        };
        let fleets = match fleets.list().await {
            Err(error) if error.kind == FailureKind::NotFound => return Ok(()),
            fleets => fleets?,
        };
        for fleet in fleets {
            let owner = fleet.owner.as_deref().unwrap_or(OPERATOR);
            let Some((stack, _)) = owner.split_once('#') else {
                continue;
            };
            let found = self.stacks.look(stack).await?;
            if let Some(found) = found.filter(|found| !found.is_deleted()) {
                return Err(Refusal::OfAnotherStack {
                    fleet: fleet.template_name,
                    stack: found.name,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_cloud::operator::StackPart;

    fn stack() -> FoundStack {
        let part = |(name, kind): (&str, &str)| StackPart {
            logical_id: name.to_owned(),
            kind: kind.to_owned(),
            physical_id: format!("muster-{name}"),
            status: "CREATE_COMPLETE".to_owned(),
            reason: None,
        };
        let mut outputs: std::collections::BTreeMap<_, _> = OUTPUTS
            .iter()
            .map(|name| ((*name).to_owned(), "x".to_owned()))
            .collect();
        outputs.insert(NAME.to_owned(), "muster".to_owned());
        FoundStack {
            id: "arn:aws:cloudformation:eu-central-1:111122223333:stack/muster/1".to_owned(),
            name: "muster".to_owned(),
            status: "CREATE_COMPLETE".to_owned(),
            reason: None,
            protected: false,
            outputs,
            parts: PARTS.map(part).into(),
        }
    }

    fn refused(change: impl FnOnce(&mut FoundStack)) -> String {
        let mut stack = stack();
        change(&mut stack);
        check(&stack).unwrap_err().to_string()
    }

    #[test]
    fn a_stack_of_another_template_is_refused() {
        check(&stack()).unwrap();
        assert_eq!(stack().account(), "111122223333");
        assert_eq!(stack().region(), "eu-central-1");
        let said = refused(|stack| drop(stack.parts.remove(0)));
        assert!(said.contains("no Ledger"), "{said}");
        let said = refused(|stack| stack.parts[1].kind = "AWS::SQS::Queue".to_owned());
        assert!(said.contains("no Vault"), "{said}");
        let said = refused(|stack| drop(stack.outputs.remove("DevicePolicyName")));
        assert!(said.contains("no DevicePolicyName"), "{said}");
        let said = refused(|stack| {
            stack.outputs.insert(NAME.to_owned(), "other".to_owned());
        });
        assert!(said.contains("no StackName"), "{said}");
    }

    #[test]
    fn a_stack_that_is_protected_or_changes_is_refused_and_one_that_is_deleted_goes_on() {
        let said = refused(|stack| stack.protected = true);
        assert!(
            said.contains("--no-enable-termination-protection"),
            "{said}"
        );
        let said = refused(|stack| stack.status = "UPDATE_IN_PROGRESS".to_owned());
        assert!(said.contains("UPDATE_IN_PROGRESS"), "{said}");
        for status in ["DELETE_IN_PROGRESS", "DELETE_FAILED", "DELETE_COMPLETE"] {
            let mut stack = stack();
            stack.outputs.clear();
            stack.status = status.to_owned();
            check(&stack).unwrap();
        }
    }
}
