//! What the ledger keeps of reconciliation's runs.

use crate::ledger::{s, text};
use crate::{Cloud, failure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use muster_documents::reconciliation_tasks::{Finding, NamedFinding};
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::RECONCILIATIONS_PK;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// The reconciliations of one stack.
#[derive(Debug, Clone)]
pub struct Reconciliations {
    client: Client,
    table: String,
}

/// A run that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReconciliationRecord {
    /// When it ended, ISO 8601.
    pub at: String,
    /// Its execution.
    pub execution: String,
    /// What it counted; `None` if it ended early.
    pub totals: Option<Totals>,
    /// The first of each kind that it found.
    pub findings: Vec<NamedFinding>,
    /// The error's name, if it failed.
    pub failure: Option<String>,
}

/// What a run counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Devices, things and certificates that it looked at.
    pub seen: u64,
    /// For how many a call failed.
    pub failed: u64,
    /// What it found, by kind.
    pub found: BTreeMap<Finding, Counted>,
}

/// How often a kind was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// How often.
    pub count: u64,
    /// How often it was repaired.
    pub repaired: u64,
}

impl Reconciliations {
    /// Those in `table`.
    pub fn new(cloud: &Cloud, table: &str) -> Self {
        Self {
            client: Client::new(&cloud.config),
            table: table.to_owned(),
        }
    }

    /// The last runs, newest first.
    pub async fn last_reconciliations(
        &self,
        limit: i32,
    ) -> Result<Vec<ReconciliationRecord>, CloudFailure> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :reconciliations")
            .expression_attribute_values(":reconciliations", s(RECONCILIATIONS_PK))
            .scan_index_forward(false)
            .limit(limit)
            .send()
            .await
            .map_err(|error| failure("dynamodb:Query", error))?;
        Ok(found.items().iter().map(read).collect())
    }
}

fn read(item: &HashMap<String, AttributeValue>) -> ReconciliationRecord {
    let said = |name: &str| text(item, name).unwrap_or_default();
    ReconciliationRecord {
        at: said("at"),
        execution: said("execution"),
        totals: serde_json::from_str(&said("totals")).ok(),
        findings: serde_json::from_str(&said("findings")).unwrap_or_default(),
        failure: text(item, "failure").filter(|failure| failure != "-"),
    }
}
