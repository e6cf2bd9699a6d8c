//! Certificates that go: retired ones, and those that nobody has connected with.

use super::{certificate_key, line};
use crate::failure;
use crate::ledger::{Ledger, malformed, s, send, text, unless_another_holds_it};
use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem};
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::{NEXT_STANDING, device_key};
use muster_onboarding::ports::{DueCertificate, EndedCertificate, Ending, RetirementLedger};
use muster_onboarding::rotation::Day;
use serde_json::json;

impl RetirementLedger for Ledger {
    async fn ending_certificate(
        &self,
        certificate: &DueCertificate,
    ) -> Result<Option<Ending>, CloudFailure> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(certificate_key(
                &certificate.serial,
                &certificate.certificate_id,
            )))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| failure("dynamodb:GetItem", error))?;
        let item = found.item.unwrap_or_default();
        Ok(text(&item, "certificateArn").map(|arn| Ending {
            arn,
            unused: text(&item, "standing").as_deref() == Some(NEXT_STANDING),
            shut: item.contains_key("shutOn"),
        }))
    }

    async fn begin_shutting(
        &self,
        certificate: &DueCertificate,
        at: i64,
    ) -> Result<(), CloudFailure> {
        send(
            self.update(device_key(&certificate.serial))
                .update_expression("SET nextShutAt = :at")
                .condition_expression("nextCertificateId = :id")
                .expression_attribute_values(":id", s(&certificate.certificate_id))
                .expression_attribute_values(":at", AttributeValue::N(at.to_string())),
        )
        .await
    }

    async fn note_shut(
        &self,
        certificate: &DueCertificate,
        today: Day,
    ) -> Result<(), CloudFailure> {
        let shut = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(certificate_key(
                &certificate.serial,
                &certificate.certificate_id,
            )))
            .update_expression("SET shutOn = :today, rotationDay = :tomorrow")
            .condition_expression("standing = :next")
            .expression_attribute_values(":next", s(NEXT_STANDING))
            .expression_attribute_values(":today", s(today.to_string()))
            .expression_attribute_values(":tomorrow", s(today.plus(1).to_string()));
        unless_another_holds_it(send(shut).await)
    }

    async fn forget_next(&self, certificate: &DueCertificate) -> Result<(), CloudFailure> {
        send(
            self.update(device_key(&certificate.serial))
                .update_expression(
                    "REMOVE nextCertificateId, nextCertificateArn, nextCertificateDer, nextFingerprint, nextShutAt",
                )
                .condition_expression("nextCertificateId = :id")
                .expression_attribute_values(":id", s(&certificate.certificate_id)),
        )
        .await
    }

    async fn keep_certificate(&self, certificate: &DueCertificate) -> Result<(), CloudFailure> {
        let kept = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(certificate_key(
                &certificate.serial,
                &certificate.certificate_id,
            )))
            .update_expression("REMOVE standing, shutOn, rotationShard, rotationDay")
            .condition_expression("attribute_exists(pk)");
        unless_another_holds_it(send(kept).await)
    }

    async fn forget_certificate(&self, ended: &EndedCertificate) -> Result<(), CloudFailure> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(certificate_key(&ended.serial, &ended.certificate_id)))
            .build()
            .map_err(|error| malformed("dynamodb:DeleteItem", &error))?;
        let outcome = json!({ "thingName": ended.serial, "certificateId": ended.certificate_id });
        let times = (ended.at, ended.expires_at);
        let line = line(
            &ended.serial,
            &ended.certificate_id,
            ended.event(),
            outcome,
            times,
        );
        self.transact(vec![
            TransactWriteItem::builder().delete(delete).build(),
            self.putting(line.item())?,
        ])
        .await
    }
}
