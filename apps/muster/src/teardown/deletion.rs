//! Having CloudFormation delete the stack.

use super::kind::Kind;
use super::report::{Left, Piece, Report};
use super::run::Say;
use super::world::World;
use muster_cloud::operator::FoundStack;
use muster_onboarding::CloudFailure;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often it is tried: AWS IoT takes minutes to see that a policy is detached, and deletes none that is attached.
const TRIES: u32 = 3;
/// How long one try may take. A domain of API Gateway's takes many minutes.
const LIMIT: Duration = Duration::from_hours(1);
/// How often it is looked, at first and at last.
const LOOKS: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// How often that is told.
const TOLD: Duration = Duration::from_secs(30);

impl World {
    /// Deletes the stack, and waits for the end of that.
    pub(super) async fn delete_stack(
        &mut self,
        pieces: &[&Piece],
        report: &mut Report,
        say: Say<'_>,
    ) -> Result<(), CloudFailure> {
        for _ in 0..TRIES {
            if self.stack.status != "DELETE_IN_PROGRESS" {
                self.stacks.delete(&self.stack.id).await?;
            }
            self.stack = self.deleted(say).await?;
            if self.stack.is_deleted() {
                break;
            }
        }
        let there: Vec<_> = still_there(&self.stack);
        for piece in pieces {
            if !there.iter().any(|left| left.name == piece.said()) {
                report.note(piece);
            }
        }
        report.left.extend(there);
        Ok(())
    }

    /// The stack as it is once CloudFormation does no more of it.
    async fn deleted(&self, say: Say<'_>) -> Result<FoundStack, CloudFailure> {
        let (mut pause, longest) = LOOKS;
        let (started, mut told) = (Instant::now(), Instant::now());
        // Its beginning is not seen at once.
        sleep(pause).await;
        loop {
            let Some(found) = self.stacks.look(&self.stack.id).await? else {
                return Ok(FoundStack {
                    status: "DELETE_COMPLETE".to_owned(),
                    ..self.stack.clone()
                });
            };
            let ended = found.is_deleted() || found.status == "DELETE_FAILED";
            if ended || started.elapsed() > LIMIT {
                return Ok(found);
            }
            if told.elapsed() > TOLD {
                say(&format!("  CloudFormation says {}", found.status));
                told = Instant::now();
            }
            sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }
}

/// What CloudFormation has not deleted, and why.
fn still_there(stack: &FoundStack) -> Vec<Left> {
    if stack.is_deleted() {
        return Vec::new();
    }
    let parts = stack.parts.iter();
    let failed = parts.filter(|part| part.status == "DELETE_FAILED");
    let mut left: Vec<_> = failed
        .map(|part| Left {
            kind: Kind::StackResource,
            name: format!("{} ({})", part.physical_id, part.kind),
            reason: part.reason.clone().unwrap_or_default(),
        })
        .collect();
    if left.is_empty() {
        left.push(Left {
            kind: Kind::StackResource,
            name: stack.name.clone(),
            reason: format!(
                "it is {}: {}",
                stack.status,
                stack.reason.as_deref().unwrap_or("no reason was given")
            ),
        });
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_cloud::operator::StackPart;

    fn stack(status: &str, parts: Vec<StackPart>) -> FoundStack {
        FoundStack {
            id: "arn".to_owned(),
            name: "muster".to_owned(),
            status: status.to_owned(),
            reason: None,
            protected: false,
            outputs: [].into(),
            parts,
        }
    }

    fn part(status: &str) -> StackPart {
        StackPart {
            logical_id: "DevicePolicy".to_owned(),
            kind: "AWS::IoT::Policy".to_owned(),
            physical_id: "muster-device".to_owned(),
            status: status.to_owned(),
            reason: Some("it is attached".to_owned()),
        }
    }

    #[test]
    fn what_cloudformation_could_not_delete_is_left_with_its_reason() {
        assert_eq!(still_there(&stack("DELETE_COMPLETE", Vec::new())), []);
        let left = still_there(&stack("DELETE_FAILED", vec![part("DELETE_FAILED")]));
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].name, "muster-device (AWS::IoT::Policy)");
        assert_eq!(left[0].reason, "it is attached");
    }

    #[test]
    fn a_stack_that_is_still_there_is_never_passed_over_in_silence() {
        let left = still_there(&stack("DELETE_IN_PROGRESS", vec![part("DELETE_COMPLETE")]));
        assert_eq!(left[0].name, "muster");
        assert!(left[0].reason.contains("DELETE_IN_PROGRESS"));
    }
}
