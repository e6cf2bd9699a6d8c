//! Notices, once a day.

use crate::failure;
use crate::ledger::devices::read_held;
use crate::ledger::{Ledger, s, send, unless_another_holds_it};
use aws_sdk_dynamodb::types::ReturnValue;
use muster_documents::Serial;
use muster_onboarding::ledger::{DeviceState, device_key};
use muster_onboarding::ports::{HeldDevice, NoticeLedger};
use muster_onboarding::rotation::Day;
use muster_onboarding::{CloudFailure, FailureKind};

impl NoticeLedger for Ledger {
    async fn note_notice(
        &self,
        serial: &Serial,
        today: Day,
    ) -> Result<Option<HeldDevice>, CloudFailure> {
        let noted = self
            .update(device_key(serial))
            .update_expression(
                "SET rotationDay = :tomorrow, askedSince = if_not_exists(askedSince, :today)",
            )
            .condition_expression(
                "#state = :provisioned AND rotationDay <= :today AND attribute_not_exists(undoing)",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":provisioned", s(DeviceState::Provisioned.name()))
            .expression_attribute_values(":today", s(today.to_string()))
            .expression_attribute_values(":tomorrow", s(today.plus(1).to_string()))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(|error| failure("dynamodb:UpdateItem", error));
        match noted {
            Ok(noted) => Ok(noted.attributes.as_ref().map(read_held)),
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
            "SET rotationDay = :today REMOVE askedSince"
        } else {
            "SET rotationDay = :today"
        };
        unless_another_holds_it(
            send(
                self.update(device_key(serial))
                    .update_expression(taken_back)
                    .condition_expression("rotationDay = :tomorrow")
                    .expression_attribute_values(":today", s(today.to_string()))
                    .expression_attribute_values(":tomorrow", s(today.plus(1).to_string())),
            )
            .await,
        )
    }
}
