//! The ledger from one end to the other, and by certificate.

use super::devices::read_held;
use super::items::items;
use super::rotation::line;
use super::transaction::changing;
use super::{Item, Ledger, day, iso, key, s, serial_of, text};
use crate::failure;
use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use muster_documents::Serial;
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::{
    CERTIFICATE_INDEX, DEVICE_PREFIX, DeviceState, PK, SK, STATE_SK, claim_key, device_key,
};
use muster_onboarding::ports::{
    CertificateOwner, CertificateOwners, CorrectedDay, DatedDevice, DayLedger, DeviceWalk,
    DevicesPage, KnownDevices, WalkedDevice,
};
use muster_onboarding::rotation::shard_of;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Items that a page reads, whatever they are.
const PAGE: i32 = 100;

impl DeviceWalk for Ledger {
    async fn walk_devices(
        &self,
        segment: u32,
        segments: u32,
        after: Option<&Value>,
    ) -> Result<DevicesPage, CloudFailure> {
        let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let answer = self
            .client
            .scan()
            .table_name(&self.table)
            .segment(number(segment))
            .total_segments(number(segments))
            .filter_expression("sk = :state AND begins_with(pk, :device)")
            .expression_attribute_values(":state", s(STATE_SK))
            .expression_attribute_values(":device", s(DEVICE_PREFIX))
            .limit(PAGE)
            .set_exclusive_start_key(after.map(start))
            .send()
            .await
            .map_err(|error| failure("dynamodb:Scan", error))?;
        let cursor = |key: &Item| json!({ PK: text(key, PK), SK: text(key, SK) });
        Ok(DevicesPage {
            after: answer.last_evaluated_key.as_ref().map(cursor),
            devices: answer.items().iter().filter_map(walked).collect(),
        })
    }
}

fn start(cursor: &Value) -> Item {
    let part = |name: &str| cursor[name].as_str().unwrap_or_default();
    key(part(PK), part(SK))
}

fn walked(item: &Item) -> Option<(Serial, WalkedDevice)> {
    let serial = serial_of(item)?;
    let in_place = text(item, "rotationShard").is_some_and(|shard| shard == shard_of(&serial));
    let device = WalkedDevice {
        held: read_held(item),
        rotating: text(item, "pendingFingerprint"),
        rotation_day: day(item, "rotationDay").filter(|_| in_place),
        written_at: text(item, "updatedAt").and_then(|text| milliseconds(&text)),
    };
    Some((serial, device))
}

fn milliseconds(text: &str) -> Option<i64> {
    let time = DateTime::from_str(text, DateTimeFormat::DateTime).ok()?;
    time.to_millis().ok()
}

impl DayLedger for Ledger {
    async fn correct_day(&self, corrected: &CorrectedDay) -> Result<(), CloudFailure> {
        let day = corrected.day.to_string();
        let device = self
            .changing_device(&corrected.serial)
            .update_expression("SET rotationShard = :shard, rotationDay = :day, updatedAt = :now")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":provisioned", s(DeviceState::Provisioned.name()))
            .expression_attribute_values(":shard", s(shard_of(&corrected.serial)))
            .expression_attribute_values(":day", s(&day))
            .expression_attribute_values(":now", s(iso(corrected.at)));
        let as_seen = "#state = :provisioned AND attribute_not_exists(undoing) AND ";
        let device = match corrected.before {
            // It has none, or one that is no day, or no place in the index.
            None => device.condition_expression(as_seen.to_owned() + "NOT rotationDay = :day"),
            Some(before) => device
                .condition_expression(as_seen.to_owned() + "rotationDay = :before")
                .expression_attribute_values(":before", s(before.to_string())),
        };
        let outcome = json!({
            "thingName": corrected.serial, "rotationDay": day, "before": corrected.before.map(|day| day.to_string()),
        });
        let times = (corrected.at, corrected.expires_at);
        let line = line(
            &corrected.serial,
            &day,
            "RotationDayCorrected",
            outcome,
            times,
        );
        self.transact(vec![changing(device.build())?, self.putting(line.item())?])
            .await
    }
}

impl KnownDevices for Ledger {
    async fn known_devices(
        &self,
        serials: &[Serial],
    ) -> Result<BTreeMap<Serial, DatedDevice>, CloudFailure> {
        let key = |serial: &Serial| key(&device_key(serial), STATE_SK);
        let keys: Vec<_> = serials.iter().map(key).collect();
        let found = items(&self.client, &self.table, &keys, Some(KNOWN)).await?;
        let known = |item: &Item| Some((serial_of(item)?, dated_device(item)));
        Ok(found.iter().filter_map(known).collect())
    }
}

/// What [`dated_device`] reads.
const KNOWN: &str = "pk, certificateId, issuedOn, retiringCertificateId, undoing";

fn dated_device(item: &Item) -> DatedDevice {
    let has = |name: &str| item.contains_key(name);
    DatedDevice {
        provisioned: has("certificateId"),
        issued_on: day(item, "issuedOn"),
        changing: has("retiringCertificateId") || has("undoing"),
    }
}

impl CertificateOwners for Ledger {
    async fn owner(&self, certificate_id: &str) -> Result<CertificateOwner, CloudFailure> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(CERTIFICATE_INDEX)
            .key_condition_expression("certificateId = :id")
            .expression_attribute_values(":id", s(certificate_id))
            .send()
            .await
            .map_err(|error| failure("dynamodb:Query", error))?;
        let mut owner = CertificateOwner::Nobody;
        for item in answer.items() {
            // Deliveries name certificates as well.
            let Some(serial) = serial_of(item) else {
                continue;
            };
            if text(item, SK).as_deref() == Some(STATE_SK) {
                return Ok(CertificateOwner::InForce(serial));
            }
            owner = CertificateOwner::Beside(serial);
        }
        let claim = claim_key(certificate_id);
        if owner == CertificateOwner::Nobody && self.read_item(claim).await?.is_some() {
            owner = CertificateOwner::Claim;
        }
        Ok(owner)
    }
}
