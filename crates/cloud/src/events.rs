//! EventBridge: what the bus is told by functions that are in no workflow.

use crate::connect::client;
use crate::{Cloud, failure};
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use muster_onboarding::ports::{BusEvent, EventBus};
use muster_onboarding::{CloudFailure, FailureKind};

/// Who tells; the workflows say the same.
const SOURCE: &str = "muster";

/// The adapter to one bus.
#[derive(Debug, Clone)]
pub struct Events {
    client: Client,
    bus: String,
}

impl Events {
    /// The bus of this name.
    pub fn new(cloud: &Cloud, bus: impl Into<String>) -> Self {
        Self {
            client: client!(aws_sdk_eventbridge, cloud),
            bus: bus.into(),
        }
    }
}

impl EventBus for Events {
    async fn tell(&self, event: &BusEvent) -> Result<(), CloudFailure> {
        const ACTION: &str = "events:PutEvents";
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(SOURCE)
            .detail_type(event.name)
            .detail(event.detail.to_string())
            .build();
        let answer = self
            .client
            .put_events()
            .entries(entry)
            .send()
            .await
            .map_err(|error| failure(ACTION, error))?;
        // What the bus does not take it says in an answer that is none of an error.
        let refused = answer.entries().iter().find_map(|entry| entry.error_code());
        match refused {
            None => Ok(()),
            Some(code) => Err(CloudFailure {
                kind: FailureKind::Unavailable,
                action: ACTION,
                message: code.to_owned(),
                source: None,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::connect_to;
    use serde_json::json;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// What comes of an event to which the service answers this.
    async fn told(answer: &'static str) -> Result<(), CloudFailure> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 4096];
            assert!(stream.read(&mut asked).await.unwrap() > 0);
            let length = answer.len();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let events = Events::new(&connect_to(&address), "bus");
        let event = BusEvent {
            name: "DeviceAdmitted",
            detail: json!({}),
        };
        events.tell(&event).await
    }

    #[tokio::test]
    async fn an_event_that_the_bus_does_not_take_is_a_failure_though_the_call_was_answered() {
        let taken = r#"{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}"#;
        told(taken).await.unwrap();
        let refused = r#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"InternalFailure"}]}"#;
        let failure = told(refused).await.unwrap_err();
        assert_eq!(failure.name(), "CloudUnavailable");
        assert!(failure.to_string().contains("InternalFailure"), "{failure}");
    }
}
