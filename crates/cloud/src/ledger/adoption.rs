//! Devices that an operator adopts with the certificates that they have.

use super::handing_out::item_of;
use super::timeline::Line;
use super::transaction::changing;
use super::{Ledger, iso, key, s};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, Update};
use muster_onboarding::CloudFailure;
use muster_onboarding::adoption::{AdoptedDevice, adopter};
use muster_onboarding::ledger::{DeviceState, IMPORTED, STATE_SK, device_key};
use muster_onboarding::ports::HandedOut;
use muster_onboarding::rotation::shard_of;
use serde_json::json;

/// What is written of every device that is adopted.
const ADOPTED: &str = "SET #state = :provisioned, serial = :serial, thingName = :serial, fingerprint = :fingerprint, \
     execution = :me, certificateId = :id, adoptedCertificateId = :id, certificateArn = :arn, certificateDer = :der, issuedOn = :day, \
     rotationShard = :shard, rotationDay = :due, enrolledBy = :import, importedAt = if_not_exists(importedAt, :now), \
     updatedAt = :now";
/// And where its fleet is named.
const OF_FLEET: &str = ", fleet = :fleet";
/// And where its model is. One that was imported with a model keeps it.
const OF_MODEL: &str = ", model = if_not_exists(model, :model)";

impl Ledger {
    /// Takes a device in as provisioned with the certificate that it has, with a line in the timeline: both, or nothing.
    /// Fails with `ConditionFailed` unless the ledger does not know it, or knows its serial and no more.
    pub async fn adopt_device(&self, device: &AdoptedDevice) -> Result<(), CloudFailure> {
        let certificate = &device.certificate;
        let fleet = device.fleet.as_ref().map(|_| OF_FLEET);
        let model = device.model.as_ref().map(|_| OF_MODEL);
        let expression = [
            ADOPTED,
            fleet.unwrap_or_default(),
            model.unwrap_or_default(),
        ];
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(&device_key(&device.serial), STATE_SK)))
            .update_expression(expression.concat())
            .condition_expression(
                "attribute_not_exists(pk) OR (#state = :known AND attribute_not_exists(undoing))",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":known", s(DeviceState::Known.name()))
            .expression_attribute_values(":provisioned", s(DeviceState::Provisioned.name()))
            .expression_attribute_values(":serial", s(device.serial.as_str()))
            .expression_attribute_values(":fingerprint", s(&device.fingerprint))
            .expression_attribute_values(":me", s(adopter(&certificate.id)))
            .expression_attribute_values(":id", s(&certificate.id))
            .expression_attribute_values(":arn", s(&certificate.arn))
            .expression_attribute_values(
                ":der",
                AttributeValue::B(Blob::new(certificate.der.clone())),
            )
            .expression_attribute_values(":day", s(device.issued_on.to_string()))
            .expression_attribute_values(":shard", s(shard_of(&device.serial)))
            .expression_attribute_values(":due", s(device.rotation_day.to_string()))
            .expression_attribute_values(":import", s(IMPORTED))
            .expression_attribute_values(":now", s(iso(device.at)));
        if let Some(fleet) = &device.fleet {
            update = update.expression_attribute_values(":fleet", s(fleet.as_str()));
        }
        if let Some(model) = &device.model {
            update = update.expression_attribute_values(":model", s(model.as_str()));
        }
        let parts = vec![
            changing(update.build())?,
            self.putting(item_of(&own(device)))?,
            self.putting(line(device).item())?,
        ];
        self.transact(parts).await
    }
}

/// Its certificate has an item of its own, so that whoever releases the device takes this one away as well, whatever was in
/// force since.
fn own(device: &AdoptedDevice) -> HandedOut {
    HandedOut {
        serial: device.serial.clone(),
        thing_name: device.serial.clone(),
        fingerprint: device.fingerprint.clone(),
        certificate: device.certificate.clone(),
        ca_certificate_id: None,
        not_after: device.not_after,
    }
}

fn line(device: &AdoptedDevice) -> Line<'_> {
    let id = &device.certificate.id;
    let did = format!(
        "adopted with the certificate {id}, in force since {}",
        device.issued_on
    );
    Line {
        ledger_key: device_key(&device.serial),
        at: device.at,
        which: id,
        event: "DeviceAdopted",
        client_id: "-",
        outcome: json!({ "thingName": device.serial, "certificateId": id, "fleet": device.fleet }),
        steps: json!([{ "at": iso(device.at), "did": did }]),
        expires_at: device.expires_at,
    }
}
