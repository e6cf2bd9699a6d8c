//! Fleets as an operator sees them.

use super::TimelineEntry;
use super::devices::read_entry;
use crate::ledger::{Item, partition, read_fleet, s, text};
use crate::{Cloud, failure};
use aws_sdk_dynamodb::Client;
use muster_documents::{FleetName, FleetSettings};
use muster_onboarding::ledger::{EVENT_SK_PREFIX, FLEETS_PK, PK, SK, fleet_key};
use muster_onboarding::{CloudFailure, FailureKind};
use serde::Serialize;

/// A fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fleet {
    /// Its name.
    pub template_name: String,
    /// `active`; `making`, `changing` or `removing` while the workflow is at it.
    pub state: String,
    /// What it is; `None` until it was set up for the first time.
    pub settings: Option<FleetSettings>,
    /// The claim certificate in its bundles.
    pub claim_certificate_id: Option<String>,
    /// Who has made it: `operator`, or a resource of `CloudFormation`.
    pub owner: Option<String>,
    /// The execution that is at it, or was the last.
    pub execution: String,
    /// When it was made, ISO 8601.
    pub created_at: Option<String>,
    /// When it was last changed, ISO 8601.
    pub updated_at: Option<String>,
}

/// The fleets of one stack.
#[derive(Debug, Clone)]
pub struct FleetList {
    client: Client,
    table: String,
}

impl FleetList {
    /// The fleets in the ledger `table`.
    pub fn new(cloud: &Cloud, table: &str) -> Self {
        Self {
            client: Client::new(&cloud.config),
            table: table.to_owned(),
        }
    }

    /// All of them, by name.
    pub async fn list(&self) -> Result<Vec<Fleet>, CloudFailure> {
        let items = partition(&self.client, &self.table, FLEETS_PK.to_owned()).await?;
        Ok(items.iter().filter_map(read).collect())
    }

    /// One of them, and what happened to it, oldest first.
    pub async fn show(
        &self,
        name: &FleetName,
    ) -> Result<(Option<Fleet>, Vec<TimelineEntry>), CloudFailure> {
        let mut all = self.list().await?;
        all.retain(|fleet| fleet.template_name == name.as_str());
        let mut timeline: Vec<_> = partition(&self.client, &self.table, fleet_key(name))
            .await?
            .iter()
            .filter(|item| text(item, SK).is_some_and(|sk| sk.starts_with(EVENT_SK_PREFIX)))
            .map(read_entry)
            .collect();
        timeline.sort_by(|a, b| a.at.cmp(&b.at));
        Ok((all.pop(), timeline))
    }

    /// Notes that a fleet's bundles hold a claim certificate that is gone: its workflow makes another the next time.
    pub async fn forget_claim(
        &self,
        name: &FleetName,
        certificate_id: &str,
    ) -> Result<(), CloudFailure> {
        let forgotten = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(PK, s(FLEETS_PK))
            .key(SK, s(name.as_str()))
            .update_expression("REMOVE claimCertificateId, claimCertificateArn")
            .condition_expression("claimCertificateId = :id")
            .expression_attribute_values(":id", s(certificate_id))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("dynamodb:UpdateItem", error));
        match forgotten {
            // It was none that is in bundles.
            Err(error) if error.kind == FailureKind::ConditionFailed => Ok(()),
            other => other,
        }
    }
}

fn read(item: &Item) -> Option<Fleet> {
    let fleet = read_fleet(item)?;
    Some(Fleet {
        template_name: text(item, SK)?,
        state: fleet.state.name().to_owned(),
        settings: fleet.settings,
        claim_certificate_id: fleet.claim_certificate_id,
        owner: fleet.owner,
        execution: fleet.execution,
        created_at: text(item, "createdAt"),
        updated_at: text(item, "updatedAt"),
    })
}
