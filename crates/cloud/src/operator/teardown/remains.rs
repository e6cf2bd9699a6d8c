//! What a stack leaves behind: its table, its keys, and log groups.

use crate::{Cloud, failure};
use aws_sdk_dynamodb::types::TableStatus;
use aws_sdk_kms::types::KeyState;
use muster_onboarding::{CloudFailure, FailureKind};

/// Tables, keys and log groups of the account.
#[derive(Debug, Clone)]
pub struct Remains {
    dynamodb: aws_sdk_dynamodb::Client,
    kms: aws_sdk_kms::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
}

impl Remains {
    /// Those of this account and region.
    pub fn new(cloud: &Cloud) -> Self {
        Self {
            dynamodb: aws_sdk_dynamodb::Client::new(&cloud.config),
            kms: aws_sdk_kms::Client::new(&cloud.config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&cloud.config),
        }
    }

    /// Whether the table is there, and is not being deleted.
    pub async fn has_table(&self, table: &str) -> Result<bool, CloudFailure> {
        let described = self.dynamodb.describe_table().table_name(table).send();
        let described = described.await;
        match described.map_err(|error| failure("dynamodb:DescribeTable", error)) {
            Err(error) if error.kind == FailureKind::NotFound => Ok(false),
            described => {
                let status = described?.table.and_then(|table| table.table_status);
                Ok(status != Some(TableStatus::Deleting))
            }
        }
    }

    /// Deletes a table with all that is in it. Done already is done.
    pub async fn delete_table(&self, table: &str) -> Result<(), CloudFailure> {
        let deleted = self.dynamodb.delete_table().table_name(table).send().await;
        let deleted = deleted.map_err(|error| failure("dynamodb:DeleteTable", error));
        CloudFailure::unless_not_found(deleted.map(drop))
    }

    /// Whether the key is there, and nobody has ordered its deletion.
    pub async fn has_key(&self, key: &str) -> Result<bool, CloudFailure> {
        let described = self.kms.describe_key().key_id(key).send().await;
        match described.map_err(|error| failure("kms:DescribeKey", error)) {
            Err(error) if error.kind == FailureKind::NotFound => Ok(false),
            described => {
                let state = described?.key_metadata.and_then(|key| key.key_state);
                Ok(state != Some(KeyState::PendingDeletion))
            }
        }
    }

    /// Has a key deleted in so many days, until when that can be called off.
    pub async fn schedule_key_deletion(&self, key: &str, days: i32) -> Result<(), CloudFailure> {
        let scheduled = self
            .kms
            .schedule_key_deletion()
            .key_id(key)
            .pending_window_in_days(days)
            .send()
            .await
            .map_err(|error| failure("kms:ScheduleKeyDeletion", error));
        CloudFailure::unless_not_found(scheduled.map(drop))
    }

    /// The log groups whose names begin so.
    pub async fn log_groups(&self, prefix: &str) -> Result<Vec<String>, CloudFailure> {
        let mut pages = self
            .logs
            .describe_log_groups()
            .log_group_name_prefix(prefix)
            .into_paginator()
            .items()
            .send();
        let mut names = Vec::new();
        while let Some(group) = pages.next().await {
            let group = group.map_err(|error| failure("logs:DescribeLogGroups", error))?;
            names.extend(group.log_group_name);
        }
        Ok(names)
    }

    /// Deletes a log group with its logs. Done already is done.
    pub async fn delete_log_group(&self, name: &str) -> Result<(), CloudFailure> {
        let deleted = self.logs.delete_log_group().log_group_name(name).send();
        let deleted = deleted
            .await
            .map_err(|error| failure("logs:DeleteLogGroup", error));
        CloudFailure::unless_not_found(deleted.map(drop))
    }
}
