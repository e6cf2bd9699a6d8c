//! Devices that a fleet's hook decides about.

use super::claims::read_claim;
use super::handing_out::item_of;
use super::timeline::{Line, REFUSAL_LIFE};
use super::transaction::changing;
use super::{Item, Ledger, iso, key, malformed, number, s, text};
use crate::failure;
use crate::ledger::devices::read_held;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, Update};
use muster_documents::{FleetName, Serial};
use muster_onboarding::ledger::{
    DeviceState, FLEETS_PK, FleetState, PK, ROTATION_UNDER_WAY, STATE_SK, VENDED, WayIn, claim_key,
    device_key, voucher_key,
};
use muster_onboarding::ports::{
    AdmissionLedger, AdmissionRecords, AdmittedDevice, Before, FleetRecord, HandedOut,
    RefusedDevice, VoucherRecord,
};
use muster_onboarding::rotation::shard_of;
use muster_onboarding::{CloudFailure, FailureKind};
use serde_json::json;

/// What is written of a device that is let in.
const ADMITTED: &str = "SET #state = :provisioned, serial = :serial, thingName = :serial, fingerprint = :fingerprint, \
     execution = :me, clientId = :client, updatedAt = :now, certificateId = :id, certificateArn = :arn, \
     certificateDer = :der, fleet = :fleet, claimCertificateId = :by, issuedOn = :day, rotationShard = :shard, \
     rotationDay = :due, enrolledBy = if_not_exists(enrolledBy, :me)";

/// How that begins for a device whose model the ledger did not know.
const ADMITTED_AS_MODEL: &str = "SET model = :model, modelBy = :me, ";

/// Who holds a device that a hook has let in, where a workflow's execution would stand.
fn holder(device: &AdmittedDevice) -> String {
    format!("admitted-{}", device.certificate.id)
}

impl AdmissionLedger for Ledger {
    async fn read_admission(
        &self,
        fleet: &FleetName,
        claim_certificate_id: &str,
        serial: Option<&Serial>,
        voucher: Option<&str>,
    ) -> Result<AdmissionRecords, CloudFailure> {
        const ACTION: &str = "dynamodb:BatchGetItem";
        let claim = claim_key(claim_certificate_id);
        let device = serial.map(device_key);
        let voucher = voucher.map(voucher_key);
        let mut wanted = KeysAndAttributes::builder()
            .consistent_read(true)
            .keys(key(FLEETS_PK, fleet.as_str()))
            .keys(key(&claim, STATE_SK));
        for partition in device.iter().chain(&voucher) {
            wanted = wanted.keys(key(partition, STATE_SK));
        }
        let answer = self
            .client
            .batch_get_item()
            .request_items(
                &self.table,
                wanted.build().map_err(|error| malformed(ACTION, &error))?,
            )
            .send()
            .await
            .map_err(|error| failure(ACTION, error))?;
        if answer.unprocessed_keys.is_some_and(|keys| !keys.is_empty()) {
            return Err(CloudFailure {
                kind: FailureKind::Throttled,
                action: ACTION,
                message: "some items were not read".to_owned(),
                source: None,
            });
        }
        let items = answer.responses.unwrap_or_default();
        let items: Vec<_> = items.into_values().flatten().collect();
        let of = |partition: &str| {
            let mut items = items.iter();
            items.find(|item| text(item, PK).as_deref() == Some(partition))
        };
        Ok(AdmissionRecords {
            fleet: of(FLEETS_PK).map(read_fleet),
            claim: of(&claim).map(read_claim),
            device: device.and_then(|device| of(&device)).map(read_held),
            voucher: voucher.and_then(|voucher| of(&voucher)).map(read_voucher),
        })
    }

    async fn admit(&self, device: &AdmittedDevice) -> Result<(), CloudFailure> {
        let mut parts = vec![changing(self.admitting(device).build())?];
        if let Some(hash) = &device.voucher {
            parts.push(changing(self.spending(device, hash).build())?);
        }
        for item in [item_of(&certificate(device)), line(device).item()] {
            parts.push(self.putting(item)?);
        }
        self.transact(parts).await
    }

