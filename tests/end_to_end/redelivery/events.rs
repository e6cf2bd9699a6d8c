//! What others hear of Muster.

use crate::support::{Stack, wait_until};
use serde_json::Value;

/// A queue that hears everything on the stack's bus.
pub struct Events<'a> {
    stack: &'a Stack,
    queue: String,
    heard: Vec<Value>,
}

impl<'a> Events<'a> {
    /// Listens from now on.
    pub async fn listen(stack: &'a Stack) -> Self {
        let queue = stack
            .sqs()
            .create_queue()
            .queue_name("events")
            .send()
            .await
            .unwrap();
        let queue = queue.queue_url().unwrap().to_owned();
        let arn = aws_sdk_sqs::types::QueueAttributeName::QueueArn;
        let attributes = stack
            .sqs()
            .get_queue_attributes()
            .queue_url(&queue)
            .attribute_names(arn.clone())
            .send()
            .await;
        let arn = attributes.unwrap().attributes().unwrap()[&arn].clone();
        let events = aws_sdk_eventbridge::Client::new(&stack.target.cloud.config);
        let rule = events
            .put_rule()
            .name("everything")
            .event_bus_name(stack.output("EventBusName"));
        rule.event_pattern(r#"{"source": ["muster"]}"#)
            .send()
            .await
            .unwrap();
        let target = aws_sdk_eventbridge::types::Target::builder()
            .id("queue")
            .arn(arn)
            .build()
            .unwrap();
        let put = events
            .put_targets()
            .rule("everything")
            .event_bus_name(stack.output("EventBusName"))
            .targets(target);
        put.send().await.unwrap();
        Self {
            stack,
            queue,
            heard: Vec::new(),
        }
    }

    /// What has been heard of each device, once there are so many events: serial and kind, sorted.
    pub async fn heard(&mut self, count: usize) -> Vec<(String, String)> {
        let (stack, queue) = (self.stack, &self.queue);
        while self.heard.len() < count {
            self.heard.extend(
                wait_until("an event", || async {
                    let events = receive(stack, queue).await;
                    (!events.is_empty()).then_some(events)
                })
                .await,
            );
        }
        // Whatever comes more than once is there by now: the executions that emit have ended.
        self.heard.extend(receive(stack, queue).await);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut heard: Vec<_> = self
            .heard
            .iter()
            .map(|event| {
                (
                    text(&event["detail"]["serial"]),
                    text(&event["detail-type"]),
                )
            })
            .collect();
        heard.sort();
        heard
    }
}

async fn receive(stack: &Stack, queue: &str) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let received = stack
            .sqs()
            .receive_message()
            .queue_url(queue)
            .max_number_of_messages(10)
            .send()
            .await
            .unwrap();
        if received.messages().is_empty() {
            return events;
        }
        for message in received.messages() {
            events.push(serde_json::from_str(message.body().unwrap()).unwrap());
            let delete = stack.sqs().delete_message().queue_url(queue);
            delete
                .receipt_handle(message.receipt_handle().unwrap())
                .send()
                .await
                .unwrap();
        }
    }
}
