//! Dates that were edited by hand.

use super::{changing, line};
use crate::ledger::{Ledger, iso, s};
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::ports::{DateLedger, EditedDate};
use muster_onboarding::rotation::shard_of;
use serde_json::json;

impl DateLedger for Ledger {
    async fn take_over_date(&self, edited: &EditedDate) -> Result<(), CloudFailure> {
        let device = self
            .changing_device(&edited.serial)
            .update_expression(
                "SET issuedOn = :date, rotationShard = :shard, rotationDay = :day, updatedAt = :now REMOVE askedSince",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":provisioned", s(DeviceState::Provisioned.name()))
            .expression_attribute_values(":date", s(edited.issued_on.to_string()))
            .expression_attribute_values(":shard", s(shard_of(&edited.serial)))
            .expression_attribute_values(":day", s(edited.rotation_day.to_string()))
            .expression_attribute_values(":now", s(iso(edited.at)));
        let device = match edited.before {
            None => device.condition_expression(
                "#state = :provisioned AND attribute_not_exists(undoing) AND attribute_not_exists(issuedOn)",
            ),
            Some(before) => device
                .condition_expression(
                    "#state = :provisioned AND attribute_not_exists(undoing) AND issuedOn = :before",
                )
                .expression_attribute_values(":before", s(before.to_string())),
        };
        let date = edited.issued_on.to_string();
        let line = line(
            &edited.serial,
            &date,
            "DateEdited",
            json!({
                "thingName": edited.serial, "issuedOn": date, "before": edited.before.map(|day| day.to_string()),
            }),
            (edited.at, edited.expires_at),
        );
        self.transact(vec![changing(device.build())?, self.putting(line.item())?])
            .await
    }
}