    async fn record_rejection(&self, refused: &RefusedDevice) -> Result<(), CloudFailure> {
        self.write_line(&Line {
            ledger_key: refused.ledger_key.clone(),
            at: refused.at,
            which: &refused.certificate_id,
            event: "DeviceRejected",
            client_id: &refused.client_id,
            outcome: json!({ "code": refused.refusal.code, "message": refused.refusal.message }),
            steps: json!([]),
            expires_at: refused.at.div_euclid(1000) + REFUSAL_LIFE,
        })
        .await
    }
}

impl Ledger {
    /// The device's own item.
    fn admitting(
        &self,
        device: &AdmittedDevice,
    ) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        let certificate = &device.certificate;
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(&device_key(&device.serial), STATE_SK)))
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":provisioned", s(DeviceState::Provisioned.name()))
            .expression_attribute_values(":serial", s(device.serial.as_str()))
            .expression_attribute_values(":fingerprint", s(&device.fingerprint))
            .expression_attribute_values(":me", s(holder(device)))
            .expression_attribute_values(":client", s(&device.client_id))
            .expression_attribute_values(":now", s(iso(device.at)))
            .expression_attribute_values(":id", s(&certificate.id))
            .expression_attribute_values(":arn", s(&certificate.arn))
            .expression_attribute_values(
                ":der",
                AttributeValue::B(Blob::new(certificate.der.clone())),
            )
            .expression_attribute_values(":fleet", s(device.fleet.as_str()))
            .expression_attribute_values(":by", s(&device.claim_certificate_id))
            .expression_attribute_values(":day", s(device.issued_on.to_string()))
            .expression_attribute_values(":shard", s(shard_of(&device.serial)))
            .expression_attribute_values(":due", s(device.due_on.to_string()));
        let admitted = format!("{ADMITTED} REMOVE {ROTATION_UNDER_WAY}, {VENDED}");
        let update = match &device.new_model {
            None => update.update_expression(admitted),
            Some(model) => update
                .update_expression(admitted.replacen("SET ", ADMITTED_AS_MODEL, 1))
                .expression_attribute_values(":model", s(model.as_str())),
        };
        match &device.before {
            Before::Unknown => update.condition_expression("attribute_not_exists(pk)"),
            Before::Known => update
                .condition_expression(
                    "#state = :known AND (attribute_not_exists(#route) OR #route = :way) AND \
                     attribute_not_exists(undoing)",
                )
                .expression_attribute_names("#route", "route")
                .expression_attribute_values(":known", s(DeviceState::Known.name()))
                .expression_attribute_values(":way", s(WayIn::Claim.name())),
            Before::Admitted { execution, .. } => update
                .condition_expression(
                    "#state = :provisioned AND execution = :seen AND fingerprint = :fingerprint AND fleet = :fleet AND \
                     attribute_not_exists(undoing)",
                )
                .expression_attribute_values(":seen", s(execution)),
        }
    }

    /// The voucher's item.
    fn spending(
        &self,
        device: &AdmittedDevice,
        hash: &str,
    ) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        let now = AttributeValue::N(device.at.div_euclid(1000).to_string());
        Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(&voucher_key(hash), STATE_SK)))
            .update_expression("SET spentBy = :serial, fingerprint = :fingerprint, spentAt = :now")
            .condition_expression(
                "fleet = :fleet AND expiresAt > :now AND (attribute_not_exists(serial) OR serial = :serial) AND \
                 (attribute_not_exists(spentBy) OR (spentBy = :serial AND fingerprint = :fingerprint))",
            )
            .expression_attribute_values(":serial", s(device.serial.as_str()))
            .expression_attribute_values(":fingerprint", s(&device.fingerprint))
            .expression_attribute_values(":fleet", s(device.fleet.as_str()))
            .expression_attribute_values(":now", now)
    }
}

/// The certificate as one that was handed out, so that all that a device has had can be taken away.
fn certificate(device: &AdmittedDevice) -> HandedOut {
    HandedOut {
        serial: device.serial.clone(),
        thing_name: device.serial.clone(),
        fingerprint: device.fingerprint.clone(),
        certificate: device.certificate.clone(),
        ca_certificate_id: None,
        not_after: device.not_after,
    }
}

