//! A call that fails in between: nothing is handed out, and the same request is good once the call works again.

use super::caller::{ask_for, register, with};
use crate::api::caller::{iam, percent};
use crate::support::Stack;
use muster_pki::DeviceKey;
use serde_json::json;

/// Has the generator's role denied an action from now on, or nothing any more.
async fn deny(stack: &Stack, action: Option<&str>) {
    let role = stack
        .physical_id("DeviceCertificateGeneratorFunctionRole")
        .await;
    let Some(action) = action else {
        let request = format!("Action=DeleteRolePolicy&PolicyName=denied&RoleName={role}");
        iam(stack, &request).await;
        return;
    };
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Action": action, "Resource": "*" },
    ] });
    let policy: String = policy.to_string().bytes().map(percent).collect();
    let put = format!("Action=PutRolePolicy&PolicyName=denied&RoleName={role}");
    iam(stack, &format!("{put}&PolicyDocument={policy}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_call_fails_nothing_is_handed_out_and_the_same_request_succeeds_later() {
    let stack = Stack::start(&[]).await;
    let calls = [
        // Asked for once in the life of a function's process.
        "iot:DescribeEndpoint",
        "iot:DescribeCACertificate",
        "iot:ListTagsForResource",
        "lambda:InvokeFunction",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "s3:ListBucket",
        "s3:GetObject",
        "kms:Decrypt",
        "dynamodb:UpdateItem",
        "dynamodb:PutItem",
    ];
    for (number, call) in calls.into_iter().enumerate() {
        // A CA of its own, which the function has not read yet.
        let asked = json!({ "route": "jitp", "verifierName": "allow-list" });
        let ca = register(&stack, asked).await;
        let name = format!("sensor-0000{number}");
        stack.import(&name).await;
        let key = DeviceKey::generate().unwrap();
        deny(&stack, Some(call)).await;
        let error = ask_for(&stack, &ca, &name, &key).await.unwrap_err();
        assert_eq!(error.name, "AccessDenied", "{call}: {error:?}");
        let (device, timeline) = stack.show(&name).await;
        assert_eq!(device.unwrap().state, "known", "{call}");
        assert!(timeline.is_empty(), "{call}: {timeline:?}");

        deny(&stack, None).await;
        let answer = ask_for(&stack, &ca, &name, &key).await.unwrap();
        let device = with(&answer, key);
        device.knocks(&stack).await;
        assert!(device.works(&stack).await, "{call}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_things_cannot_be_looked_up_no_name_that_nobody_imported_is_handed_out() {
    let stack = Stack::start(&[]).await;
    let ca = super::ca(&stack).await;
    let key = DeviceKey::generate().unwrap();
    deny(&stack, Some("iot:DescribeThing")).await;
    let error = ask_for(&stack, &ca, "sensor-00001", &key)
        .await
        .unwrap_err();
    assert_eq!(error.name, "AccessDenied", "{error:?}");
    deny(&stack, None).await;
    ask_for(&stack, &ca, "sensor-00001", &key).await.unwrap();
}
