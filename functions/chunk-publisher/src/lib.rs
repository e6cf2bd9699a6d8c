//! Publishes everything that goes down to a device: the certificate in chunks, the seed's two messages, the notice
//! that a certificate works, and refusals. It is the only function that may unseal a key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_documents::tasks::{Publication, Published};
use muster_documents::{ClientId, Purpose, Serial, TopicPrefixes, Topics};
use muster_lambda::NamedError;
use muster_onboarding::ports::{Awaited, Delivery, DeliveryLedger, Publisher, Unseal};
use muster_onboarding::{
    AnswerError, CloudFailure, FailureKind, activated_answer, chunk_answers, legacy_answers,
    refusal_answer,
};
use secrecy::ExposeSecret;

/// Why nothing, or not everything, was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Another execution holds the device now.
    #[error("another execution has taken over {0}")]
    Superseded(Serial),
    /// The certificate in the task is not base64.
    #[error("the certificate for {0} is not base64")]
    InputInvalid(ClientId),
    /// The certificate does not go into the device's packets.
    #[error(transparent)]
    CertificateTooLarge(#[from] AnswerError),
    /// A call failed.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
}

impl NamedError for PublishError {
    fn name(&self) -> &'static str {
        match self {
            Self::Superseded(_) => "Superseded",
            Self::InputInvalid(_) => "InputInvalid",
            Self::CertificateTooLarge(_) => "CertificateTooLarge",
            Self::Cloud(failure) => failure.name(),
        }
    }
}

/// Publishes. A delivery is noted in the ledger first, so that an answer never comes too early to be understood.
pub async fn publish(
    prefixes: &TopicPrefixes,
    publisher: &impl Publisher,
    ledger: &impl DeliveryLedger,
    unseal: &impl Unseal,
    publication: Publication,
) -> Result<Published, PublishError> {
    match publication {
        Publication::Chunks {
            task_token,
            serial,
            execution,
            client_id,
            packet_size,
            certificate,
            certificate_id,
            missing,
            purpose,
        } => {
            let der = decode(&certificate, &client_id)?;
            let topic = Topics::new(prefixes.of(purpose), &client_id).accepted();
            let answers = chunk_answers(&der, &topic, packet_size, missing.as_deref())?;
            let delivery = Delivery {
                awaited: match purpose {
                    Purpose::Provisioning => Awaited::Acknowledgement,
                    Purpose::Rotation => Awaited::Rotation,
                },
                client_id,
                serial,
                execution,
                certificate_id,
                task_token: Some(task_token),
            };
            open(ledger, &delivery).await?;
            send(publisher, &topic, answers).await
        }
        Publication::LegacyAnswer {
            task_token,
            serial,
            execution,
            client_id,
            certificate,
            certificate_id,
            sealed_key,
        } => {
            let der = decode(&certificate, &client_id)?;
            let key = unseal.unseal(&sealed_key, &certificate_id).await?;
            // What ends this wait is a connection with the new certificate, whose client id is the thing's name.
            let answerer = ClientId::new(serial.as_str())
                .map_err(|_| PublishError::InputInvalid(client_id.clone()))?;
            let delivery = Delivery {
                awaited: Awaited::Connection,
                client_id: answerer,
                serial,
                execution,
                certificate_id,
                task_token: Some(task_token),
            };
            open(ledger, &delivery).await?;
            let answers = legacy_answers(&key, &muster_pki::der_to_pem("CERTIFICATE", &der));
            let answers = answers
                .iter()
                .map(|answer| answer.expose_secret().as_bytes().to_vec());
            send(
                publisher,
                &Topics::new(&prefixes.provisioning, &client_id).accepted(),
                answers.collect(),
            )
            .await
        }
        Publication::Activated {
            client_id,
            certificate_id,
            purpose,
        } => {
            let digest = digest(&certificate_id)
                .ok_or_else(|| PublishError::InputInvalid(client_id.clone()))?;
            let topic = Topics::new(prefixes.of(purpose), &client_id).accepted();
            send(publisher, &topic, vec![activated_answer(&digest)]).await
        }
        Publication::Refusal {
            client_id,
            packet_size,
            refusal,
            purpose,
        } => {
            let topic = Topics::new(prefixes.of(purpose), &client_id).rejected();
            let answer = refusal_answer(&refusal, &topic, packet_size);
            send(publisher, &topic, vec![answer]).await
        }
    }
}

async fn open(ledger: &impl DeliveryLedger, delivery: &Delivery) -> Result<(), PublishError> {
    ledger
        .open(delivery)
        .await
        .map_err(|failure| match failure.kind {
            FailureKind::ConditionFailed => PublishError::Superseded(delivery.serial.clone()),
            _ => failure.into(),
        })
}

/// One after the other: a modem that takes 256 bytes at a time is not sent a burst.
async fn send(
    publisher: &impl Publisher,
    topic: &str,
    payloads: Vec<Vec<u8>>,
) -> Result<Published, PublishError> {
    let packets = payloads.len();
    for payload in payloads {
        publisher.publish(topic, payload).await?;
    }
    Ok(Published { packets })
}

fn decode(certificate: &str, client_id: &ClientId) -> Result<Vec<u8>, PublishError> {
    STANDARD
        .decode(certificate)
        .map_err(|_| PublishError::InputInvalid(client_id.clone()))
}

/// The certificate id is the digest in hex (AWS IoT).
fn digest(certificate_id: &str) -> Option<[u8; 32]> {
    let mut digest = [0u8; 32];
    hex::decode_to_slice(certificate_id, &mut digest).ok()?;
    Some(digest)
}
