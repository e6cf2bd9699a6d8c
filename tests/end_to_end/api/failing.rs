//! The cloud's side fails: the caller gets a 500 with a code, nothing is left, and AWS's words stay in the log.

use super::{Asked, Caller, has_nothing, open_stack};
use crate::authorities::failing::refuse;
use crate::support::wait_until;

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_behind_the_api_is_a_500_that_tells_nothing_of_the_account() {
    let stack = open_stack().await;
    let root = Caller::root();
    let register = || Asked::post("/authorities", "{}");
    refuse(&stack, Some("ca.json")).await;
    let answer = root.ask(&stack, register()).await;
    let said = answer.refuses(500, "AccessDenied");
    for part in ["s3:PutObject failed", "undone"] {
        assert!(said.contains(part), "{said}");
    }
    has_nothing(&stack).await;

    // Who looks into the log finds the whole of it.
    let group = stack.output("LogGroupName");
    let logs = aws_sdk_cloudwatchlogs::Client::new(&stack.target.cloud.config);
    wait_until("the failure in the log", || async {
        let found = logs.filter_log_events().log_group_name(group);
        let found = found.filter_pattern("s3:PutObject").send().await.unwrap();
        let mut lines = found.events().iter().filter_map(|event| event.message());
        lines
            .find(|line| line.contains("AccessDenied") && line.contains("arn:aws"))
            .map(drop)
    })
    .await;

    refuse(&stack, None).await;
    let answer = root.ask(&stack, register()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}
