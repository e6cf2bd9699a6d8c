//! The workflow harness for rotation: whatever task fails or is done twice, the certificate in force works, and once
//! time has passed the device has one.

mod chunks;
mod shard;

use super::yard::Yard;
use crate::support::wait_until;
use crate::workflow::Definition;
use aws_sdk_sfn::types::{ExecutionStatus, HistoryEventType};
use std::collections::BTreeSet;

/// What happens to one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alteration {
    FailingBefore,
    FailingAfter,
    Repeated,
}

impl Alteration {
    pub const ALL: [Self; 3] = [Self::FailingBefore, Self::FailingAfter, Self::Repeated];

    pub fn of(self, definition: Definition, state: &str) -> Definition {
        match self {
            Self::FailingBefore => definition.failing_before(state),
            Self::FailingAfter => definition.failing_after(state),
            Self::Repeated => definition.repeated(state),
        }
    }
}

/// A workflow of the stack: its definition, and the role that it has.
pub struct Deployed {
    pub definition: Definition,
    role: String,
}

impl Deployed {
    pub async fn of(yard: &Yard, output: &'static str) -> Self {
        let described = yard.stack().sfn().describe_state_machine();
        let described = described.state_machine_arn(yard.stack().output(output));
        let described = described.send().await.unwrap();
        Self {
            definition: Definition::parse(described.definition()),
            role: described.role_arn().to_owned(),
        }
    }

    /// Starts a copy; the execution's ARN.
    pub async fn start(&self, yard: &Yard, name: &str, copy: &Definition, input: &str) -> String {
        let sfn = yard.stack().sfn();
        let created = sfn
            .create_state_machine()
            .name(name)
            .definition(copy.text())
            .role_arn(&self.role)
            .send()
            .await
            .unwrap();
        let started = sfn
            .start_execution()
            .state_machine_arn(created.state_machine_arn())
            .input(input);
        started.send().await.unwrap().execution_arn().to_owned()
    }
}

/// Waits for an execution's end.
pub async fn ended(yard: &Yard, execution: &str) -> ExecutionStatus {
    wait_until("the execution's end", || async {
        let described = yard.stack().sfn().describe_execution();
        let described = described.execution_arn(execution).send().await.unwrap();
        let status = described.status().clone();
        (status != ExecutionStatus::Running).then_some(status)
    })
    .await
}

/// The task states that an execution came through.
pub async fn way(yard: &Yard, execution: &str) -> BTreeSet<String> {
    let history = yard.stack().sfn().get_execution_history();
    let history = history.execution_arn(execution).max_results(1000);
    let history = history.send().await.unwrap();
    let entered = history
        .events()
        .iter()
        .filter(|event| event.r#type() == &HistoryEventType::TaskStateEntered);
    entered
        .filter_map(|event| event.state_entered_event_details())
        .map(|state| state.name().to_owned())
        .collect()
}
