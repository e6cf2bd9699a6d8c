//! Notices, once a day.

use crate::failure;
use crate::ledger::devices::read_held;
use crate::ledger::{Ledger, day, s, send, unless_another_holds_it};
use aws_sdk_dynamodb::types::ReturnValue;
use muster_documents::Serial;
use muster_onboarding::ledger::{DeviceState, device_key};
use muster_onboarding::ports::{NotedDevice, NoticeLedger};
use muster_onboarding::rotation::Day;
use muster_onboarding::{CloudFailure, FailureKind};

impl NoticeLedger for Ledger {
    async fn note_notice(
        &self,
        serial: &Serial,
        today: Day,
    ) -> Result<Option<NotedDevice>, CloudFailure> {
        let noted = self
            .update(device_key(serial))
            .update_expression(
                "SET rotationDay = :tomorrow, askedOn = :today, askedSince = if_not_exists(askedSince, :today)",
            )
            .condition_expression(
                "#state = :provisioned AND rotationDay <= :today AND attribute_not_exists(undoing)",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":provisioned", s(DeviceState::Provisioned.name()))
            .expression_attribute_values(":today", s(today.to_string()))
            .expression_attribute_values(":tomorrow", s(today.plus(1).to_string()))
            // What it said before: whether the day was noted already is gone by then.
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(|error| failure("dynamodb:UpdateItem", error));
        match noted {
            Ok(noted) => Ok(noted.attributes.as_ref().map(|before| {
                let mut held = read_held(before);
                held.rotation.asked_since.get_or_insert(today);
                NotedDevice {
                    held,
                    again: day(before, "askedOn") == Some(today),
                }
            })),
            Err(error) if error.kind == FailureKind::ConditionFailed => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn postpone_notice(&self, serial: &Serial, due_on: Day) -> Result<(), CloudFailure> {
        unless_another_holds_it(
            send(
                self.update(device_key(serial))
                    .update_expression("SET rotationDay = :due REMOVE askedSince")
                    // Whoever edits the date or changes the certificate removes the notice, and has written the right day.
                    .condition_expression(
                        "attribute_exists(askedSince) AND attribute_not_exists(orderedAt) AND \
                         attribute_not_exists(overdueAction) AND attribute_not_exists(nextCertificateId)",
                    )
                    .expression_attribute_values(":due", s(due_on.to_string())),
            )
            .await,
        )
    }

    async fn take_back_notice(
        &self,
        serial: &Serial,
        today: Day,
        first: bool,
    ) -> Result<(), CloudFailure> {
        let taken_back = if first {
            "SET rotationDay = :today REMOVE askedOn, askedSince"
        } else {
            "SET rotationDay = :today REMOVE askedOn"
        };
        self.make_due_again(serial, today, taken_back).await
    }

    async fn keep_due(&self, serial: &Serial, today: Day) -> Result<(), CloudFailure> {
        self.make_due_again(serial, today, "SET rotationDay = :today")
            .await
    }
}

impl Ledger {
    /// Changes the item of a device that was noted, unless somebody has changed it since.
    async fn make_due_again(
        &self,
        serial: &Serial,
        today: Day,
        change: &str,
    ) -> Result<(), CloudFailure> {
        let changed = self
            .update(device_key(serial))
            .update_expression(change)
            .condition_expression("rotationDay = :tomorrow")
            .expression_attribute_values(":today", s(today.to_string()))
            .expression_attribute_values(":tomorrow", s(today.plus(1).to_string()));
        unless_another_holds_it(send(changed).await)
    }
}
