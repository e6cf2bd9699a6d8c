//! DynamoDB: the ledger as the functions see it.

use crate::connect::client;
use crate::{Cloud, failure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::primitives::{Blob, DateTime, DateTimeFormat};
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValue, TransactWriteItem, Update};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_documents::{ClientId, Serial};
use muster_onboarding::ledger::{
    DeviceState, EVENT_SK_PREFIX, PK, SK, STATE_SK, client_key, connection_key, delivery_key,
    device_key,
};
use muster_onboarding::ports::{
    Awaited, Certificate, Delivery, DeliveryLedger, DeviceLedger, HeldDevice, RefusalLedger,
    RefusedMessage,
};
use muster_onboarding::{CloudFailure, FailureKind};
use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// How long a delivery's item outlives its last write, in seconds: longer than any delivery may take, which is what
/// `ConnectTimeoutSeconds` allows at most, 30 days.
const DELIVERY_LIFE: u64 = 31 * 24 * 3600;

/// How long the refusal of an acknowledgement is kept, in seconds: 30 days. Whoever holds a claim certificate can
/// cause any number of them, and they say little once the device is at rest.
const REFUSAL_LIFE: i64 = 30 * 24 * 3600;

type Item = HashMap<String, AttributeValue>;

/// The adapter to the ledger's table.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub(crate) client: Client,
    pub(crate) table: String,
}

pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn text(item: &Item, name: &str) -> Option<String> {
    item.get(name).and_then(|value| value.as_s().ok()).cloned()
}

fn certificate(item: &Item, stem: &str) -> Option<Certificate> {
    Some(Certificate {
        id: text(item, &format!("{stem}Id"))?,
        arn: text(item, &format!("{stem}Arn"))?,
        der: match item.get(&format!("{stem}Der"))? {
            AttributeValue::B(bytes) => bytes.as_ref().to_vec(),
            // Step Functions' own integration encodes bytes once more, so a workflow writes base64 as text.
            AttributeValue::S(base64) => STANDARD.decode(base64).ok()?,
            _ => return None,
        },
    })
}

impl Ledger {
    /// The ledger in `table`.
    pub fn new(cloud: &Cloud, table: impl Into<String>) -> Self {
        Self {
            client: client!(aws_sdk_dynamodb, cloud),
            table: table.into(),
        }
    }

    async fn read_item(&self, key: String) -> Result<Option<Item>, CloudFailure> {
        self.client
            .get_item()
            .table_name(&self.table)
            .key(PK, s(key))
            .key(SK, s(STATE_SK))
            .consistent_read(true)
            .send()
            .await
            .map(|answer| answer.item)
            .map_err(|error| failure("dynamodb:GetItem", error))
    }

    fn delete(&self, key: String) -> DeleteItemFluentBuilder {
        self.client
            .delete_item()
            .table_name(&self.table)
            .key(PK, s(key))
            .key(SK, s(STATE_SK))
    }

    fn update(&self, key: String) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key(PK, s(key))
            .key(SK, s(STATE_SK))
    }
}

async fn remove(delete: DeleteItemFluentBuilder) -> Result<(), CloudFailure> {
    delete
        .send()
        .await
        .map(drop)
        .map_err(|error| failure("dynamodb:DeleteItem", error))
}

async fn send(update: UpdateItemFluentBuilder) -> Result<(), CloudFailure> {
    update
        .send()
        .await
        .map(drop)
        .map_err(|error| failure("dynamodb:UpdateItem", error))
}

/// Takes "another holds it" for done, for an undo that has nothing left to undo.
fn unless_another_holds_it(result: Result<(), CloudFailure>) -> Result<(), CloudFailure> {
    match result {
        Err(error) if error.kind == FailureKind::ConditionFailed => Ok(()),
        other => other,
    }
}

fn read_held(item: &Item) -> HeldDevice {
    HeldDevice {
        state: text(item, "state").and_then(|state| DeviceState::named(&state)),
        fingerprint: text(item, "fingerprint"),
        execution: text(item, "execution"),
        pending: certificate(item, "pendingCertificate"),
        current: certificate(item, "certificate"),
        enrolled_by: text(item, "enrolledBy"),
    }
}

/// The partition of a delivery.
fn key(awaited: Awaited, client_id: &ClientId) -> String {
    match awaited {
        Awaited::Acknowledgement => delivery_key(client_id),
        Awaited::Connection => connection_key(client_id),
    }
}

