//! Rotations that an operator orders before their time.

use super::{Item, Rotations};
use crate::failure;
use crate::ledger::{key, s, serial_of, text};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use muster_documents::Serial;
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::{DEVICE_PREFIX, DeviceState, STATE_SK, device_key};
use muster_onboarding::rotation::{Day, shard_of};
use serde::Serialize;
use std::collections::BTreeMap;

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Order {
    /// The device is due.
    Ordered,
    /// Somebody had ordered it before; nothing is changed.
    AlreadyOrdered,
    /// The ledger does not know the device.
    Unknown,
    /// It has no certificate that could be renewed.
    NoCertificate,
    /// Its certificate is being taken away at this moment.
    Undoing,
}

impl Rotations {
    /// Makes a device due on `today`, whatever the age of its certificate. `now` is ISO 8601.
    pub async fn order(
        &self,
        serial: &Serial,
        today: Day,
        now: &str,
    ) -> Result<Order, CloudFailure> {
        let ordered = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(&device_key(serial), STATE_SK)))
            .update_expression(
                "SET orderedAt = :now, rotationShard = :shard, rotationDay = :today",
            )
            .condition_expression(
                "#state = :provisioned AND attribute_exists(certificateId) AND attribute_not_exists(undoing) AND \
                 attribute_not_exists(orderedAt)",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":provisioned", s(DeviceState::Provisioned.name()))
            .expression_attribute_values(":now", s(now))
            .expression_attribute_values(":shard", s(shard_of(serial)))
            .expression_attribute_values(":today", s(today.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match ordered {
            Ok(_) => Ok(Order::Ordered),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(seen)) => {
                    Ok(refused(seen.item()))
                }
                _ => Err(failure("dynamodb:UpdateItem", error)),
            },
        }
    }

    /// The devices that came with the claim certificates whose ids begin so, by claim certificate. Reads the whole table:
    /// orders for one are rare, and an index for them would cost a write for every device.
    pub async fn claimed(
        &self,
        beginning: &str,
    ) -> Result<BTreeMap<String, Vec<Serial>>, CloudFailure> {
        let mut found = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression(
                "sk = :state AND begins_with(pk, :device) AND begins_with(claimCertificateId, :beginning)",
            )
            .projection_expression("pk, claimCertificateId")
            .expression_attribute_values(":state", s(STATE_SK))
            .expression_attribute_values(":device", s(DEVICE_PREFIX))
            .expression_attribute_values(":beginning", s(beginning))
            .into_paginator()
            .items()
            .send();
        let mut claimed: BTreeMap<String, Vec<Serial>> = BTreeMap::new();
        while let Some(item) = found.next().await {
            let item = item.map_err(|error| failure("dynamodb:Scan", error))?;
            if let (Some(serial), Some(claim)) =
                (serial_of(&item), text(&item, "claimCertificateId"))
            {
                claimed.entry(claim).or_default().push(serial);
            }
        }
        Ok(claimed)
    }
}

/// Why the order's condition did not hold.
fn refused(seen: Option<&Item>) -> Order {
    let Some(seen) = seen else {
        return Order::Unknown;
    };
    let provisioned = text(seen, "state").as_deref() == Some(DeviceState::Provisioned.name());
    if !provisioned || !seen.contains_key("certificateId") {
        Order::NoCertificate
    } else if seen.contains_key("undoing") {
        Order::Undoing
    } else {
        Order::AlreadyOrdered
    }
}
