//! Certificates that devices have connected with.

use super::{changing, line};
use crate::ledger::{Ledger, iso, s, send, unless_another_holds_it};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use muster_documents::Serial;
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::{RETIRED_STANDING, device_key};
use muster_onboarding::ports::{ProofLedger, TakenForce};
use muster_onboarding::rotation::shard_of;
use serde_json::json;

impl ProofLedger for Ledger {
    async fn take_force(&self, taken: &TakenForce) -> Result<(), CloudFailure> {
        let before = &taken.before;
        let device = self
            .changing_device(&taken.serial)
            .update_expression(
                "SET certificateId = nextCertificateId, certificateArn = nextCertificateArn, \
                 certificateDer = nextCertificateDer, fingerprint = nextFingerprint, issuedOn = :today, \
                 rotationShard = :shard, rotationDay = :due, retiringCertificateId = :before, updatedAt = :now \
                 REMOVE nextCertificateId, nextCertificateArn, nextCertificateDer, nextFingerprint, nextShutAt, askedOn, \
                 askedSince, orderedAt, overdueAction, overdueCertificateId, overduePolicies, overdueDone, \
                 unprovenCertificateId",
            )
            .expression_attribute_values(":id", s(&taken.certificate_id))
            .expression_attribute_values(":before", s(&before.id))
            .expression_attribute_values(":today", s(taken.day.to_string()))
            .expression_attribute_values(":shard", s(shard_of(&taken.serial)))
            .expression_attribute_values(":due", s(taken.due_on.to_string()))
            .expression_attribute_values(":now", s(iso(taken.at)));
        let device = match taken.shut_at {
            None => device.condition_expression(
                "nextCertificateId = :id AND certificateId = :before AND attribute_not_exists(undoing) AND \
                 attribute_not_exists(nextShutAt)",
            ),
            Some(at) => device
                .condition_expression(
                    "nextCertificateId = :id AND certificateId = :before AND attribute_not_exists(undoing) AND \
                     nextShutAt = :shut",
                )
                .expression_attribute_values(":shut", AttributeValue::N(at.to_string())),
        };
        let in_force = self
            .changing_certificate(&taken.serial, &taken.certificate_id)
            .update_expression("REMOVE standing, shutOn, rotationShard, rotationDay")
            .build();
        let retired = self
            .changing_certificate(&taken.serial, &before.id)
            .update_expression(
                "SET certificateId = :id, certificateArn = :arn, certificateDer = :der, thingName = :thing, \
                 fingerprint = :fingerprint, expiresAt = :end, standing = :retired, rotationShard = :shard, \
                 rotationDay = :day",
            )
            .expression_attribute_values(":id", s(&before.id))
            .expression_attribute_values(":arn", s(&before.arn))
            .expression_attribute_values(":der", AttributeValue::B(Blob::new(before.der.clone())))
            .expression_attribute_values(":thing", s(taken.serial.as_str()))
            .expression_attribute_values(":fingerprint", s(&taken.before_fingerprint))
            .expression_attribute_values(
                ":end",
                AttributeValue::N(taken.before_kept_until.to_string()),
            )
            .expression_attribute_values(":retired", s(RETIRED_STANDING))
            .expression_attribute_values(":shard", s(shard_of(&taken.serial)))
            .expression_attribute_values(":day", s(taken.delete_on.to_string()))
            .build();
        let line = line(
            &taken.serial,
            &taken.certificate_id,
            "CertificateRotated",
            json!({
                "thingName": taken.serial, "certificateId": taken.certificate_id, "retiredCertificateId": before.id,
                "leavesQuarantine": taken.leaves_quarantine,
            }),
            (taken.at, taken.expires_at),
        );
        self.transact(vec![
            changing(device.build())?,
            changing(in_force)?,
            changing(retired)?,
            self.putting(line.item())?,
        ])
        .await
    }

    async fn note_connected(
        &self,
        serial: &Serial,
        certificate_id: &str,
    ) -> Result<(), CloudFailure> {
        unless_another_holds_it(
            send(
                self.update(device_key(serial))
                    .update_expression("REMOVE unprovenCertificateId")
                    .condition_expression("unprovenCertificateId = :id")
                    .expression_attribute_values(":id", s(certificate_id)),
            )
            .await,
        )
    }

    async fn forget_retiring(
        &self,
        serial: &Serial,
        certificate_id: &str,
    ) -> Result<(), CloudFailure> {
        unless_another_holds_it(
            send(
                self.update(device_key(serial))
                    .update_expression("REMOVE retiringCertificateId")
                    .condition_expression("retiringCertificateId = :id")
                    .expression_attribute_values(":id", s(certificate_id)),
            )
            .await,
        )
    }
}
