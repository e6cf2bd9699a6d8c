//! Stacks that are not taken down.

use super::{find, terms};
use crate::support::{Stack, deploy_function};
use muster::local::STACK_NAME;
use muster::teardown::{self, Refusal};

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_is_not_musters_or_is_protected_is_refused_by_name() {
    let stack = Stack::start(&[]).await;
    let cloud = &stack.target.cloud;
    deploy_function(&stack, "theirs", "def handler(event, context): pass").await;
    let other = teardown::find(cloud, "theirs", terms()).await.unwrap_err();
    assert!(matches!(other, Refusal::NotMusters { .. }), "{other}");
    let unknown = teardown::find(cloud, "nobodys", terms()).await.unwrap_err();
    assert!(matches!(unknown, Refusal::NoStack(_)), "{unknown}");
    let cloudformation = aws_sdk_cloudformation::Client::new(&cloud.config);
    let protected = cloudformation
        .update_termination_protection()
        .stack_name(STACK_NAME)
        .enable_termination_protection(true);
    protected.send().await.unwrap();
    let protected = find(&stack, terms()).await.unwrap_err();
    assert!(matches!(protected, Refusal::Protected(_)), "{protected}");
}
