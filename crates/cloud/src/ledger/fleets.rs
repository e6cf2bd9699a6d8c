//! Fleets, and their claim certificates.

use super::{Item, Ledger, key, malformed, partition, remove, s, text};
use crate::failure;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, WriteRequest};
use muster_documents::{FleetName, FleetSettings};
use muster_onboarding::ledger::{
    FLEETS_PK, FleetState, PK, SK, STATE_SK, claim_key, voucher_key, vouchers_key,
};
use muster_onboarding::ports::{FleetItem, FleetLedger, NewClaim};
use muster_onboarding::{CloudFailure, FailureKind};
use serde::Deserialize;

/// A request that sets a fleet up, as the workflow notes it. Those for something else are no fleet.
#[derive(Deserialize)]
struct Wanted {
    what: FleetSettings,
}

/// What an item says of a fleet.
pub(crate) fn read_fleet(item: &Item) -> Option<FleetItem> {
    let settings = text(item, "settings");
    let wanted = text(item, "wanted");
    let wanted = wanted.and_then(|wanted| serde_json::from_str::<Wanted>(&wanted).ok());
    Some(FleetItem {
        state: FleetState::named(&text(item, "state")?)?,
        settings: settings.and_then(|settings| serde_json::from_str(&settings).ok()),
        wanted: wanted.map(|wanted| wanted.what),
        execution: text(item, "execution")?,
        owner: text(item, "owner"),
        claim_certificate_id: text(item, "claimCertificateId"),
        new_claim_certificate_id: text(item, "newClaimCertificateId"),
    })
}

/// The most items that are deleted at once (DynamoDB API reference, `BatchWriteItem`).
const MOST_DELETED: usize = 25;

impl Ledger {
    /// Deletes items, no more than [`MOST_DELETED`].
    async fn delete_all(&self, keys: Vec<Item>) -> Result<(), CloudFailure> {
        const ACTION: &str = "dynamodb:BatchWriteItem";
        let deletion = |key| {
            let deleted = DeleteRequest::builder().set_key(Some(key)).build();
            let deleted = deleted.map_err(|error| malformed(ACTION, &error))?;
            Ok(WriteRequest::builder().delete_request(deleted).build())
        };
        let deletions: Vec<_> = keys.into_iter().map(deletion).collect::<Result<_, _>>()?;
        if deletions.is_empty() {
            return Ok(());
        }
        let answer = self
            .client
            .batch_write_item()
            .request_items(&self.table, deletions)
            .send()
            .await
            .map_err(|error| failure(ACTION, error))?;
        match answer.unprocessed_items() {
            Some(left) if !left.is_empty() => Err(CloudFailure {
                kind: FailureKind::Throttled,
                action: ACTION,
                message: "the table took a part only".to_owned(),
                source: None,
            }),
            _ => Ok(()),
        }
    }
}

impl FleetLedger for Ledger {
    async fn fleet(&self, name: &FleetName) -> Result<Option<FleetItem>, CloudFailure> {
        self.client
            .get_item()
            .table_name(&self.table)
            .key(PK, s(FLEETS_PK))
            .key(SK, s(name.as_str()))
            .consistent_read(true)
            .send()
            .await
            .map(|answer| answer.item.as_ref().and_then(read_fleet))
            .map_err(|error| failure("dynamodb:GetItem", error))
    }

    async fn fleets(&self) -> Result<Vec<FleetItem>, CloudFailure> {
        let items = partition(&self.client, &self.table, FLEETS_PK.to_owned()).await?;
        Ok(items.iter().filter_map(read_fleet).collect())
    }

    async fn note_new_claim(
        &self,
        name: &FleetName,
        certificate_id: &str,
        item: &FleetItem,
    ) -> Result<(), CloudFailure> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(PK, s(FLEETS_PK))
            .key(SK, s(name.as_str()))
            .update_expression("SET newClaimCertificateId = :id")
            .expression_attribute_values(":id", s(certificate_id))
            .expression_attribute_values(":me", s(&item.execution));
        let update = match &item.new_claim_certificate_id {
            None => update.condition_expression(
                "execution = :me AND attribute_not_exists(newClaimCertificateId)",
            ),
            Some(before) => update
                .condition_expression("execution = :me AND newClaimCertificateId = :before")
                .expression_attribute_values(":before", s(before)),
        };
        super::send(update).await
    }

    async fn keep_claim(&self, claim: &NewClaim) -> Result<(), CloudFailure> {
        self.client
            .put_item()
            .table_name(&self.table)
            .item(PK, s(claim_key(&claim.certificate_id)))
            .item(SK, s(STATE_SK))
            .item("name", s(claim.fleet.as_str()))
            .item("fleet", s(claim.fleet.as_str()))
            .item("createdAt", AttributeValue::N(claim.created_at.to_string()))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("dynamodb:PutItem", error))
    }

    async fn forget_vouchers(&self, name: &FleetName) -> Result<(), CloudFailure> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(vouchers_key(name)))
            .consistent_read(true)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failure("dynamodb:Query", error))?;
            for listings in page.items().chunks(MOST_DELETED) {
                let hashes = listings.iter().filter_map(|item| text(item, "voucherHash"));
                let vouchers = hashes.map(|hash| key(&voucher_key(&hash), STATE_SK));
                self.delete_all(vouchers.collect()).await?;
                // The listings last: by these the vouchers are found.
                let sorts = listings.iter().filter_map(|item| text(item, SK));
                let listed = sorts.map(|sort| key(&vouchers_key(name), &sort));
                self.delete_all(listed.collect()).await?;
            }
        }
        Ok(())
    }

    async fn forget_claim(&self, certificate_id: &str) -> Result<(), CloudFailure> {
        remove(self.delete(claim_key(certificate_id))).await
    }
}
