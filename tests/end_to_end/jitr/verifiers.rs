//! The operator's own functions, which decide.

use super::{device::Device, settled, told};
use crate::support::{Authority, OURS, Stack, deploy_function, next, send};

/// Answers by the thing's name, in every form that the contract allows, and in some that it does not.
const CODE: &str = r#"
import json
ANSWERS = {
    "yes-true": {"verified": True},
    "yes-text": {"verified": "true"},
    "yes-body": {"statusCode": 200, "body": {"verified": True}},
    "yes-packed": json.dumps({"verified": True}),
    "yes-packed-body": {"body": json.dumps({"verified": "true"})},
    "no-false": {"verified": False},
    "no-text": {"verified": "yes"},
    "no-number": {"verified": 1},
    "no-nothing": {},
    "no-list": [{"verified": True}],
    "no-null": None,
    "no-garbage": "not JSON",
}
def handler(event, context):
    assert "certificatePem" in event or "caCertificateId" in event
    return ANSWERS[event["thingName"]]
"#;

/// Its ARN.
pub const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:verifier";

/// Deploys the verifier, as an operator has his own.
pub async fn deploy(stack: &Stack) {
    deploy_function(stack, "verifier", CODE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_clear_yes_of_the_verifier_lets_a_device_in() {
    let parameters = [("VerifierNames", "by-name"), ("VerifierArns", ARN)];
    let stack = Stack::start(&parameters).await;
    deploy(&stack).await;
    let authority = Authority::register(&stack, &[OURS, ("verifierName", "by-name")]).await;
    let names = [
        "yes-true",
        "yes-text",
        "yes-body",
        "yes-packed",
        "yes-packed-body",
    ];
    for name in names {
        let device = Device::signed_by(&authority, name);
        device.knocks(&stack).await;
        assert!(device.works(&stack).await, "{name}");
    }
    let refused = [
        "no-false",
        "no-text",
        "no-number",
        "no-nothing",
        "no-list",
        "no-null",
        "no-garbage",
    ];
    for name in refused {
        let device = Device::signed_by(&authority, name);
        device.knocks(&stack).await;
        device.becomes(&stack, "REVOKED").await;
        let timeline = stack.timeline(name, 1).await;
        assert_eq!(timeline[0].code.as_deref(), Some("NotVerified"), "{name}");
    }
    settled(&stack).await;
    assert_eq!(stack.things().await.len(), names.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn musters_own_verifier_lets_in_what_was_imported() {
    let stack = Stack::start(&[]).await;
    let authority = Authority::register(&stack, &[OURS, ("verifierName", "allow-list")]).await;
    stack.import("imported-001").await;
    let imported = Device::signed_by(&authority, "imported-001");
    let unknown = Device::signed_by(&authority, "unknown-0001");
    imported.knocks(&stack).await;
    unknown.knocks(&stack).await;
    assert!(imported.works(&stack).await);
    unknown.becomes(&stack, "REVOKED").await;
    settled(&stack).await;
    assert_eq!(stack.things().await, ["imported-001"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_verifier_is_down_nobody_gets_in_and_once_it_is_back_the_kept_event_is_enough() {
    let parameters = [("VerifierNames", "by-name"), ("VerifierArns", ARN)];
    let stack = Stack::start(&parameters).await;
    let authority = Authority::register(&stack, &[OURS, ("verifierName", "by-name")]).await;
    let device = Device::signed_by(&authority, "yes-true");
    device.knocks(&stack).await;
    let kept = next(&stack, "RegistrationDeadLetterQueueUrl").await;
    settled(&stack).await;
    assert_eq!(
        device.status(&stack).await.as_deref(),
        Some("PENDING_ACTIVATION")
    );
    assert!(stack.things().await.is_empty());
    assert_eq!(told(&stack, "yes-true", "DeviceRejected").await, 1);

    deploy(&stack).await;
    send(&stack, "RegistrationQueueUrl", &kept).await;
    device.becomes(&stack, "ACTIVE").await;
    assert!(device.works(&stack).await);

    // A CA whose verifier this stack does not have lets nobody in either.
    let unknown = Authority::register(&stack, &[OURS, ("verifierName", "nobody")]).await;
    let device = Device::signed_by(&unknown, "yes-text");
    device.knocks(&stack).await;
    next(&stack, "RegistrationDeadLetterQueueUrl").await;
    assert_eq!(
        device.status(&stack).await.as_deref(),
        Some("PENDING_ACTIVATION")
    );
}
