//! Tokens: issued, listed, revoked. A token's text is known to nobody but whom it was issued to.

use super::random::random;
use crate::ledger::tokens::{COUNT_LIFE, minute_sk, pace_key};
use crate::ledger::{Item, key, number, s, serial_of, text};
use crate::{Cloud, failure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_documents::Serial;
use muster_onboarding::ledger::{DEVICE_PREFIX, TOKEN_SK, device_key};
use muster_onboarding::ports::{Counted, TokenKey};
use muster_onboarding::tokens::{Opens, token_digest};
use muster_onboarding::{CloudFailure, secret_text};
use secrecy::SecretString;
use serde::Serialize;

/// A device's token, without its text, which is nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// The device.
    pub serial: Serial,
    /// What it is good for: `certificate`, `shadow` or `both`.
    pub opens: String,
    /// When it was issued, in seconds since 1970.
    pub created_at: i64,
    /// Until when it is good, in seconds since 1970.
    pub expires_at: i64,
    /// How long after a new certificate the old one is retired at the latest, in hours; `None`: when the device has connected
    /// with the new one.
    pub retire_after_hours: Option<i64>,
    /// When it was first spent on a certificate, in seconds since 1970.
    pub spent_at: Option<i64>,
    /// The certificate that it gave.
    pub certificate_id: Option<String>,
}

/// How a token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenState {
    /// No certificate was asked for with it yet.
    Unused,
    /// It has given its certificate. It is good for the same key's answer, and for the shadow if it opens that, until its end.
    Used,
    /// It opens the shadow alone, as often as is asked; nobody counts that.
    Good,
    /// Its end has passed.
    Expired,
}

impl TokenState {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::Used => "used",
            Self::Good => "good",
            Self::Expired => "expired",
        }
    }
}

impl Token {
    /// How it stands at the time `now`, in seconds since 1970. One that was used stays that when it has expired.
    pub fn state(&self, now: i64) -> TokenState {
        if self.spent_at.is_some() {
            TokenState::Used
        } else if self.expires_at <= now {
            TokenState::Expired
        } else if self.opens == Opens::Shadow.name() {
            TokenState::Good
        } else {
            TokenState::Unused
        }
    }
}

/// What a token is issued for, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// What it is good for.
    pub opens: Opens,
    /// When it is issued, in seconds since 1970.
    pub created_at: i64,
    /// Until when it is good, in seconds since 1970.
    pub expires_at: i64,
    /// See [`Token::retire_after_hours`].
    pub retire_after_hours: Option<u32>,
}

/// A token that was just issued. Its text is nowhere else.
#[derive(Debug)]
pub struct IssuedToken {
    /// The device that it is good for.
    pub serial: Serial,
    /// What the device has to show.
    pub text: SecretString,
}

/// The tokens of one stack.
#[derive(Debug, Clone)]
pub struct Tokens {
    client: Client,
    table: String,
}

impl Tokens {
    /// The tokens in `table`.
    pub fn new(cloud: &Cloud, table: &str) -> Self {
        Self {
            client: Client::new(&cloud.config),
            table: table.to_owned(),
        }
    }

    /// Issues a token for a device, hashed with `hashing`. What was issued for the device before is good no more, also for
    /// the key that has spent it.
    pub async fn issue(
        &self,
        hashing: &impl TokenKey,
        serial: &Serial,
        terms: &Terms,
    ) -> Result<IssuedToken, CloudFailure> {
        let secret = secret_text(random("making the token")?);
        let mac = hashing.token_mac(&token_digest(serial, &secret)).await?;
        let whole = |number: i64| AttributeValue::N(number.to_string());
        // All of the item, so that nothing of the one before is left.
        let mut put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(key(&device_key(serial), TOKEN_SK)))
            .item("mac", s(STANDARD.encode(mac)))
            .item("opens", s(terms.opens.name()))
            .item("createdAt", whole(terms.created_at))
            .item("expiresAt", whole(terms.expires_at));
        if let Some(hours) = terms.retire_after_hours {
            put = put.item("retireAfterHours", whole(hours.into()));
        }
        put.send()
            .await
            .map_err(|error| failure("dynamodb:PutItem", error))?;
        Ok(IssuedToken {
            serial: serial.clone(),
            text: secret,
        })
    }

    /// All tokens, by serial. Reads the whole table.
    pub async fn list(&self) -> Result<Vec<Token>, CloudFailure> {
        let mut tokens = Vec::new();
        let mut items = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression("sk = :token AND begins_with(pk, :device)")
            .expression_attribute_values(":token", s(TOKEN_SK))
            .expression_attribute_values(":device", s(DEVICE_PREFIX))
            .into_paginator()
            .items()
            .send();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| failure("dynamodb:Scan", error))?;
            tokens.extend(read_token(&item));
        }
        tokens.sort_by(|a, b| a.serial.cmp(&b.serial));
        Ok(tokens)
    }

    /// A device's token; `None` if it has none.
    pub async fn show(&self, serial: &Serial) -> Result<Option<Token>, CloudFailure> {
        self.client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(&device_key(serial), TOKEN_SK)))
            .consistent_read(true)
            .send()
            .await
            .map(|answer| answer.item.as_ref().and_then(read_token))
            .map_err(|error| failure("dynamodb:GetItem", error))
    }

    /// Makes a device's token good for nothing, also for the key that has spent it; answers whether there was one. The
    /// certificate that it gave stays.
    pub async fn revoke(&self, serial: &Serial) -> Result<bool, CloudFailure> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(&device_key(serial), TOKEN_SK)))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map(|answer| answer.attributes.is_some())
            .map_err(|error| failure("dynamodb:DeleteItem", error))
    }

    /// How often a wrong token was shown for a serial in the hour before `now`, in seconds since 1970. The ledger may have
    /// older counts, since DynamoDB takes its time to delete what has expired.
    pub async fn wrong_in_last_hour(&self, serial: &Serial, now: i64) -> Result<i64, CloudFailure> {
        let mut minutes = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk > :before")
            .expression_attribute_values(":pk", s(pace_key(Counted::Wrong(serial))))
            .expression_attribute_values(":before", s(minute_sk(now - COUNT_LIFE)))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut requests = 0;
        while let Some(minute) = minutes.next().await {
            let minute = minute.map_err(|error| failure("dynamodb:Query", error))?;
            requests += number(&minute, "requests").unwrap_or_default();
        }
        Ok(requests)
    }
}

fn read_token(item: &Item) -> Option<Token> {
    Some(Token {
        serial: serial_of(item)?,
        opens: text(item, "opens").unwrap_or_default(),
        created_at: number(item, "createdAt").unwrap_or_default(),
        expires_at: number(item, "expiresAt").unwrap_or_default(),
        retire_after_hours: number(item, "retireAfterHours"),
        spent_at: number(item, "spentAt"),
        certificate_id: text(item, "givenCertificateId"),
    })
}

#[cfg(test)]
mod tests;
