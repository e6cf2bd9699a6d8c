//! Certificates that are given out beside those in force.

use super::{changing, line};
use crate::ledger::handing_out::item_of;
use crate::ledger::timeline::Line;
use crate::ledger::{Ledger, iso, s};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::{
    DeviceState, NEXT_STANDING, RETIRED_STANDING, ROTATION_DAY, ROTATION_SHARD,
};
use muster_onboarding::ports::{HandedOut, NextAdmission, NextCertificate};
use muster_onboarding::rotation::shard_of;
use serde_json::json;

/// The device as it has to stand: nobody has changed its certificates since they were looked at.
const AS_SEEN: &str =
    "#state = :provisioned AND certificateId = :current AND attribute_not_exists(undoing) AND ";

/// What is written of it in the device's own item.
const GIVEN: &str = "SET nextCertificateId = :id, nextCertificateArn = :arn, nextCertificateDer = :der, \
     nextFingerprint = :fingerprint, updatedAt = :now";
/// What is written so that the runs ask the device.
const ASKED: &str = ", rotationShard = :shard, rotationDay = :ask";
/// What was begun with the one that it takes the place of.
const UNSHUT: &str = " REMOVE nextShutAt";

impl NextAdmission for Ledger {
    async fn admit_next(&self, next: &NextCertificate) -> Result<(), CloudFailure> {
        let certificate = &next.certificate;
        let device = self.changing_device(&next.serial);
        let device = match next.ask_on {
            None => device.update_expression([GIVEN, UNSHUT].concat()),
            Some(day) => device
                .update_expression([GIVEN, ASKED, UNSHUT].concat())
                .expression_attribute_values(":shard", s(shard_of(&next.serial)))
                .expression_attribute_values(":ask", s(day.to_string())),
        };
        let device = device
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":provisioned", s(DeviceState::Provisioned.name()))
            .expression_attribute_values(":current", s(&next.in_force))
            .expression_attribute_values(":id", s(&certificate.id))
            .expression_attribute_values(":arn", s(&certificate.arn))
            .expression_attribute_values(
                ":der",
                AttributeValue::B(Blob::new(certificate.der.clone())),
            )
            .expression_attribute_values(":fingerprint", s(&next.fingerprint))
            .expression_attribute_values(":now", s(iso(next.at)));
        let mut parts = Vec::new();
        match &next.replaced {
            None => parts.push(changing(
                device
                    .condition_expression(
                        [AS_SEEN, "attribute_not_exists(nextCertificateId)"].concat(),
                    )
                    .build(),
            )?),
            Some(replaced) => {
                parts.push(changing(
                    device
                        .condition_expression([AS_SEEN, "nextCertificateId = :replaced"].concat())
                        .expression_attribute_values(":replaced", s(replaced))
                        .build(),
                )?);
                parts.push(changing(
                    self.changing_certificate(&next.serial, replaced)
                        .update_expression("SET standing = :retired, rotationDay = :day")
                        .expression_attribute_values(":retired", s(RETIRED_STANDING))
                        .expression_attribute_values(":day", s(next.delete_on.to_string()))
                        .build(),
                )?);
            }
        }
        let mut item = item_of(&handed_out(next));
        item.extend(
            [
                ("standing", NEXT_STANDING.to_owned()),
                (ROTATION_SHARD, shard_of(&next.serial)),
                (ROTATION_DAY, next.undo_on.to_string()),
            ]
            .map(|(name, value)| (name.to_owned(), s(value))),
        );
        parts.push(self.putting(item)?);
        let admitted = Line {
            client_id: &next.client_id,
            ..line(
                &next.serial,
                &certificate.id,
                "RotationAdmitted",
                json!({
                    "thingName": next.serial, "certificateId": certificate.id, "fleet": next.fleet,
                    "inForce": next.in_force,
                }),
                (next.at, next.expires_at),
            )
        };
        parts.push(self.putting(admitted.item())?);
        self.transact(parts).await
    }
}

fn handed_out(next: &NextCertificate) -> HandedOut {
    HandedOut {
        serial: next.serial.clone(),
        thing_name: next.serial.clone(),
        fingerprint: next.fingerprint.clone(),
        certificate: next.certificate.clone(),
        ca_certificate_id: None,
        not_after: next.not_after,
    }
}
