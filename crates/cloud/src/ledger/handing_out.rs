//! Certificates that are handed out.

use super::{Ledger, iso, s};
use crate::failure;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::{DeviceState, EVENT_SK_PREFIX, PK, SK, STATE_SK, device_key};
use muster_onboarding::ports::{DeviceEvent, HandedOut, HandingOutLedger};

impl HandingOutLedger for Ledger {
    async fn hand_out(&self, handed_out: &HandedOut) -> Result<(), CloudFailure> {
        let certificate = &handed_out.certificate;
        self.client
            .update_item()
            .table_name(&self.table)
            .key(PK, s(device_key(&handed_out.serial)))
            .key(SK, s(STATE_SK))
            .update_expression(
                "SET #state = :provisioned, serial = :serial, thingName = :serial, fingerprint = :fingerprint, \
                 execution = :me, updatedAt = :now, certificateId = :id, certificateArn = :arn, certificateDer = :der, \
                 caCertificateId = :ca, enrolledBy = if_not_exists(enrolledBy, :me)",
            )
            .condition_expression("attribute_not_exists(pk) OR #state = :known")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":provisioned", s(DeviceState::Provisioned.name()))
            .expression_attribute_values(":known", s(DeviceState::Known.name()))
            .expression_attribute_values(":serial", s(handed_out.serial.as_str()))
            .expression_attribute_values(":fingerprint", s(&handed_out.fingerprint))
            .expression_attribute_values(":me", s(&handed_out.execution))
            .expression_attribute_values(":now", s(iso(handed_out.at)))
            .expression_attribute_values(":id", s(&certificate.id))
            .expression_attribute_values(":arn", s(&certificate.arn))
            .expression_attribute_values(
                ":der",
                AttributeValue::B(Blob::new(certificate.der.clone())),
            )
            .expression_attribute_values(":ca", s(&handed_out.ca_certificate_id))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("dynamodb:UpdateItem", error))
    }

    async fn record_event(&self, event: &DeviceEvent) -> Result<(), CloudFailure> {
        let at = iso(event.at);
        let (name, outcome) = match &event.outcome {
            Ok(certificate_id) => (
                "CertificateHandedOut",
                serde_json::json!({ "thingName": event.serial, "certificateId": certificate_id }),
            ),
            Err(refusal) => (
                "DeviceRejected",
                serde_json::json!({ "code": refusal.code, "message": refusal.message }),
            ),
        };
        self.client
            .put_item()
            .table_name(&self.table)
            .item(PK, s(device_key(&event.serial)))
            .item(SK, s(format!("{EVENT_SK_PREFIX}{at}#{}", event.execution)))
            .item("at", s(at))
            .item("event", s(name))
            .item("execution", s(&event.execution))
            .item("clientId", s("-"))
            .item("outcome", s(outcome.to_string()))
            .item("failure", s("-"))
            .item("steps", s("[]"))
            .item("expiresAt", AttributeValue::N(event.expires_at.to_string()))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("dynamodb:PutItem", error))
    }
}
