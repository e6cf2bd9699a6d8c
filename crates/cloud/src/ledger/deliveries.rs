//! Deliveries that wait for their devices.

use super::{Ledger, cancelled, malformed, remove, s, send, text, unless_another_holds_it};
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use muster_documents::{ClientId, Serial};
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::{
    PK, SK, STATE_SK, connection_key, delivery_key, device_key, rotation_key,
};
use muster_onboarding::ports::{Awaited, Delivery, DeliveryLedger};
use std::time::{SystemTime, UNIX_EPOCH};

/// How long a delivery's item outlives its last write, in seconds: longer than any delivery may take, which is what
/// `ConnectTimeoutSeconds` allows at most, 30 days.
const DELIVERY_LIFE: u64 = 31 * 24 * 3600;

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
        self.client
            .transact_write_items()
            .transact_items(
                TransactWriteItem::builder()
                    .update(answered.map_err(|error| malformed(ACTION, &error))?)
                    .build(),
            )
            .transact_items(
                TransactWriteItem::builder()
                    .put(put.build().map_err(|error| malformed(ACTION, &error))?)
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

/// The partition of a delivery.
fn key(awaited: Awaited, client_id: &ClientId) -> String {
    match awaited {
        Awaited::Acknowledgement => delivery_key(client_id),
        Awaited::Rotation => rotation_key(client_id),
        Awaited::Connection => connection_key(client_id),
    }
}
