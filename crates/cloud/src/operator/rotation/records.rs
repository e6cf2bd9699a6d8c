//! What the ledger keeps of the workflow's runs.

use super::{Item, Rotations};
use crate::failure;
use crate::ledger::{s, text};
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::ROTATIONS_PK;
use serde::Serialize;
use serde_json::Value;

/// A run of `certificate-rotation` that has ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RotationRecord {
    /// When it ended, ISO 8601.
    pub at: String,
    /// Its day, or `-` if it could not be planned.
    pub day: String,
    /// Its execution.
    pub execution: String,
    /// How many were `read`, `due`, `overdue`, `notified`, `enforced`, `reinstated`, `deleted`, `undone`, `failed`; empty if it
    /// ended early.
    pub totals: Value,
    /// The error's name, if it failed.
    pub failure: Option<String>,
}

impl Rotations {
    /// The last runs, newest first.
    pub async fn last_runs(&self, limit: i32) -> Result<Vec<RotationRecord>, CloudFailure> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :rotations")
            .expression_attribute_values(":rotations", s(ROTATIONS_PK))
            .scan_index_forward(false)
            .limit(limit)
            .send()
            .await
            .map_err(|error| failure("dynamodb:Query", error))?;
        Ok(found.items().iter().map(read).collect())
    }
}

fn read(item: &Item) -> RotationRecord {
    let said = |name: &str| text(item, name).unwrap_or_default();
    RotationRecord {
        at: said("at"),
        day: said("day"),
        execution: said("execution"),
        totals: serde_json::from_str(&said("totals")).unwrap_or_default(),
        failure: text(item, "failure").filter(|failure| failure != "-"),
    }
}
