//! A deployment over a running stack: devices come in meanwhile, by every route, and none is lost.

use crate::support::{Stack, wait_until};
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetStatus, ChangeSetType, Parameter, StackStatus, TemplateStage,
};
use muster::demo::{self, Demo, Leavings, Report, Routes};
use muster::output::Output;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Enough that devices still come in when the deployments are over.
const DEVICES: u16 = 36;

/// Of the first deployment: the days of the timeline are a variable of many functions and stand in each workflow.
const PARAMETER: &str = "TimelineDays";

/// What the second deployment's code and workflows say of themselves.
const RELEASE: &str = "the next release";

/// Functions of the second deployment: those that devices wait for, on one route or another.
const NEW_CODE: [&str; 7] = [
    "ClaimIntakeFunction",
    "CertificateIssuerFunction",
    "IdentityRegistrarFunction",
    "ChunkPublisherFunction",
    "CertificateInspectorFunction",
    "PreProvisioningHookFunction",
    "CertificateVendorFunction",
];

/// The same code, in other bytes.
fn next_code(zip: Vec<u8>) -> Vec<u8> {
    let mut zip = ZipWriter::new_append(Cursor::new(zip)).unwrap();
    zip.start_file("release", SimpleFileOptions::default())
        .unwrap();
    zip.write_all(RELEASE.as_bytes()).unwrap();
    zip.finish().unwrap().into_inner()
}

/// The same workflow, with a state more at its beginning. Where numbers are to be filled in it is no JSON yet.
fn next_definition(definition: &str) -> String {
    let (_, rest) = definition.split_once("\"StartAt\": \"").unwrap();
    let (first, _) = rest.split_once('"').unwrap();
    let before = json!({ "Type": "Pass", "Next": first });
    definition.replacen(first, RELEASE, 1).replacen(
        "\"States\": {",
        &format!("\"States\": {{ \"{RELEASE}\": {before},"),
        1,
    )
}

/// What is deployed second.
struct Release {
    /// Where its template is.
    template: String,
    /// How many workflows it has.
    workflows: usize,
}

/// Puts the next release beside this one, as a push does.
async fn next_release(stack: &Stack) -> Release {
    let cloudformation = aws_sdk_cloudformation::Client::new(&stack.target.cloud.config);
    let template = cloudformation
        .get_template()
        .stack_name(&stack.local.state().stack_name)
        .template_stage(TemplateStage::Original);
    let template = template.send().await.unwrap();
    let mut template: Value = serde_json::from_str(template.template_body().unwrap()).unwrap();
    let s3 = stack.s3();
    let (mut bucket, mut workflows) = (String::new(), 0);
    for (name, resource) in template["Resources"].as_object_mut().unwrap() {
        let is_workflow = resource["Type"] == "AWS::Serverless::StateMachine";
        let place = match resource["Properties"].as_object_mut() {
            Some(properties) if is_workflow => &mut properties["DefinitionUri"],
            Some(properties) if NEW_CODE.contains(&name.as_str()) => &mut properties["CodeUri"],
            _ => continue,
        };
        let key = place["Key"].as_str().unwrap();
        place["Bucket"].as_str().unwrap().clone_into(&mut bucket);
        let old = s3.get_object().bucket(&bucket).key(key).send().await;
        let old = old.unwrap().body.collect().await.unwrap().to_vec();
        let new = if is_workflow {
            workflows += 1;
            next_definition(str::from_utf8(&old).unwrap()).into_bytes()
        } else {
            next_code(old)
        };
        let key = format!("next-{key}");
        let put = s3.put_object().bucket(&bucket).key(&key).body(new.into());
        put.send().await.unwrap();
        place["Key"] = json!(key);
    }
    let body = template.to_string().into_bytes();
    let put = s3.put_object().bucket(&bucket).key("next.json");
    put.body(body.into()).send().await.unwrap();
    Release {
        template: format!("{}/{bucket}/next.json", stack.local.state().gateway),
        workflows,
    }
}

