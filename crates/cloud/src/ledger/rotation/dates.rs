//! Dates that were edited by hand.

use super::{changing, line};
use crate::ledger::{Ledger, iso, s};
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::ports::{DateLedger, EditedDate};
use muster_onboarding::rotation::shard_of;
use serde_json::json;

/// The device as it has to stand. Until a certificate before it is retired, the thing may say that one's date.
const AS_SEEN: &str = "#state = :provisioned AND attribute_not_exists(undoing) AND \
     attribute_not_exists(retiringCertificateId) AND ";

/// Nothing for which the device would have to be seen to before it is due.
const NOTHING_UNDER_WAY: &str = "attribute_not_exists(orderedAt) AND attribute_not_exists(overdueAction) AND \
     attribute_not_exists(nextCertificateId) AND ";

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
        let as_seen = if edited.under_way {
            AS_SEEN.to_owned()
        } else {
            [AS_SEEN, NOTHING_UNDER_WAY].concat()
        };
        let device = match edited.before {
            None => device.condition_expression(as_seen + "attribute_not_exists(issuedOn)"),
            Some(before) => device
                .condition_expression(as_seen + "issuedOn = :before")
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
