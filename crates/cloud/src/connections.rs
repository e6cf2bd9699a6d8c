//! SQS: the queue of connections that the topic rule writes into.

use crate::connect::client;
use crate::{Cloud, failure};
use aws_sdk_sqs::Client;
use muster_documents::{PresenceMessage, Serial};
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::CertificateProof;
use serde_json::json;

/// The adapter to the queue.
#[derive(Debug, Clone)]
pub struct Connections {
    client: Client,
    queue_url: String,
}

impl Connections {
    /// The queue of this URL.
    pub fn new(cloud: &Cloud, queue_url: impl Into<String>) -> Self {
        Self {
            client: client!(aws_sdk_sqs, cloud),
            queue_url: queue_url.into(),
        }
    }
}

impl CertificateProof for Connections {
    async fn report_connection(
        &self,
        thing: &Serial,
        certificate_id: &str,
    ) -> Result<(), CloudFailure> {
        let connection = PresenceMessage {
            client_id: thing.to_string(),
            principal_identifier: certificate_id.to_owned(),
        };
        self.client
            .send_message()
            .queue_url(&self.queue_url)
            .message_body(json!(connection).to_string())
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("sqs:SendMessage", error))
    }
}
