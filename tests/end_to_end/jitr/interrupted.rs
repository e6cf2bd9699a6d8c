//! The workflow harness for `jitr-activation`: whatever task fails or is done twice, a device is in or out, never between.

use super::device::Device;
use crate::support::{Authority, OURS, Stack, wait_until};
use crate::workflow::{Definition, verify_clean_slate};
use aws_sdk_sfn::types::ExecutionStatus;
use std::collections::BTreeSet;

/// The states that a device comes through that is let in.
const WAY: [&str; 8] = [
    "InspectCertificate",
    "ReserveDevice",
    "RegisterIdentity",
    "HoldDevice",
    "ActivateCertificate",
    "RecordProvisioned",
    "RecordTimeline",
    "EmitEvent",
];

/// Those that follow when it cannot be recorded.
const UNDO: [&str; 3] = ["ReadRecord", "RevokeIdentity", "KeepEvent"];

/// Those that a device comes through whose name is taken.
const REFUSAL: [&str; 3] = ["ReadDevice", "ReadHolder", "RefuseCertificate"];

/// How a run has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    LetIn,
    Out,
    /// The undo itself failed: the operator has to release the device.
    Left,
}

struct Run {
    name: String,
    common_name: String,
    definition: Definition,
    end: End,
}

/// A state failing before its work, failing after it, and doing it twice.
fn altered(base: &Definition, state: &str) -> [(&'static str, Definition); 3] {
    [
        ("before", base.clone().failing_before(state)),
        ("after", base.clone().failing_after(state)),
        ("again", base.clone().repeated(state)),
    ]
}

fn runs(deployed: &Definition, taken: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut add = |state: &str, how: &str, common_name: Option<&str>, definition, end| {
        let name = format!("{how}-{state}");
        let common_name = common_name.unwrap_or(&name).to_owned();
        runs.push(Run {
            name,
            common_name,
            definition,
            end,
        });
    };
    for state in WAY {
        for (how, definition) in altered(deployed, state) {
            let recorded = match how {
                "before" => ["RecordTimeline", "EmitEvent"].contains(&state),
                "after" => ["RecordProvisioned", "RecordTimeline", "EmitEvent"].contains(&state),
                _ => true,
            };
            let end = if recorded { End::LetIn } else { End::Out };
            add(state, how, None, definition, end);
        }
    }
    let undone = deployed.clone().failing_before("RecordProvisioned");
    for state in UNDO {
        for (how, definition) in altered(&undone, state) {
            let left = (state, how) == ("RevokeIdentity", "before");
            let end = if left { End::Left } else { End::Out };
            add(state, how, None, definition, end);
        }
    }
    for state in REFUSAL {
        for (how, definition) in altered(deployed, state) {
            add(state, how, Some(taken), definition, End::Out);
        }
    }
    runs
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_task_of_jitr_activation_fails_or_is_repeated_a_device_is_in_or_out() {
    let stack = Stack::start(&[]).await;
    let authority = Authority::register(&stack, &[OURS]).await;
    let first = Device::signed_by(&authority, "taken-000001");
    first.knocks(&stack).await;
    assert!(first.works(&stack).await);
    // The altered copies are started by hand.
    stack.disable_rule("RegistrationRule").await;
    let machine = stack.output("JitrActivationStateMachineArn");
    let machine = stack
        .sfn()
        .describe_state_machine()
        .state_machine_arn(machine);
    let machine = machine.send().await.unwrap();
    let deployed = Definition::parse(machine.definition());
    let tested: BTreeSet<_> = [&WAY[..], &UNDO, &REFUSAL, &["VerifyDevice"]]
        .concat()
        .into_iter()
        .collect();
    let tasks = deployed.tasks();
    // What the verifiers' own tests try out is VerifyDevice.
    assert_eq!(
        tasks.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        tested
    );

    let mut started = Vec::new();
    for run in runs(&deployed, "taken-000001") {
        let device = Device::signed_by(&authority, &run.common_name);
        device.knocks(&stack).await;
        let created = stack.sfn().create_state_machine().name(&run.name);
        let created = created
            .definition(run.definition.text())
            .role_arn(machine.role_arn());
        let created = created.send().await.unwrap();
        let execution = start(
            &stack,
            created.state_machine_arn(),
            &device.registered(&authority),
        )
        .await;
        started.push((run, device, execution));
    }
    let mut wrong = Vec::new();
    let mut left = Vec::new();
    for (run, device, execution) in started {
        ended(&stack, &execution).await;
        let status = device.status(&stack).await;
        let works = device.connect(&stack).await.is_some();
        if run.end == End::Left {
            left.push(run.name);
            continue;
        }
        let let_in = run.end == End::LetIn;
        if works != let_in || (status.as_deref() == Some("ACTIVE")) != let_in {
            let (found, timeline) = stack.show(&run.common_name).await;
            wrong.push(format!(
                "{}: let in {works}, {status:?}, {found:?}, {timeline:#?}",
                run.name
            ));
        }
        // What is not in was put back: the same event, taken by the workflow as it is deployed, settles it.
        if !let_in && status.as_deref() != Some("REVOKED") {
            device.knocks(&stack).await;
            let deployed = stack.output("JitrActivationStateMachineArn");
            let execution = start(&stack, deployed, &device.registered(&authority)).await;
            ended(&stack, &execution).await;
            let settled = if run.common_name == run.name {
                "ACTIVE"
            } else {
                "REVOKED"
            };
            device.becomes(&stack, settled).await;
        }
    }
    assert!(first.works(&stack).await);
    wrong.extend(verify_clean_slate(&stack, &left).await);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn start(stack: &Stack, machine: &str, input: &str) -> String {
    let started = stack.sfn().start_execution().state_machine_arn(machine);
    let started = started.input(input).send().await.unwrap();
    started.execution_arn().to_owned()
}

async fn ended(stack: &Stack, execution: &str) {
    wait_until(&format!("{execution} to end"), async || {
        let found = stack.sfn().describe_execution().execution_arn(execution);
        let found = found.send().await.unwrap();
        (*found.status() != ExecutionStatus::Running).then_some(())
    })
    .await;
}
