//! DynamoDB: the ledger as the functions see it.

mod admissions;
#[cfg(feature = "operator")]
mod adoption;
mod claims;
mod deliveries;
mod devices;
mod fleets;
mod handing_out;
pub(crate) mod items;
mod reconciliation;
mod refusals;
mod rotation;
mod timeline;
pub(crate) mod tokens;
mod transaction;

use crate::connect::client;
use crate::{Cloud, failure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_documents::Serial;
use muster_onboarding::ledger::{DEVICE_PREFIX, PK, SK, STATE_SK};
use muster_onboarding::ports::Certificate;
use muster_onboarding::rotation::Day;
use muster_onboarding::{CloudFailure, FailureKind};
use std::collections::HashMap;
use timeline::Line;

#[cfg(feature = "operator")]
pub(crate) use fleets::read_fleet;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The adapter to the ledger's table.
#[derive(Debug, Clone)]
pub struct Ledger {
    client: Client,
    table: String,
}

pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// An item's key.
pub(crate) fn key(partition: &str, sort: &str) -> Item {
    HashMap::from([(PK.to_owned(), s(partition)), (SK.to_owned(), s(sort))])
}

pub(crate) fn text(item: &Item, name: &str) -> Option<String> {
    item.get(name).and_then(|value| value.as_s().ok()).cloned()
}

/// The serial in a device's key. One that cannot be read was not written by Muster, and is passed over.
pub(crate) fn serial_of(item: &Item) -> Option<Serial> {
    let pk = text(item, PK)?;
    Serial::new(pk.strip_prefix(DEVICE_PREFIX)?).ok()
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

pub(crate) fn number(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// A day; `None` where it is missing or none.
pub(crate) fn day(item: &Item, name: &str) -> Option<Day> {
    text(item, name)?.parse().ok()
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

    async fn write_line(&self, line: &Line<'_>) -> Result<(), CloudFailure> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(line.item()))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("dynamodb:PutItem", error))
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

/// All items of a partition.
pub(crate) async fn partition(
    client: &Client,
    table: &str,
    key: String,
) -> Result<Vec<Item>, CloudFailure> {
    client
        .query()
        .table_name(table)
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", s(key))
        .consistent_read(true)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<_, _>>()
        .await
        .map_err(|error| failure("dynamodb:Query", error))
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

/// A part of a transaction that lacks what it has to have, which only a defect can cause.
pub(crate) fn malformed(action: &'static str, error: &BuildError) -> CloudFailure {
    CloudFailure {
        kind: FailureKind::Refused,
        action,
        message: error.to_string(),
        source: None,
    }
}

/// Milliseconds since 1970 as ISO 8601, always with three digits after the point, so that texts sort as times do.
fn iso(milliseconds: i64) -> String {
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