/// A transaction is cancelled for many reasons; only a condition that did not hold says that another holds the device.
/// A conflict with another transaction, or a throttled table, passes.
fn cancelled(
    action: &'static str,
    error: SdkError<TransactWriteItemsError, HttpResponse>,
) -> CloudFailure {
    let reasons = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => Some(
            cancelled
                .cancellation_reasons()
                .iter()
                .any(|reason| reason.code() == Some("ConditionalCheckFailed")),
        ),
        _ => None,
    };
    let mut failure = failure(action, error);
    if let Some(condition_failed) = reasons {
        failure.kind = if condition_failed {
            FailureKind::ConditionFailed
        } else {
            FailureKind::Throttled
        };
    }
    failure
}

impl DeviceLedger for Ledger {
    async fn held(&self, serial: &Serial) -> Result<Option<HeldDevice>, CloudFailure> {
        Ok(self
            .read_item(device_key(serial))
            .await?
            .map(|item| read_held(&item)))
    }

    async fn begin_undo(
        &self,
        serial: &Serial,
        execution: &str,
    ) -> Result<HeldDevice, CloudFailure> {
        let marked = self
            .update(device_key(serial))
            .update_expression("SET undoing = :me")
            .condition_expression("execution = :me")
            .expression_attribute_values(":me", s(execution))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(|error| failure("dynamodb:UpdateItem", error))?;
        Ok(read_held(&marked.attributes.unwrap_or_default()))
    }

    async fn note_pending(
        &self,
        serial: &Serial,
        execution: &str,
        certificate: &Certificate,
    ) -> Result<(), CloudFailure> {
        send(
            self.update(device_key(serial))
                .update_expression(
                    "SET pendingCertificateId = :id, pendingCertificateArn = :arn, \
                     pendingCertificateDer = :der",
                )
                .condition_expression(
                    "execution = :me AND attribute_not_exists(pendingCertificateId)",
                )
                .expression_attribute_values(":id", s(&certificate.id))
                .expression_attribute_values(":arn", s(&certificate.arn))
                .expression_attribute_values(
                    ":der",
                    AttributeValue::B(Blob::new(certificate.der.clone())),
                )
                .expression_attribute_values(":me", s(execution)),
        )
        .await
    }

    async fn forget_pending(&self, serial: &Serial, execution: &str) -> Result<(), CloudFailure> {
        unless_another_holds_it(
            send(
                self.update(device_key(serial))
                    .update_expression(
                        "REMOVE pendingCertificateId, pendingCertificateArn, pendingCertificateDer, undoing",
                    )
                    .condition_expression("execution = :me")
                    .expression_attribute_values(":me", s(execution)),
            )
            .await,
        )
    }

    async fn release(&self, serial: &Serial, execution: &str) -> Result<(), CloudFailure> {
        unless_another_holds_it(
            send(
                self.update(device_key(serial))
                    .update_expression(
                        "SET #state = :known REMOVE execution, fingerprint, clientId, answeredAt, undoing, \
                         pendingCertificateId, pendingCertificateArn, pendingCertificateDer",
                    )
                    .condition_expression("execution = :me AND #state = :provisioning")
                    .expression_attribute_names("#state", "state")
                    .expression_attribute_values(":known", s(DeviceState::Known.name()))
                    .expression_attribute_values(":provisioning", s(DeviceState::Provisioning.name()))
                    .expression_attribute_values(":me", s(execution)),
            )
            .await,
        )
    }

    async fn remove_enrolled(&self, serial: &Serial, execution: &str) -> Result<(), CloudFailure> {
        unless_another_holds_it(
            remove(
                self.delete(device_key(serial))
                    .condition_expression("execution = :me AND #state = :provisioning")
                    .expression_attribute_names("#state", "state")
                    .expression_attribute_values(
                        ":provisioning",
                        s(DeviceState::Provisioning.name()),
                    )
                    .expression_attribute_values(":me", s(execution)),
            )
            .await,
        )
    }
}

