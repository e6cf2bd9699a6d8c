//! A stack is taken down, and nothing is left of it; what is somebody else's stays.

mod account;
mod broken_off;
mod foreign;
mod refused;

use crate::support::{RawDevice, Stack};
use account::{Account, shadows};
use muster::demo::{self, Demo, Leavings, Routes};
use muster::local::STACK_NAME;
use muster::output::Output;
use muster::teardown::{self, Kind, Refusal, Report, Terms, Widened, World};
use std::time::Duration;

/// As an operator asks for it, and short waits.
fn terms() -> Terms {
    Terms {
        widened: Widened::default(),
        key_days: 7,
        settle: Duration::from_secs(2),
    }
}

async fn find(stack: &Stack, terms: Terms) -> Result<World, Refusal> {
    teardown::find(&stack.target.cloud, STACK_NAME, terms).await
}

/// What would go.
async fn plan(stack: &Stack, terms: Terms) -> Report {
    let world = find(stack, terms).await.unwrap();
    teardown::plan(&world).await.unwrap()
}

/// Takes it down: what was planned, and what came of it.
async fn take_down(stack: &Stack, terms: Terms) -> (Report, Report) {
    let mut world = find(stack, terms).await.unwrap();
    let planned = teardown::plan(&world).await.unwrap();
    let say = |line: &str| println!("{line}");
    let done = teardown::take_down(&mut world, &planned, &say).await;
    (planned, done.unwrap())
}

/// How much of a kind there is.
fn count(report: &Report, kind: Kind) -> usize {
    report
        .gone
        .get(&kind)
        .map_or(0, std::collections::BTreeSet::len)
}

/// Devices of every way in, with certificates that were renewed, CAs, a fleet and claims.
async fn populate(stack: &Stack, routes: Routes, devices: u16) {
    let demo = Demo {
        routes,
        devices,
        at_once: 4,
        packet_size: 256,
        rotate: true,
    };
    let (output, leavings) = (Output::new(false), Leavings::default());
    let played = demo::run(&stack.target, &demo, &leavings, &output);
    let report = Box::pin(played).await.unwrap();
    assert!(report.failures.is_empty(), "{:?}", report.failures);
}

/// A device in the middle of its delivery: its certificate is there, and it acknowledges nothing.
async fn deliver_halfway(stack: &Stack, serial: &str) -> RawDevice {
    stack.import(serial).await;
    let mut device = RawDevice::asking(stack, serial).await;
    let key = muster_pki::DeviceKey::generate().unwrap();
    let csr = key.csr(serial).unwrap().pem();
    let request = serde_json::json!({ "csr": csr, "packetSize": 4096 });
    let topic = format!("{}/{serial}/json", stack.output("TopicPrefix"));
    assert!(device.publish(&topic, request.to_string()).await);
    device.hear().await;
    device
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_resource_by_resource() {
    let (before, stack) = tokio::join!(
        Account::before(),
        Stack::start(&[("LegacyMode", "on"), ("DeliveryTimeoutSeconds", "600")])
    );
    populate(&stack, Routes::All, 12).await;
    let _device = deliver_halfway(&stack, "halfway-1").await;
    let thing = stack.things().await.remove(0);
    assert_eq!(shadows(&stack, "write", &thing).await.len(), 2);
    let full = Account::of(&stack).await;

    let planned = plan(&stack, terms()).await;
    assert_eq!(Account::of(&stack).await, full, "a plan changes nothing");
    assert_eq!(planned.place.account, "000000000000");
    assert_eq!(planned.place.devices, 13);
    assert_eq!(count(&planned, Kind::Thing), 13);
    // Twelve, the six that were renewed, and the one on its way.
    assert_eq!(count(&planned, Kind::Certificate), 19);
    // The test's own, the demo's and the fleet's.
    assert_eq!(count(&planned, Kind::ClaimCertificate), 3);
    assert_eq!(count(&planned, Kind::Authority), 2);
    assert_eq!(count(&planned, Kind::ProvisioningTemplate), 2);
    assert_eq!(count(&planned, Kind::Execution), 1);
    assert_eq!(count(&planned, Kind::Key), 2);
    assert_eq!(planned.kept, [].into());

    let (_, done) = take_down(&stack, terms()).await;
    assert!(done.is_clean(), "{:?}", done.left);
    let after = Account::of(&stack).await;
    after.assert_only_pending_keys_beside(&before);
    assert_eq!(shadows(&stack, "list", &thing).await, [""; 0]);
    for (kind, names) in &planned.gone {
        assert_eq!(done.gone.get(kind), Some(names), "{kind:?}");
    }

    let (planned, again) = take_down(&stack, terms()).await;
    assert!(again.is_clean() && planned.gone.is_empty(), "{planned:?}");
    assert_eq!(Account::of(&stack).await, after);
}
