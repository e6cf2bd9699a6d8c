//! Messages that were refused without a workflow.

use super::Ledger;
use super::timeline::{Line, REFUSAL_LIFE};
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::client_key;
use muster_onboarding::ports::{RefusalLedger, RefusedMessage};
use serde_json::json;

impl RefusalLedger for Ledger {
    async fn record_refusal(&self, refused: &RefusedMessage) -> Result<(), CloudFailure> {
        self.write_line(&Line {
            ledger_key: client_key(&refused.client_id),
            at: refused.received_at,
            which: &refused.message_id,
            event: "DeviceRejected",
            client_id: &refused.client_id,
            outcome: json!({ "code": refused.refusal.code, "message": refused.refusal.message }),
            steps: json!([]),
            expires_at: refused.received_at.div_euclid(1000) + REFUSAL_LIFE,
        })
        .await
    }
}
