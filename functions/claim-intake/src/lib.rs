//! Takes devices' requests from the queue, judges them, and starts an execution of `claim-provisioning` or, for a device
//! that renews its certificate, of `chunked-rotation` for each.
//!
//! Nothing is refused here: a refusal starts an execution too, which tells the device and records it. So there is
//! one place that answers devices, and one that writes the timeline.

use muster_documents::{ClaimRequest, DeviceMessage, Purpose};
use muster_lambda::{
    NamedError, SqsBatch, SqsBatchResponse, SqsRecord, about_device, about_execution,
};
use muster_onboarding::ports::Workflow;
use muster_onboarding::{ClaimRules, CloudFailure, judge};

/// Step Functions allows 80 characters in an execution's name.
const NAME_CHARACTERS: usize = 80;

/// Why a message is delivered again.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The message is not what the topic rule writes. After the last try it goes to the dead-letter queue.
    #[error("the message is not what the topic rule writes")]
    MessageInvalid(#[source] serde_json::Error),
    /// The execution did not start.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
}

impl NamedError for IntakeError {
    fn name(&self) -> &'static str {
        match self {
            Self::MessageInvalid(_) => "MessageInvalid",
            Self::Cloud(failure) => failure.name(),
        }
    }
}

/// The workflows, by what a device asks for.
#[derive(Debug)]
pub struct Machines<W> {
    /// `claim-provisioning`.
    pub provisioning: W,
    /// `chunked-rotation`.
    pub rotation: W,
}

impl<W> Machines<W> {
    fn of(&self, purpose: Purpose) -> &W {
        match purpose {
            Purpose::Provisioning => &self.provisioning,
            Purpose::Rotation => &self.rotation,
        }
    }
}

/// Takes a batch. What fails is named in the answer and delivered again, alone.
pub async fn take(
    rules: &ClaimRules,
    workflows: &Machines<impl Workflow>,
    batch: SqsBatch,
) -> Result<SqsBatchResponse, IntakeError> {
    let each = async |record: &SqsRecord| take_one(rules, workflows, record).await;
    Ok(batch.take_each("a request", each).await)
}

async fn take_one(
    rules: &ClaimRules,
    workflows: &Machines<impl Workflow>,
    record: &SqsRecord,
) -> Result<(), IntakeError> {
    let message: DeviceMessage =
        serde_json::from_str(&record.body).map_err(IntakeError::MessageInvalid)?;
    let request = judge(rules, &message);
    let name = execution_name(&request, &record.message_id);
    if let Some(serial) = &request.serial {
        about_device(serial);
    }
    about_execution(&name);
    let input = serde_json::to_string(&request).map_err(IntakeError::MessageInvalid)?;
    workflows.of(request.purpose).start(&name, input).await?;
    tracing::info!(
        target: "muster", refusal = request.refusal.as_ref().map(|refusal| refusal.code.name()), "request taken"
    );
    Ok(())
}

/// The device's serial, for the operator who reads the list, and the message's id, which a redelivery repeats.
fn execution_name(request: &ClaimRequest, message_id: &str) -> String {
    let readable = request
        .serial
        .as_ref()
        .map_or("unreadable", |serial| serial.as_str());
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
            c
        } else {
            '-'
        }
    };
    let room = NAME_CHARACTERS.saturating_sub(message_id.len() + 1);
    readable
        .chars()
        .map(safe)
        .take(room)
        .chain(std::iter::once('-'))
        .chain(message_id.chars())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_documents::TopicPrefixes;
    use muster_onboarding::FailureKind;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Started(Mutex<Vec<(String, String)>>);

    impl Workflow for Started {
        async fn start(&self, name: &str, input: String) -> Result<(), CloudFailure> {
            if input.contains("throttled-device") {
                return Err(CloudFailure {
                    kind: FailureKind::Throttled,
                    action: "states:StartExecution",
                    message: "slow down".into(),
                    source: None,
                });
            }
            self.0.lock().unwrap().push((name.to_owned(), input));
            Ok(())
        }
    }

    fn machines() -> Machines<Started> {
        Machines {
            provisioning: Started::default(),
            rotation: Started::default(),
        }
    }

    fn rules() -> ClaimRules {
        ClaimRules {
            prefixes: TopicPrefixes {
                provisioning: "provision".into(),
                rotation: "rotate".into(),
            },
            legacy_mode: true,
        }
    }

    fn record(id: &str, client_id: &str) -> SqsRecord {
        let message = serde_json::json!({
            "payload": "e30=", "topic": format!("provision/{client_id}/json"), "clientId": client_id, "timestamp": 1,
        });
        SqsRecord {
            message_id: id.into(),
            body: message.to_string(),
        }
    }

    #[tokio::test]
    async fn only_what_failed_is_delivered_again() {
        let started = machines();
        let records = vec![
            record("m1", "sensor-1"),
            record("m2", "throttled-device"),
            SqsRecord {
                message_id: "m3".into(),
                body: "not a rule's message".into(),
            },
            record("m4", "sensor-4"),
        ];
        let response = take(&rules(), &started, SqsBatch { records })
            .await
            .unwrap();
        let failed: Vec<_> = response
            .batch_item_failures
            .iter()
            .map(|item| item.item_identifier.as_str())
            .collect();
        assert_eq!(failed, ["m2", "m3"]);
        assert_eq!(started.provisioning.0.lock().unwrap().len(), 2);
        assert!(started.rotation.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_device_that_renews_its_certificate_starts_a_workflow_of_its_own() {
        let started = machines();
        let message = serde_json::json!({
            "payload": "e30=", "topic": "rotate/sensor-1/json", "clientId": "sensor-1", "principal": "ab", "timestamp": 1,
        });
        let records = vec![SqsRecord {
            message_id: "m1".into(),
            body: message.to_string(),
        }];
        take(&rules(), &started, SqsBatch { records })
            .await
            .unwrap();
        assert!(started.provisioning.0.lock().unwrap().is_empty());
        let (_, input) = started.rotation.0.lock().unwrap()[0].clone();
        let input: ClaimRequest = serde_json::from_str(&input).unwrap();
        assert_eq!(input.principal.as_deref(), Some("ab"));
        assert_eq!(input.purpose, Purpose::Rotation);
    }

    #[tokio::test]
    async fn a_redelivered_message_starts_an_execution_of_the_same_name() {
        let started = machines();
        for _ in 0..2 {
            let batch = SqsBatch {
                records: vec![record("0b1c", "sensor:1")],
            };
            take(&rules(), &started, batch).await.unwrap();
        }
        let started = started.provisioning.0.lock().unwrap();
        assert_eq!(started[0], started[1]);
        assert_eq!(started[0].0, "sensor-1-0b1c");
    }

    #[test]
    fn an_execution_name_is_never_too_long() {
        let message = DeviceMessage {
            payload: "e30=".into(),
            topic: format!("provision/{}/json", "a".repeat(128)),
            client_id: "a".repeat(128),
            principal: None,
            timestamp: 0,
        };
        let request = judge(&rules(), &message);
        assert_eq!(
            execution_name(&request, "059f36b4-87a3-44ab-83d2-661975830a7d").len(),
            80
        );
    }
}
