//! Messages in queues.

use super::{Stack, wait_until};

/// Puts a message into a queue.
pub async fn send(stack: &Stack, queue: &'static str, body: &str) {
    let sent = stack.sqs().send_message().queue_url(stack.output(queue));
    sent.message_body(body).send().await.unwrap();
}

/// Waits for the next message of a queue, and takes it.
pub async fn next(stack: &Stack, queue: &'static str) -> String {
    wait_until(&format!("a message in {queue}"), || async {
        let url = stack.output(queue);
        let received = stack.sqs().receive_message().queue_url(url).send().await;
        let received = received.unwrap();
        let message = received.messages().first()?;
        let handle = message.receipt_handle().unwrap();
        let deletion = stack.sqs().delete_message().queue_url(url);
        deletion.receipt_handle(handle).send().await.unwrap();
        Some(message.body().unwrap().to_owned())
    })
    .await
}
