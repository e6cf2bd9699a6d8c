//! Fleets, and their claim certificates.

use super::{Item, Ledger, remove, s, text};
use crate::failure;
use aws_sdk_dynamodb::types::AttributeValue;
use muster_documents::FleetName;
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::{
    FLEETS_PK, FleetState, PK, SK, STATE_SK, claim_key, voucher_key, vouchers_key,
};
use muster_onboarding::ports::{FleetItem, FleetLedger, NewClaim};

/// What an item says of a fleet.
pub(crate) fn read_fleet(item: &Item) -> Option<FleetItem> {
    let settings = text(item, "settings");
    Some(FleetItem {
        state: FleetState::named(&text(item, "state")?)?,
        settings: settings.and_then(|settings| serde_json::from_str(&settings).ok()),
        execution: text(item, "execution")?,
        owner: text(item, "owner"),
        claim_certificate_id: text(item, "claimCertificateId"),
        new_claim_certificate_id: text(item, "newClaimCertificateId"),
    })
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

    async fn note_new_claim(
        &self,
        name: &FleetName,
        certificate_id: &str,
        before: Option<&str>,
    ) -> Result<(), CloudFailure> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(PK, s(FLEETS_PK))
            .key(SK, s(name.as_str()))
            .update_expression("SET newClaimCertificateId = :id")
            .expression_attribute_values(":id", s(certificate_id));
        let update = match before {
            None => update.condition_expression(
                "attribute_exists(pk) AND attribute_not_exists(newClaimCertificateId)",
            ),
            Some(before) => update
                .condition_expression("newClaimCertificateId = :before")
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
        let mut listings = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(vouchers_key(name)))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        while let Some(listing) = listings.next().await {
            let listing = listing.map_err(|error| failure("dynamodb:Query", error))?;
            if let Some(hash) = text(&listing, "voucherHash") {
                remove(self.delete(voucher_key(&hash))).await?;
            }
            // The listing last: by that the voucher is found.
            let listed = self
                .client
                .delete_item()
                .table_name(&self.table)
                .key(PK, s(vouchers_key(name)))
                .key(SK, s(text(&listing, SK).unwrap_or_default()));
            remove(listed).await?;
        }
        Ok(())
    }

    async fn forget_claim(&self, certificate_id: &str) -> Result<(), CloudFailure> {
        remove(self.delete(claim_key(certificate_id))).await
    }
}
