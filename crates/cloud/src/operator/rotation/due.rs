//! What is due, from the index by rotation day: its keys, and nothing else of the ledger.

use super::Rotations;
use crate::failure;
use crate::ledger::{day, s, serial_of, text};
use futures_util::future::try_join_all;
use muster_documents::Serial;
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::{
    CERTIFICATE_SK_PREFIX, ROTATION_DAY, ROTATION_INDEX, ROTATION_SHARD, SK, STATE_SK,
};
use muster_onboarding::rotation::{Day, shards};

/// What is due until a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// Devices that are to be notified, by day and serial.
    pub devices: Vec<DueDevice>,
    /// How many certificates are to go.
    pub certificates: usize,
}

/// A device that is due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueDevice {
    /// The day on which it is seen to next.
    pub day: Day,
    /// Who.
    pub serial: Serial,
}

impl Rotations {
    /// What is due on `last` or before.
    pub async fn due_until(&self, last: Day) -> Result<Due, CloudFailure> {
        let parts = try_join_all(shards().map(|shard| self.due_in(shard, last))).await?;
        let mut due = Due::default();
        for part in parts {
            due.devices.extend(part.devices);
            due.certificates += part.certificates;
        }
        due.devices.sort();
        Ok(due)
    }

    async fn due_in(&self, shard: String, last: Day) -> Result<Due, CloudFailure> {
        let mut keys = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(ROTATION_INDEX)
            .key_condition_expression("#shard = :shard AND #day <= :last")
            .expression_attribute_names("#shard", ROTATION_SHARD)
            .expression_attribute_names("#day", ROTATION_DAY)
            .expression_attribute_values(":shard", s(shard))
            .expression_attribute_values(":last", s(last.to_string()))
            .into_paginator()
            .items()
            .send();
        let mut due = Due::default();
        while let Some(key) = keys.next().await {
            let key = key.map_err(|error| failure("dynamodb:Query", error))?;
            let sk = text(&key, SK).unwrap_or_default();
            if sk.starts_with(CERTIFICATE_SK_PREFIX) {
                due.certificates += 1;
            } else if sk == STATE_SK
                && let (Some(serial), Some(day)) = (serial_of(&key), day(&key, ROTATION_DAY))
            {
                due.devices.push(DueDevice { day, serial });
            }
        }
        Ok(due)
    }
}
