//! The workflow harness for `jitr-activation`: whatever task fails or is done twice, a device is in or out, never between.

use super::device::Device;
use crate::support::{Authority, OURS, Stack, wait_until};
use crate::workflow::{Definition, verify_clean_slate};
use aws_sdk_sfn::types::ExecutionStatus;

/// From this state on nothing is undone any more.
const RECORDED: [&str; 3] = ["RecordTimeline", "EmitEvent", "RecordProvisioned"];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_task_of_jitr_activation_fails_or_is_repeated_a_device_is_in_or_out() {
    let stack = Stack::start(&[]).await;
    let authority = Authority::register(&stack, &[OURS]).await;
    // The altered copies are started by hand.
    stack.disable_rule("RegistrationRule").await;
    let machine = stack.output("JitrActivationStateMachineArn");
    let machine = stack
        .sfn()
        .describe_state_machine()
        .state_machine_arn(machine);
    let machine = machine.send().await.unwrap();
    let deployed = Definition::parse(machine.definition());
    let way = [
        "InspectCertificate",
        "ReserveDevice",
        "RegisterIdentity",
        "ActivateCertificate",
        "RecordProvisioned",
        "RecordTimeline",
        "EmitEvent",
    ];
    let mut runs = Vec::new();
    for state in way {
        runs.push((
            format!("before-{state}"),
            deployed.clone().failing_before(state),
            RECORDED[..2].contains(&state),
        ));
        runs.push((
            format!("after-{state}"),
            deployed.clone().failing_after(state),
            RECORDED.contains(&state),
        ));
        runs.push((
            format!("again-{state}"),
            deployed.clone().repeated(state),
            true,
        ));
    }
    let mut wrong = Vec::new();
    let mut started = Vec::new();
    for (name, definition, let_in) in runs {
        let device = Device::signed_by(&authority, &name);
        device.knocks(&stack).await;
        let created = stack
            .sfn()
            .create_state_machine()
            .name(&name)
            .definition(definition.text());
        let created = created.role_arn(machine.role_arn()).send().await.unwrap();
        let execution = stack
            .sfn()
            .start_execution()
            .state_machine_arn(created.state_machine_arn())
            .input(device.registered(&authority))
            .send()
            .await
            .unwrap();
        started.push((name, device, execution.execution_arn().to_owned(), let_in));
    }
    for (name, device, execution, let_in) in started {
        wait_until(&format!("{name} to end"), async || {
            let found = stack
                .sfn()
                .describe_execution()
                .execution_arn(&execution)
                .send()
                .await
                .unwrap();
            (*found.status() != ExecutionStatus::Running).then_some(())
        })
        .await;
        let status = device.status(&stack).await;
        let works = device.connect(&stack).await.is_some();
        if works != let_in || (status.as_deref() == Some("ACTIVE")) != let_in {
            let (found, timeline) = stack.show(&name).await;
            wrong.push(format!(
                "{name}: let in {works}, {status:?}, {found:?}, {timeline:#?}"
            ));
        }
        // What is not in was put back: the same event, taken by the workflow as it is deployed, lets it in.
        if !let_in {
            device.knocks(&stack).await;
            let again = stack.sfn().start_execution();
            let again = again.state_machine_arn(stack.output("JitrActivationStateMachineArn"));
            again
                .input(device.registered(&authority))
                .send()
                .await
                .unwrap();
            device.becomes(&stack, "ACTIVE").await;
            assert!(device.works(&stack).await, "{name}");
        }
    }
    stack.settled_of("JitrActivationStateMachineArn").await;
    wrong.extend(verify_clean_slate(&stack, &[]).await);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
