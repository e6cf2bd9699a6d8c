//! What alarms watch for is caused, where no other test does, and what their metrics count is seen. `docs/runbooks/README.md`
//! has the list.

pub mod functions;
mod lost;
mod queues;
mod workflows;

use crate::support::Stack;

/// The test's longest wait is for the schedule, so that all the rest is caused meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn runs_calls_messages_and_events_that_fail_for_good_are_what_alarms_count() {
    let stack = Stack::start(&[("RotationSchedule", "cron(* * * * ? *)")]).await;
    tokio::join!(
        lost::a_daily_run_whose_workflow_is_gone(&stack),
        lost::a_message_whose_queues_are_gone(&stack),
        workflows::a_claim_that_nobody_can_take_away(&stack),
        workflows::a_deadline_that_nobody_hears_of(&stack),
        functions::a_function_that_may_not_run(&stack),
        async {
            functions::an_event_that_the_meter_cannot_read(&stack).await;
            lost::an_event_whose_function_is_gone(&stack).await;
        },
    );
}
