//! SQS: the queues that the topic rules write into, for who knows what a rule would say.

use crate::connect::client;
use crate::{Cloud, failure};
use aws_sdk_sqs::Client;
use muster_documents::{CertificateRegistered, PresenceMessage, Serial, ThingChanged};
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::{CertificateProof, ChangeReports, RegistrationReports};
use serde_json::{Value, json};

/// The adapter to one of them.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    queue_url: String,
}

impl Queue {
    /// The queue of this URL.
    pub fn new(cloud: &Cloud, queue_url: impl Into<String>) -> Self {
        Self {
            client: client!(aws_sdk_sqs, cloud),
            queue_url: queue_url.into(),
        }
    }

    async fn put(&self, message: Value) -> Result<(), CloudFailure> {
        self.client
            .send_message()
            .queue_url(&self.queue_url)
            .message_body(message.to_string())
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("sqs:SendMessage", error))
    }
}

impl CertificateProof for Queue {
    async fn report_connection(
        &self,
        thing: &Serial,
        certificate_id: &str,
    ) -> Result<(), CloudFailure> {
        let connection = PresenceMessage {
            client_id: thing.to_string(),
            principal_identifier: certificate_id.to_owned(),
        };
        self.put(json!(connection)).await
    }
}

impl ChangeReports for Queue {
    async fn report_change(&self, thing: &Serial) -> Result<(), CloudFailure> {
        let changed = ThingChanged {
            thing_name: thing.to_string(),
        };
        self.put(json!(changed)).await
    }
}

impl RegistrationReports for Queue {
    async fn report_registration(
        &self,
        registered: &CertificateRegistered,
    ) -> Result<(), CloudFailure> {
        self.put(json!(registered)).await
    }
}
