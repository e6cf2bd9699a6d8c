//! Messages that were refused without a workflow.

use super::{Ledger, iso, s};
use crate::failure;
use aws_sdk_dynamodb::types::AttributeValue;
use muster_documents::ClientId;
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::{EVENT_SK_PREFIX, PK, SK, client_key};
use muster_onboarding::ports::{RefusalLedger, RefusedMessage};

/// How long the refusal of an acknowledgement is kept, in seconds: 30 days. Whoever holds a claim certificate can
/// cause any number of them, and they say little once the device is at rest.
const REFUSAL_LIFE: i64 = 30 * 24 * 3600;

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
