//! The workflow harness for reconciliation: whatever task fails or is done twice, the next run does the rest.

use super::drift::leave_behind;
use super::{certificate, status};
use crate::rotation::workflow::{Alteration, Deployed, ended, way};
use crate::rotation::yard::Yard;
use muster_onboarding::ledger::DeviceState;
use serde_json::json;
use std::collections::BTreeSet;

/// The walk on whose way a task is.
fn walk_of(task: &str) -> &'static str {
    match task {
        "ReconcileThings" => "things",
        "ReconcileCertificates" => "certificates",
        _ => "devices",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_task_of_a_part_fails_or_is_repeated_the_next_run_does_the_rest() {
    let yard = Yard::without_fleet(&[]).await;
    let stack = yard.stack();
    let mut deployed = Deployed::of(&yard, "ReconciliationStateMachineArn").await;
    deployed.definition = deployed.definition.item_processor("ReconcileParts");
    let tasks = deployed.definition.tasks();
    let mut reached = BTreeSet::new();
    let mut wrong = Vec::new();
    for task in &tasks {
        for alteration in Alteration::ALL {
            let name = format!("{alteration:?}-{task}");
            let serial = format!("left-{name}");
            let pending = leave_behind(stack, &serial).await;
            let (orphan, _) = certificate(stack).await;
            let run = async |suffix: &str, walk: &str, altered: bool| {
                let copy = deployed.definition.clone();
                let copy = if altered {
                    alteration.of(copy, task)
                } else {
                    copy
                };
                let input = json!({
                    "walk": walk, "segment": 0, "segments": 1, "repair": true, "settleHours": 0,
                    "deactivateOrphans": true,
                });
                let name = format!("{name}-{suffix}");
                let input = input.to_string();
                let execution = deployed.start(&yard, &name, &copy, &input).await;
                ended(&yard, &execution).await;
                execution
            };
            run("altered", walk_of(task), true).await;
            let devices = run("devices", "devices", false).await;
            let things = run("things", "things", false).await;
            let certificates = run("certificates", "certificates", false).await;
            for execution in [devices, things, certificates] {
                reached.extend(way(&yard, &execution).await);
            }
            if yard.held(&serial).await.state != Some(DeviceState::Known) {
                wrong.push(format!("{name}: the device is not free"));
            }
            if status(stack, &pending).await.is_some() {
                wrong.push(format!("{name}: its certificate is there"));
            }
            if stack.things().await.contains(&serial) {
                wrong.push(format!("{name}: its thing is there"));
            }
            if status(stack, &orphan).await.as_deref() != Some("INACTIVE") {
                wrong.push(format!("{name}: the orphan is active"));
            }
        }
    }
    assert_eq!(reached, tasks.into_iter().collect());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
