//! A deployment over a running stack: devices come in meanwhile, by every route, and none is lost.

use crate::support::{Stack, wait_until};
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetStatus, ChangeSetType, Parameter, StackStatus,
};
use muster::demo::{self, Demo, Leavings, Routes};
use muster::output::Output;

/// Enough that devices still come in when the deployments are over.
const DEVICES: u16 = 36;

/// What is deployed again: the days of the timeline are a variable of many functions and stand in each workflow.
const PARAMETER: &str = "TimelineDays";

/// Deploys with another value of the parameter, as the pipeline does; how many resources it changes.
async fn redeploy(stack: &Stack, name: &str, value: &str) -> usize {
    let cloudformation = aws_sdk_cloudformation::Client::new(&stack.target.cloud.config);
    let stack_name = stack.local.state().stack_name.clone();
    let described = cloudformation.describe_stacks().stack_name(&stack_name);
    let described = described.send().await.unwrap();
    let parameters = described.stacks()[0].parameters().iter().map(|parameter| {
        let key = parameter.parameter_key().unwrap();
        let new = Parameter::builder().parameter_key(key);
        if key == PARAMETER {
            new.parameter_value(value).build()
        } else {
            new.use_previous_value(true).build()
        }
    });
    cloudformation
        .create_change_set()
        .stack_name(&stack_name)
        .change_set_name(name)
        .change_set_type(ChangeSetType::Update)
        .use_previous_template(true)
        .set_parameters(Some(parameters.collect()))
        .capabilities(Capability::CapabilityIam)
        .capabilities(Capability::CapabilityAutoExpand)
        .send()
        .await
        .unwrap();
    let changes = wait_until("the change set", || async {
        let described = cloudformation
            .describe_change_set()
            .stack_name(&stack_name)
            .change_set_name(name);
        let described = described.send().await.unwrap();
        let failed = described.status() == Some(&ChangeSetStatus::Failed);
        assert!(!failed, "{:?}", described.status_reason());
        let made = described.status() == Some(&ChangeSetStatus::CreateComplete);
        made.then(|| described.changes().len())
    })
    .await;
    cloudformation
        .execute_change_set()
        .stack_name(&stack_name)
        .change_set_name(name)
        .send()
        .await
        .unwrap();
    wait_until("the deployment", || async {
        let described = cloudformation.describe_stacks().stack_name(&stack_name);
        let described = described.send().await.unwrap();
        let status = described.stacks()[0].stack_status().cloned().unwrap();
        assert!(!status.as_str().contains("ROLLBACK"), "{status:?}");
        (status == StackStatus::UpdateComplete).then_some(())
    })
    .await;
    changes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_over_a_running_stack_loses_no_device() {
    let stack = Stack::start(&[("LegacyMode", "on")]).await;
    let (output, leavings) = (Output::new(false), Leavings::default());
    let demo = Demo {
        routes: Routes::All,
        devices: DEVICES,
        at_once: 4,
        packet_size: 256,
        rotate: false,
    };
    let playing = Box::pin(demo::run(&stack.target, &demo, &leavings, &output));
    let deploying = async {
        wait_until("the first device", || async {
            let first = stack.things().await.into_iter().next();
            first.map(drop)
        })
        .await;
        let first = redeploy(&stack, "while-they-come", "100").await;
        let second = redeploy(&stack, "and-again", "101").await;
        let things = stack.things().await.len();
        (first, second, things)
    };

    let (played, (first, second, things)) = tokio::join!(playing, deploying);

    assert!(first > 10 && second > 10, "{first} and {second} changes");
    assert!(
        things < usize::from(DEVICES),
        "all devices had come in before the deployments were over"
    );
    let report = played.unwrap();
    let failed: Vec<_> = report.failures.iter().map(|one| &one.reason).collect();
    assert!(failed.is_empty(), "{failed:?}");
}
