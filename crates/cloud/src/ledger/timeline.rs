//! The lines of timelines that no workflow writes.

use super::{Item, iso, s};
use aws_sdk_dynamodb::types::AttributeValue;
use muster_documents::ClientId;
use muster_onboarding::ledger::{EVENT_SK_PREFIX, PK, SK};
use serde_json::Value;
use std::collections::HashMap;

/// How long a refusal is kept, in seconds: 30 days. Whoever holds a claim certificate can cause any number of them, and
/// they say little once the device is at rest.
pub(super) const REFUSAL_LIFE: i64 = 30 * 24 * 3600;

/// One line.
pub(super) struct Line<'a> {
    /// The timeline's partition.
    pub(super) ledger_key: String,
    /// When, in milliseconds since 1970.
    pub(super) at: i64,
    /// What tells it from another of that time.
    pub(super) which: &'a str,
    /// What happened.
    pub(super) event: &'a str,
    /// Who asked over MQTT, well-formed or not.
    pub(super) client_id: &'a str,
    /// What came of it, a JSON object.
    pub(super) outcome: Value,
    /// What was done, a JSON array.
    pub(super) steps: Value,
    /// Until when it is kept, in seconds since 1970.
    pub(super) expires_at: i64,
}

impl Line<'_> {
    /// The line as the ledger has it.
    pub(super) fn item(&self) -> Item {
        let at = iso(self.at);
        let client_id = ClientId::new(self.client_id).map_or_else(|_| "-".to_owned(), String::from);
        let sk = format!("{EVENT_SK_PREFIX}{at}#{}", self.which);
        HashMap::from(
            [
                (PK, s(&self.ledger_key)),
                (SK, s(sk)),
                ("at", s(at)),
                ("event", s(self.event)),
                ("execution", s("-")),
                ("clientId", s(client_id)),
                ("outcome", s(self.outcome.to_string())),
                ("failure", s("-")),
                ("steps", s(self.steps.to_string())),
                ("expiresAt", AttributeValue::N(self.expires_at.to_string())),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        )
    }
}
