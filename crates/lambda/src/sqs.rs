//! SQS batches with partial failure (AWS Lambda developer guide, "Reporting batch item failures").

use crate::NamedError;
use crate::about::message;
use serde::{Deserialize, Serialize};
use tracing::Instrument;

/// What Lambda hands over from a queue.
#[derive(Debug, Clone, Deserialize)]
pub struct SqsBatch {
    /// The messages, 1 to 10 unless the event source says otherwise.
    #[serde(rename = "Records")]
    pub records: Vec<SqsRecord>,
}

/// One message.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SqsRecord {
    /// The same on every redelivery.
    pub message_id: String,
    /// What the rule put there.
    pub body: String,
    /// What SQS says of it.
    #[serde(default)]
    pub attributes: SqsAttributes,
}

/// What SQS says of a message.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SqsAttributes {
    /// How often it was received, this time among them.
    #[serde(default)]
    pub approximate_receive_count: String,
}

impl SqsRecord {
    /// Whether it was delivered before, and is again.
    pub fn came_before(&self) -> bool {
        let times: Result<u64, _> = self.attributes.approximate_receive_count.parse();
        times.is_ok_and(|times| times > 1)
    }
}

/// What failed, so that only that is delivered again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SqsBatchResponse {
    /// The messages to deliver again.
    pub batch_item_failures: Vec<BatchItemFailure>,
}

/// One message to deliver again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// Its message id.
    pub item_identifier: String,
}

impl SqsBatch {
    /// Takes each message, whose lines in the log have its id. What fails is logged, as `what` it is, and named in the answer:
    /// it is delivered again, alone.
    pub async fn take_each<E: NamedError>(
        &self,
        what: &'static str,
        take: impl AsyncFn(&SqsRecord) -> Result<(), E>,
    ) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        for record in &self.records {
            let span = message(&record.message_id);
            let taken = take(record).instrument(span.clone()).await;
            if let Err(error) = taken {
                span.in_scope(|| {
                    tracing::warn!(
                        target: "muster", error = error.name(), cause = %error, "{what} is delivered again"
                    );
                });
                response.batch_item_failures.push(BatchItemFailure {
                    item_identifier: record.message_id.clone(),
                });
            }
        }
        response
    }
}