fn line(device: &AdmittedDevice) -> Line<'_> {
    Line {
        ledger_key: device_key(&device.serial),
        at: device.at,
        which: &device.certificate.id,
        event: "DeviceAdmitted",
        client_id: &device.client_id,
        outcome: json!({
            "thingName": device.serial, "certificateId": device.certificate.id, "fleet": device.fleet,
            "claimCertificateId": device.claim_certificate_id,
        }),
        steps: json!([]),
        expires_at: device.expires_at,
    }
}

fn read_fleet(fleet: &Item) -> FleetRecord {
    FleetRecord {
        state: text(fleet, "state").and_then(|state| FleetState::named(&state)),
        settings: text(fleet, "settings").unwrap_or_default(),
    }
}

fn read_voucher(item: &Item) -> VoucherRecord {
    let spent_by = text(item, "spentBy");
    VoucherRecord {
        fleet: text(item, "fleet").unwrap_or_default(),
        serial: text(item, "serial"),
        expires_at: number(item, "expiresAt").unwrap_or_default(),
        spent: spent_by.map(|by| (by, text(item, "fingerprint").unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::connect_to;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// What is read of a table that answers this.
    async fn read(answer: serde_json::Value) -> Result<AdmissionRecords, CloudFailure> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let answer = answer.to_string();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 4096];
            assert!(stream.read(&mut asked).await.unwrap() > 0);
            let length = answer.len();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
            let whole = [head.as_bytes(), answer.as_bytes()].concat();
            stream.write_all(&whole).await.unwrap();
        });
        let ledger = Ledger::new(&connect_to(&address), "table");
        let fleet = FleetName::new("plant-7").unwrap();
        let serial = Serial::new("sensor-1").unwrap();
        let read = ledger.read_admission(&fleet, "claim", Some(&serial), Some("hash"));
        read.await
    }

    #[tokio::test]
    async fn items_are_told_apart_in_whatever_order_they_come() {
        let item = |pk: &str, sk: &str, more: serde_json::Value| {
            let mut item = json!({ "pk": { "S": pk }, "sk": { "S": sk } });
            let fields = item.as_object_mut().unwrap();
            fields.extend(more.as_object().unwrap().clone());
            item
        };
        let fleet = json!({ "state": { "S": "active" }, "settings": { "S": "{}" } });
        let voucher = json!({
            "fleet": { "S": "plant-7" }, "expiresAt": { "N": "7" }, "spentBy": { "S": "sensor-1" },
            "fingerprint": { "S": "key" },
        });
        let answer = json!({ "Responses": { "table": [
            item("voucher#hash", "state", voucher),
            item("device#sensor-1", "state", json!({ "state": { "S": "known" } })),
            item("fleets", "plant-7", fleet),
            item("claim#claim", "state", json!({ "fleet": { "S": "plant-7" } })),
        ] }, "UnprocessedKeys": {} });
        let records = read(answer).await.unwrap();
        assert_eq!(records.fleet.unwrap().state, Some(FleetState::Active));
        assert_eq!(records.claim.unwrap().fleet.as_deref(), Some("plant-7"));
        assert_eq!(records.device.unwrap().state, Some(DeviceState::Known));
        let voucher = records.voucher.unwrap();
        assert_eq!(voucher.expires_at, 7);
        assert_eq!(
            voucher.spent,
            Some(("sensor-1".to_owned(), "key".to_owned()))
        );
    }

    #[tokio::test]
    async fn what_the_table_did_not_read_is_no_item_that_is_not_there() {
        let left =
            json!({ "table": { "Keys": [{ "pk": { "S": "fleets" }, "sk": { "S": "plant-7" } }] } });
        let answer = json!({ "Responses": { "table": [] }, "UnprocessedKeys": left });
        assert_eq!(read(answer).await.unwrap_err().name(), "Throttled");
    }

    #[test]
    fn what_cannot_be_read_of_a_claim_counts_against_it() {
        let of = |name: &str, value| read_claim(&Item::from([(name.to_owned(), value)]));
        assert_eq!(
            of("shut", AttributeValue::Bool(true)).shut.as_deref(),
            Some("-")
        );
        assert_eq!(of("until", s("soon")).until, Some(0));
        assert_eq!(
            of("until", AttributeValue::N("7".to_owned())).until,
            Some(7)
        );
    }
}
