//! Tokens, and how often is asked.

use super::{Item, Ledger, key, number, text};
use crate::failure;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_documents::Serial;
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::{MINUTE_SK_PREFIX, PACE_PREFIX, TOKEN_SK, device_key};
use muster_onboarding::ports::{Counted, TokenLedger, TokenRecord};
use muster_onboarding::tokens::Opens;

/// How long a minute's count is kept after it, in seconds.
pub(crate) const COUNT_LIFE: i64 = 3600;

impl TokenLedger for Ledger {
    async fn token(&self, serial: &Serial) -> Result<Option<TokenRecord>, CloudFailure> {
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(&device_key(serial), TOKEN_SK)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| failure("dynamodb:GetItem", error))?;
        Ok(read.item.as_ref().and_then(read_token))
    }

    async fn count_request_of(&self, who: Counted<'_>, now: i64) -> Result<i64, CloudFailure> {
        let counted = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(&pace_key(who), &minute_sk(now))))
            .update_expression("ADD requests :one SET expiresAt = :end")
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .expression_attribute_values(":end", AttributeValue::N((now + COUNT_LIFE).to_string()))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(|error| failure("dynamodb:UpdateItem", error))?;
        let item = counted.attributes.unwrap_or_default();
        Ok(number(&item, "requests").unwrap_or_default())
    }
}

/// The partition of the counts of who asks.
pub(crate) fn pace_key(who: Counted<'_>) -> String {
    let (kind, name) = match who {
        Counted::Source(address) => ("source", address),
        Counted::Right(serial) => ("right", serial.as_str()),
        Counted::Wrong(serial) => ("wrong", serial.as_str()),
    };
    format!("{PACE_PREFIX}{kind}#{name}")
}

/// The sort key of the count of the minute in which `now` is, in seconds since 1970. Until the year 2160 these sort as
/// times do: they have eight digits.
pub(crate) fn minute_sk(now: i64) -> String {
    format!("{MINUTE_SK_PREFIX}{}", now.div_euclid(60))
}

/// What cannot be read opens nothing.
fn read_token(item: &Item) -> Option<TokenRecord> {
    Some(TokenRecord {
        mac: STANDARD.decode(text(item, "mac")?).ok()?,
        opens: Opens::named(&text(item, "opens")?)?,
        expires_at: number(item, "expiresAt")?,
    })
}