/// Each function's code, by its hash.
async fn code(stack: &Stack) -> BTreeMap<String, String> {
    let lambda = aws_sdk_lambda::Client::new(&stack.target.cloud.config);
    let functions = lambda.list_functions().into_paginator().items().send();
    let functions = functions.collect::<Result<Vec<_>, _>>().await.unwrap();
    let of_each = functions.into_iter();
    of_each
        .map(|one| (one.function_name.unwrap(), one.code_sha256.unwrap()))
        .collect()
}

/// How many workflows in force are the next release's.
async fn new_workflows(stack: &Stack) -> usize {
    let sfn = stack.sfn();
    let listed = sfn.list_state_machines().send().await.unwrap();
    let mut new = 0;
    for workflow in listed.state_machines() {
        let arn = workflow.state_machine_arn();
        let described = sfn.describe_state_machine().state_machine_arn(arn);
        let described = described.send().await.unwrap();
        new += usize::from(described.definition().contains(RELEASE));
    }
    new
}

/// Whether the execution that was started last for a device with a claim certificate went through the next release's state.
async fn served_by_next(stack: &Stack) -> bool {
    let sfn = stack.sfn();
    let workflow = stack.output("ClaimProvisioningStateMachineArn");
    let last = sfn
        .list_executions()
        .state_machine_arn(workflow)
        .max_results(1);
    let last = last.send().await.unwrap();
    let history = sfn.get_execution_history();
    let history = history.execution_arn(last.executions()[0].execution_arn());
    let history = history.send().await.unwrap();
    let entered = history.events().iter();
    let mut entered = entered.filter_map(|event| event.state_entered_event_details());
    entered.any(|state| state.name() == RELEASE)
}

/// Deploys another value of the parameter, or another template, as the pipeline does; how many resources that changes.
async fn redeploy(stack: &Stack, name: &str, days: &str, template: Option<String>) -> usize {
    let cloudformation = aws_sdk_cloudformation::Client::new(&stack.target.cloud.config);
    let stack_name = stack.local.state().stack_name.clone();
    let described = cloudformation.describe_stacks().stack_name(&stack_name);
    let described = described.send().await.unwrap();
    let parameters = described.stacks()[0].parameters().iter().map(|parameter| {
        let key = parameter.parameter_key().unwrap();
        let new = Parameter::builder().parameter_key(key);
        if key == PARAMETER {
            new.parameter_value(days).build()
        } else {
            new.use_previous_value(true).build()
        }
    });
    cloudformation
        .create_change_set()
        .stack_name(&stack_name)
        .change_set_name(name)
        .change_set_type(ChangeSetType::Update)
        .use_previous_template(template.is_none())
        .set_template_url(template)
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
    let (old, next) = (code(&stack).await, next_release(&stack).await);
    let (output, leavings) = (Output::new(false), Leavings::default());
    let demo = Demo {
        routes: Routes::All,
        devices: DEVICES,
        at_once: 4,
        packet_size: 256,
        rotate: false,
    };
    let mut playing = Box::pin(demo::run(&stack.target, &demo, &leavings, &output));
    let deploying = async {
        let come = async |devices: usize| {
            wait_until("devices", || async {
                (stack.things().await.len() >= devices).then_some(())
            })
            .await;
        };
        come(1).await;
        let first = redeploy(&stack, "another-value", "100", None).await;
        come(usize::from(DEVICES) / 3).await;
        let second = redeploy(&stack, "next-release", "100", Some(next.template)).await;
        (first, second)
    };
    let failures = |report: Report| {
        let failed = report.failures.into_iter().map(|one| one.reason);
        failed.collect::<Vec<_>>()
    };

    let (first, second) = tokio::select! {
        changes = deploying => changes,
        played = &mut playing => {
            panic!("all had come in before the second deployment was over, but {:?}", failures(played.unwrap()))
        }
    };
    let before = stack.things().await.len();
    let failed = failures(playing.await.unwrap());

    assert!(first > 10 && second > 10, "{first} and {second} changes");
    assert!(before < usize::from(DEVICES), "nobody came after it");
    assert_eq!(failed, [""; 0]);
    let new = code(&stack).await;
    let changed = new.iter().filter(|(name, code)| old[*name] != **code);
    assert_eq!(changed.count(), NEW_CODE.len(), "functions have new code");
    assert_eq!(new_workflows(&stack).await, next.workflows);
    assert!(served_by_next(&stack).await, "a device went through it");
}
