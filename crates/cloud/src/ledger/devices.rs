//! Devices under provisioning.

use super::rotation::read_rotation;
use super::{Item, Ledger, certificate, day, remove, s, send, text, unless_another_holds_it};
use crate::failure;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use muster_documents::Serial;
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::{DeviceState, device_key};
use muster_onboarding::ports::{Certificate, DeviceLedger, DeviceRecords, HeldDevice};

impl DeviceRecords for Ledger {
    async fn held(&self, serial: &Serial) -> Result<Option<HeldDevice>, CloudFailure> {
        Ok(self
            .read_item(device_key(serial))
            .await?
            .map(|item| read_held(&item)))
    }
}

impl DeviceLedger for Ledger {
    async fn begin_undo(
        &self,
        serial: &Serial,
        execution: &str,
    ) -> Result<HeldDevice, CloudFailure> {
        let marked = self
            .update(device_key(serial))
            .update_expression("SET undoing = :me")
            .condition_expression("execution = :me")
            .expression_attribute_values(":me", s(execution))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(|error| failure("dynamodb:UpdateItem", error))?;
        Ok(read_held(&marked.attributes.unwrap_or_default()))
    }

    async fn note_pending(
        &self,
        serial: &Serial,
        execution: &str,
        certificate: &Certificate,
    ) -> Result<(), CloudFailure> {
        send(
            self.update(device_key(serial))
                .update_expression(
                    "SET pendingCertificateId = :id, pendingCertificateArn = :arn, \
                     pendingCertificateDer = :der",
                )
                .condition_expression(
                    "execution = :me AND attribute_not_exists(undoing) AND \
                     attribute_not_exists(pendingCertificateId)",
                )
                .expression_attribute_values(":id", s(&certificate.id))
                .expression_attribute_values(":arn", s(&certificate.arn))
                .expression_attribute_values(
                    ":der",
                    AttributeValue::B(Blob::new(certificate.der.clone())),
                )
                .expression_attribute_values(":me", s(execution)),
        )
        .await
    }

    async fn forget_pending(
        &self,
        serial: &Serial,
        execution: &str,
        certificate_id: &str,
    ) -> Result<(), CloudFailure> {
        unless_another_holds_it(
            send(
                self.update(device_key(serial))
                    .update_expression(
                        "REMOVE pendingCertificateId, pendingCertificateArn, pendingCertificateDer",
                    )
                    .condition_expression(
                        "execution = :me AND attribute_not_exists(undoing) AND \
                         pendingCertificateId = :id",
                    )
                    .expression_attribute_values(":me", s(execution))
                    .expression_attribute_values(":id", s(certificate_id)),
            )
            .await,
        )
    }

    async fn end_undo(
        &self,
        serial: &Serial,
        execution: &str,
        certificate_id: Option<&str>,
    ) -> Result<(), CloudFailure> {
        unless_another_holds_it(
            send(
                self.update(device_key(serial))
                    .update_expression(
                        "REMOVE pendingCertificateId, pendingCertificateArn, pendingCertificateDer, \
                         pendingFingerprint, undoing",
                    )
                    .condition_expression(
                        "execution = :me AND attribute_exists(undoing) AND \
                         (attribute_not_exists(pendingCertificateId) OR pendingCertificateId = :id)",
                    )
                    .expression_attribute_values(":me", s(execution))
                    .expression_attribute_values(":id", s(certificate_id.unwrap_or("-"))),
            )
            .await,
        )
    }

    async fn release(&self, serial: &Serial, execution: &str) -> Result<(), CloudFailure> {
        unless_another_holds_it(
            send(
                self.update(device_key(serial))
                    .update_expression(
                        "SET #state = :known REMOVE execution, fingerprint, clientId, answeredAt, undoing, \
                         pendingCertificateId, pendingCertificateArn, pendingCertificateDer",
                    )
                    .condition_expression("execution = :me AND #state = :provisioning")
                    .expression_attribute_names("#state", "state")
                    .expression_attribute_values(":known", s(DeviceState::Known.name()))
                    .expression_attribute_values(":provisioning", s(DeviceState::Provisioning.name()))
                    .expression_attribute_values(":me", s(execution)),
            )
            .await,
        )
    }

    async fn remove_enrolled(&self, serial: &Serial, execution: &str) -> Result<(), CloudFailure> {
        unless_another_holds_it(
            remove(
                self.delete(device_key(serial))
                    .condition_expression("execution = :me AND #state = :provisioning")
                    .expression_attribute_names("#state", "state")
                    .expression_attribute_values(
                        ":provisioning",
                        s(DeviceState::Provisioning.name()),
                    )
                    .expression_attribute_values(":me", s(execution)),
            )
            .await,
        )
    }
}

pub(super) fn read_held(item: &Item) -> HeldDevice {
    HeldDevice {
        state: text(item, "state").and_then(|state| DeviceState::named(&state)),
        fingerprint: text(item, "fingerprint"),
        execution: text(item, "execution"),
        pending: certificate(item, "pendingCertificate"),
        current: certificate(item, "certificate"),
        enrolled_by: text(item, "enrolledBy"),
        route: text(item, "route"),
        thing_name: text(item, "thingName"),
        undoing: text(item, "undoing"),
        model: text(item, "model"),
        fleet: text(item, "fleet"),
        issued_on: day(item, "issuedOn"),
        adopted: text(item, "adoptedCertificateId"),
        unproven: text(item, "unprovenCertificateId"),
        rotation: read_rotation(item),
    }
}
