//! What compares the ledger with AWS IoT: a page in which nothing is wrong, as most are.

use super::rotation::{in_force, provisioned};
use super::{Case, Device, LEDGER, ROTATION};
use muster_documents::Serial;
use muster_documents::reconciliation_tasks::{Reconcile, Report};
use muster_onboarding::ledger::{
    HANDED_OUT_PREFIX, PK, ROTATION_DAY, ROTATION_SHARD, SK, STATE_SK, device_key,
};
use muster_onboarding::rotation::shard_of;
use serde_json::{Value, json};
use std::error::Error;

/// Items that a page of the ledger has.
const OF_LEDGER: usize = 100;
/// Things or certificates that AWS IoT lists at once.
const OF_REGISTRY: usize = 250;

const QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/queue";
const MACHINES: &str = "arn:aws:states:eu-central-1:123456789012:stateMachine:claim-provisioning";

/// A page each.
pub fn all(device: &Device) -> Result<[Case; 3], Box<dyn Error>> {
    let serials = (0..OF_REGISTRY).map(|number| Serial::new(format!("sensor-{number:05}")));
    let serials = serials.collect::<Result<Vec<_>, _>>()?;
    Ok([
        devices(device, &serials[..OF_LEDGER]),
        things(device, &serials),
        certificates(device),
    ])
}

fn task() -> Value {
    json!(Reconcile {
        segment: 0,
        segments: 1,
        after: None,
        repair: true,
        deactivate_orphans: false,
        settle_hours: 24,
        report: Report::default(),
    })
}

/// Devices that were handed their certificates: their things are not looked up, on whatever day this runs.
fn devices(device: &Device, serials: &[Serial]) -> Case {
    let environment = [
        &[
            LEDGER,
            ("CONNECTION_QUEUE_URL", QUEUE),
            ("STATE_MACHINE_ARNS", MACHINES),
            ("TIMELINE_DAYS", "365"),
        ][..],
        &ROTATION,
    ];
    let name = "device-reconciler, page of 100";
    let package = "device-reconciler";
    let mut case = device.case(name, package, &environment.concat(), task(), Value::Null);
    let walked = |serial: &Serial| {
        let mut item = provisioned(device, &in_force());
        item[PK] = json!({ "S": device_key(serial) });
        item[SK] = json!({ "S": STATE_SK });
        item["execution"] = json!({ "S": format!("{HANDED_OUT_PREFIX}1") });
        item["updatedAt"] = json!({ "S": "2024-01-01T00:00:00.000Z" });
        item[ROTATION_SHARD] = json!({ "S": shard_of(serial) });
        item[ROTATION_DAY] = json!({ "S": "20250101" });
        item
    };
    case.world.found = serials.iter().map(walked).collect();
    case
}

fn things(device: &Device, serials: &[Serial]) -> Case {
    let environment = [LEDGER, ("REGISTRY_QUEUE_URL", QUEUE)];
    let name = "thing-reconciler, page of 250";
    let package = "thing-reconciler";
    let mut case = device.case(name, package, &environment, task(), Value::Null);
    let thing = |serial: &Serial| json!({ "thingName": serial, "attributes": { "madeBy": "muster", "cert_issuance": "20240101" } });
    case.world.listed = serials.iter().map(thing).collect();
    let known = |serial: &Serial| {
        json!({
            PK: { "S": device_key(serial) }, "certificateId": { "S": "c" }, "issuedOn": { "S": "20240101" },
        })
    };
    // All of them to each of three calls: who has been read twice is the same.
    case.world.batch = serials.iter().map(known).collect();
    case
}

fn certificates(device: &Device) -> Case {
    let environment = [LEDGER, ("REGISTRATION_QUEUE_URL", QUEUE)];
    let name = "certificate-reconciler, page of 250";
    let package = "certificate-reconciler";
    let mut case = device.case(name, package, &environment, task(), Value::Null);
    let listed = |number| {
        json!({
            "certificateId": format!("{number:064x}"), "certificateArn": format!("arn:cert/{number}"), "status": "ACTIVE",
            "creationDate": 1_704_067_200,
        })
    };
    case.world.listed = (0..OF_REGISTRY).map(listed).collect();
    let owner = json!({ PK: { "S": device_key(&device.serial) }, SK: { "S": STATE_SK } });
    case.world.found = vec![owner];
    case
}
