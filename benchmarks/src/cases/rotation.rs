//! What has certificates renewed: the tasks of the daily run, and what follows connections and changes of things.

use super::authority::{authority, named};
use super::events::records;
use super::{CLIENT_ID, Case, Device, EVENT_BUS, LEDGER, ROTATION, VALIDITY};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_documents::rotation_tasks::{DueDevices, EndingCertificate, RetireCertificates, Scan};
use muster_documents::{PresenceMessage, Serial, ThingChanged};
use muster_onboarding::ledger::{
    DeviceState, RETIRED_STANDING, ROTATION_DAY, ROTATION_SHARD, SK, STATE_SK, device_key,
};
use muster_onboarding::rotation::shard_of;
use muster_pki::{DeviceKey, DeviceProfile, certificate_id};
use serde_json::{Value, json};
use std::error::Error;

/// A day of a run on which the device, whose certificate is as old as 2024, is due.
const TODAY: &str = "20260601";
/// A run's day long after a first notice of 2026.
const LATER: &str = "20270601";

/// Devices in a page of the index, at most.
const PAGE: usize = 100;

const OF_EVENTS: [(&str, &str); 2] = [EVENT_BUS, ("TIMELINE_DAYS", "365")];

/// What each function mostly does, once for each device.
pub fn all(device: &Device) -> Result<[Case; 8], Box<dyn Error>> {
    let one = std::slice::from_ref(&device.serial);
    let page = (0..PAGE).map(|number| Serial::new(format!("sensor-{number:05}")));
    let page = page.collect::<Result<Vec<_>, _>>()?;
    Ok([
        scan(device, "rotation-scanner", one),
        scan(device, "rotation-scanner, page of 100", &page),
        notify(device, "rotation-notifier", one),
        notify(device, "rotation-notifier, 10 devices", &page[..10]),
        enforce(device),
        retire(device),
        complete(device)?,
        follow(device),
    ])
}

/// A page of the index is read.
fn scan(device: &Device, name: &'static str, page: &[Serial]) -> Case {
    let task = Scan::Read {
        shard: "00".to_owned(),
        day: TODAY.to_owned(),
        after: None,
    };
    let package = "rotation-scanner";
    let mut case = device.case(name, package, &[LEDGER], json!(task), Value::Null);
    let due = |serial: &Serial| {
        json!({
            "pk": { "S": device_key(serial) }, SK: { "S": STATE_SK }, ROTATION_SHARD: { "S": shard_of(serial) },
            ROTATION_DAY: { "S": TODAY },
        })
    };
    case.world.found = page.iter().map(due).collect();
    case
}

/// Devices hear for the first time that they are due.
fn notify(device: &Device, name: &'static str, devices: &[Serial]) -> Case {
    let environment = [&[LEDGER][..], &ROTATION].concat();
    let task = DueDevices {
        devices: devices.to_vec(),
        day: TODAY.to_owned(),
    };
    let item = provisioned(device, &in_force());
    let package = "rotation-notifier";
    device.case(name, package, &environment, json!(task), item)
}

/// A device whose deadline has passed goes into quarantine.
fn enforce(device: &Device) -> Case {
    let environment = [
        &[
            LEDGER,
            ("QUARANTINE_POLICY", "quarantine"),
            ("ROTATION_OVERDUE_ACTION", "quarantine"),
        ][..],
        &OF_EVENTS,
        &ROTATION,
    ];
    let task = DueDevices {
        devices: vec![device.serial.clone()],
        day: LATER.to_owned(),
    };
    let mut item = provisioned(device, &in_force());
    item["askedSince"] = json!({ "S": TODAY });
    let name = "deadline-enforcer";
    device.case(name, name, &environment.concat(), json!(task), item)
}

/// A retired certificate is deleted.
fn retire(device: &Device) -> Case {
    let environment = [&[LEDGER][..], &OF_EVENTS].concat();
    let task = RetireCertificates {
        certificates: vec![EndingCertificate {
            serial: device.serial.clone(),
            certificate_id: "b".repeat(64),
        }],
    };
    let retired = json!({
        "certificateArn": { "S": device.certificate_arn() }, "standing": { "S": RETIRED_STANDING },
    });
    let name = "certificate-retirer";
    let mut case = device.case(name, name, &environment, json!(task), retired);
    case.world.then = Some(provisioned(device, &in_force()));
    case
}

/// A device has connected with its next certificate, which takes force. The function reads how long the one before is valid,
/// so that is a true one.
fn complete(device: &Device) -> Result<Case, Box<dyn Error>> {
    let (key, authority) = authority()?;
    let profile = DeviceProfile {
        subject: named(CLIENT_ID),
        validity: VALIDITY,
    };
    let sign = || -> Result<Vec<u8>, Box<dyn Error>> {
        let csr = DeviceKey::generate()?.csr(CLIENT_ID)?;
        Ok(authority.sign(&key, &csr, &profile)?.der().to_vec())
    };
    let (before, next) = (sign()?, sign()?);
    let connection = PresenceMessage {
        client_id: CLIENT_ID.to_owned(),
        principal_identifier: certificate_id(&next),
    };
    let environment = [&[LEDGER][..], &OF_EVENTS, &ROTATION].concat();
    let mut shown = provisioned(device, &certificate("certificate", &before));
    merge(&mut shown, &certificate("nextCertificate", &next));
    let mut taken = provisioned(device, &certificate("certificate", &next));
    taken["retiringCertificateId"] = json!({ "S": certificate_id(&before) });
    let event = records(&[json!(connection).to_string()]);
    let name = "rotation-completer";
    let mut case = device.case(name, name, &environment, event, shown);
    case.world.then = Some(taken);
    Ok(case)
}

/// A thing's date was edited.
fn follow(device: &Device) -> Case {
    let environment = [&[LEDGER, ("TIMELINE_DAYS", "365")][..], &ROTATION].concat();
    let changed = ThingChanged {
        thing_name: CLIENT_ID.to_owned(),
    };
    let item = provisioned(device, &in_force());
    let name = "registry-follower";
    let event = records(&[json!(changed).to_string()]);
    device.case(name, name, &environment, event, item)
}

/// The device, as the ledger has it with these certificates, due since 2025.
pub fn provisioned(device: &Device, certificates: &Value) -> Value {
    let mut item = device.item();
    item["state"] = json!({ "S": DeviceState::Provisioned.name() });
    item["thingName"] = json!({ "S": device.serial });
    item["issuedOn"] = json!({ "S": "20240101" });
    item[ROTATION_DAY] = json!({ "S": "20250101" });
    merge(&mut item, certificates);
    item
}

pub fn in_force() -> Value {
    certificate("certificate", &super::certificate())
}

/// A certificate as an item has it, under names that begin so.
fn certificate(stem: &str, der: &[u8]) -> Value {
    let id = certificate_id(der);
    json!({
        format!("{stem}Arn"): { "S": format!("arn:aws:iot:eu-central-1:123456789012:cert/{id}") },
        format!("{stem}Der"): { "B": STANDARD.encode(der) },
        format!("{stem}Id"): { "S": id },
    })
}

fn merge(item: &mut Value, more: &Value) {
    for (name, value) in more.as_object().into_iter().flatten() {
        item[name] = value.clone();
    }
}
