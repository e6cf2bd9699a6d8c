//! What is done to devices whose deadline has passed.

use super::{changing, line, names};
use crate::ledger::{Ledger, iso, s, send, unless_another_holds_it};
use aws_sdk_dynamodb::types::AttributeValue;
use muster_documents::Serial;
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::device_key;
use muster_onboarding::ports::{OverdueChange, OverdueLedger};
use muster_onboarding::rotation::Day;
use serde_json::json;

impl OverdueLedger for Ledger {
    async fn note_overdue(&self, change: &OverdueChange) -> Result<(), CloudFailure> {
        let overdue = &change.overdue;
        let device = self
            .changing_device(&change.serial)
            .update_expression(
                "SET overdueAction = :action, overdueCertificateId = :id, overduePolicies = :policies, updatedAt = :now",
            )
            .condition_expression(
                "certificateId = :id AND attribute_not_exists(overdueAction) AND attribute_exists(askedSince) AND \
                 attribute_not_exists(undoing)",
            )
            .expression_attribute_values(":action", s(overdue.action.name()))
            .expression_attribute_values(":id", s(&overdue.certificate_id))
            .expression_attribute_values(":policies", names(&overdue.policies))
            .expression_attribute_values(":now", s(iso(change.at)))
            .build();
        let line = line_of(change, "DeviceOverdue");
        self.transact(vec![changing(device)?, self.putting(line)?])
            .await
    }

    async fn confirm_overdue(
        &self,
        serial: &Serial,
        certificate_id: &str,
        today: Day,
    ) -> Result<(), CloudFailure> {
        unless_another_holds_it(
            send(
                self.update(device_key(serial))
                    .update_expression("SET overdueDone = :done, rotationDay = :tomorrow")
                    .condition_expression("overdueCertificateId = :id")
                    .expression_attribute_values(":id", s(certificate_id))
                    .expression_attribute_values(":done", AttributeValue::Bool(true))
                    .expression_attribute_values(":tomorrow", s(today.plus(1).to_string())),
            )
            .await,
        )
    }

    async fn forget_overdue(
        &self,
        change: &OverdueChange,
        due_on: Day,
    ) -> Result<(), CloudFailure> {
        let device = self
            .changing_device(&change.serial)
            .update_expression(
                "SET rotationDay = :due, updatedAt = :now \
                 REMOVE overdueAction, overdueCertificateId, overduePolicies, overdueDone, askedSince",
            )
            // Who edits the date removes the notice.
            .condition_expression(
                "overdueCertificateId = :id AND attribute_exists(askedSince) AND attribute_not_exists(orderedAt)",
            )
            .expression_attribute_values(":due", s(due_on.to_string()))
            .expression_attribute_values(":id", s(&change.overdue.certificate_id))
            .expression_attribute_values(":now", s(iso(change.at)))
            .build();
        let line = line_of(change, "DeviceReinstated");
        self.transact(vec![changing(device)?, self.putting(line)?])
            .await
    }
}

fn line_of(change: &OverdueChange, event: &str) -> crate::ledger::Item {
    let overdue = &change.overdue;
    let outcome = json!({
        "thingName": change.serial, "certificateId": overdue.certificate_id, "action": overdue.action.name(),
    });
    let times = (change.at, change.expires_at);
    line(
        &change.serial,
        &overdue.certificate_id,
        event,
        outcome,
        times,
    )
    .item()
}
