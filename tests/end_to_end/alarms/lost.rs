//! What is given up for good. The emulator has neither metrics nor dead letters of it, but a line in its log.

use crate::player::request;
use crate::support::{RawDevice, Stack};
use muster_documents::Mode;
use muster_pki::DeviceKey;
use std::time::Duration;

/// The schedule comes once a minute.
const LONGEST: Duration = Duration::from_secs(150);

/// Waits until the emulator says that it gives something up.
async fn given_up(stack: &Stack, line: &str) {
    let said = async {
        loop {
            let log = tokio::fs::read(&stack.local.state().log_file);
            if String::from_utf8_lossy(&log.await.unwrap()).contains(line) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let said = tokio::time::timeout(LONGEST, said).await;
    said.unwrap_or_else(|_| panic!("the emulator does not say: {line}"));
}

/// `ScheduleFailure`.
pub async fn a_daily_run_whose_workflow_is_gone(stack: &Stack) {
    let workflow = stack.output("CertificateRotationStateMachineArn");
    let gone = stack.sfn().delete_state_machine();
    gone.state_machine_arn(workflow).send().await.unwrap();
    given_up(stack, &format!("state machine {workflow} not found")).await;
}

/// `TopicRuleFailure`.
pub async fn a_message_whose_queues_are_gone(stack: &Stack) {
    for queue in ["ClaimRequestQueueUrl", "ClaimRequestDeadLetterQueueUrl"] {
        let gone = stack.sqs().delete_queue().queue_url(stack.output(queue));
        gone.send().await.unwrap();
    }
    let mut device = RawDevice::asking(stack, "sensor-1").await;
    let key = DeviceKey::generate().unwrap();
    let body = request(Mode::Chunked, "sensor-1", &key);
    assert!(device.publish("provision/sensor-1/json", body).await);
    let rule = stack.physical_id("ClaimRequestRule").await;
    given_up(stack, &format!("IoT rule {rule}: errorAction failed")).await;
}

/// `EventDelivery`.
pub async fn an_event_whose_function_is_gone(stack: &Stack) {
    let meter = stack.physical_id("EventMeterFunction").await;
    let lambda = aws_sdk_lambda::Client::new(&stack.target.cloud.config);
    let gone = lambda.delete_function().function_name(&meter);
    gone.send().await.unwrap();
    let event = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder()
        .event_bus_name(stack.output("EventBusName"))
        .source("muster")
        .detail_type("CertificateRotated")
        .detail("{}");
    let bus = aws_sdk_eventbridge::Client::new(&stack.target.cloud.config);
    let told = bus.put_events().entries(event.build());
    told.send().await.unwrap();
    given_up(stack, &format!("function {meter} not found")).await;
}