impl DeliveryLedger for Ledger {
    async fn open(&self, delivery: &Delivery) -> Result<(), CloudFailure> {
        const ACTION: &str = "dynamodb:TransactWriteItems";
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let expires_at = now.as_secs() + DELIVERY_LIFE;
        let answered = Update::builder()
            .table_name(&self.table)
            .key(PK, s(device_key(&delivery.serial)))
            .key(SK, s(STATE_SK))
            .update_expression("SET answeredAt = :now")
            .condition_expression("execution = :me")
            .expression_attribute_values(":now", AttributeValue::N(now.as_millis().to_string()))
            .expression_attribute_values(":me", s(&delivery.execution))
            .build();
        let mut put = Put::builder()
            .table_name(&self.table)
            .item(PK, s(key(delivery.awaited, &delivery.client_id)))
            .item(SK, s(STATE_SK))
            .item("serial", s(delivery.serial.as_str()))
            .item("execution", s(&delivery.execution))
            .item("certificateId", s(&delivery.certificate_id))
            .item("expiresAt", AttributeValue::N(expires_at.to_string()));
        if let Some(token) = &delivery.task_token {
            put = put.item("taskToken", s(token));
        }
        let malformed = |error: aws_sdk_dynamodb::error::BuildError| CloudFailure {
            kind: FailureKind::Refused,
            action: ACTION,
            message: error.to_string(),
            source: None,
        };
        self.client
            .transact_write_items()
            .transact_items(
                TransactWriteItem::builder()
                    .update(answered.map_err(malformed)?)
                    .build(),
            )
            .transact_items(
                TransactWriteItem::builder()
                    .put(put.build().map_err(malformed)?)
                    .build(),
            )
            .send()
            .await
            .map(drop)
            .map_err(|error| cancelled(ACTION, error))
    }

    async fn find(
        &self,
        awaited: Awaited,
        client_id: &ClientId,
    ) -> Result<Option<Delivery>, CloudFailure> {
        let Some(item) = self.read_item(key(awaited, client_id)).await? else {
            return Ok(None);
        };
        let serial = text(&item, "serial").and_then(|serial| Serial::new(serial).ok());
        let (Some(serial), Some(execution), Some(certificate_id)) = (
            serial,
            text(&item, "execution"),
            text(&item, "certificateId"),
        ) else {
            return Ok(None);
        };
        Ok(Some(Delivery {
            awaited,
            client_id: client_id.clone(),
            serial,
            execution,
            certificate_id,
            task_token: text(&item, "taskToken"),
        }))
    }

    async fn forget_delivery(
        &self,
        awaited: Awaited,
        client_id: &ClientId,
        execution: &str,
    ) -> Result<(), CloudFailure> {
        unless_another_holds_it(
            remove(
                self.delete(key(awaited, client_id))
                    .condition_expression("execution = :me")
                    .expression_attribute_values(":me", s(execution)),
            )
            .await,
        )
    }

    async fn close(&self, delivery: &Delivery) -> Result<(), CloudFailure> {
        unless_another_holds_it(
            send(
                self.update(key(delivery.awaited, &delivery.client_id))
                    .update_expression("REMOVE taskToken")
                    .condition_expression("execution = :me")
                    .expression_attribute_values(":me", s(&delivery.execution)),
            )
            .await,
        )
    }
}

impl RefusalLedger for Ledger {
    async fn record_refusal(&self, refused: &RefusedMessage) -> Result<(), CloudFailure> {
        let at = iso(refused.received_at);
        let client_id =
            ClientId::new(refused.client_id.as_str()).map_or_else(|_| "-".to_owned(), String::from);
        let outcome = serde_json::json!({
            "code": refused.refusal.code, "message": refused.refusal.message,
        });
        let expires_at = refused.received_at.div_euclid(1000) + REFUSAL_LIFE;
        self.client
            .put_item()
            .table_name(&self.table)
            .item(PK, s(client_key(&refused.client_id)))
            .item(
                SK,
                s(format!("{EVENT_SK_PREFIX}{at}#{}", refused.message_id)),
            )
            .item("at", s(at))
            .item("event", s("DeviceRejected"))
            .item("execution", s("-"))
            .item("clientId", s(client_id))
            .item("outcome", s(outcome.to_string()))
            .item("failure", s("-"))
            .item("steps", s("[]"))
            .item("expiresAt", AttributeValue::N(expires_at.to_string()))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("dynamodb:PutItem", error))
    }
}

/// Milliseconds since 1970 as ISO 8601, always with three digits after the point, so that texts sort as times do.
pub(crate) fn iso(milliseconds: i64) -> String {
    let seconds = DateTime::from_secs(milliseconds.div_euclid(1000));
    let seconds = seconds.fmt(DateTimeFormat::DateTime).unwrap_or_default();
    format!(
        "{}.{:03}Z",
        seconds.trim_end_matches('Z'),
        milliseconds.rem_euclid(1000)
    )
}

#[cfg(test)]
mod tests {
    use super::iso;

    #[test]
    fn a_time_is_written_as_the_workflows_write_theirs() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(1_767_225_600_050), "2026-01-01T00:00:00.050Z");
        assert_eq!(iso(-1), "1969-12-31T23:59:59.999Z");
    }
}
