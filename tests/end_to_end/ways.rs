//! A serial that was imported for one way in comes in by that one alone.

use crate::jitp::caller::{ask_for, register};
use crate::jitr::device::Device;
use crate::support::{Authority, OURS, Stack};
use edge_client::{Mode, RunError};
use muster_cloud::operator::Ways;
use muster_documents::Serial;
use muster_onboarding::FailureKind;
use muster_onboarding::ledger::WayIn;
use muster_pki::DeviceKey;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn who_holds_a_claim_certificate_gets_no_serial_that_is_to_bring_its_own() {
    let stack = Stack::start(&[]).await;
    let listed = [OURS, ("verifierName", "allow-list")];
    let authority = Authority::register(&stack, &listed).await;
    let jitp = json!({ "route": "jitp", "verifierName": "allow-list" });
    let ca = register(&stack, jitp).await;
    for (serial, way) in [
        ("brought-0001", Ways::Only(WayIn::Certificate)),
        ("claimed-0001", Ways::Only(WayIn::Claim)),
        ("either-00001", Ways::AsBefore),
        ("either-00002", Ways::AsBefore),
    ] {
        stack.import_for(serial, way).await;
    }

    // Asked for by a claim holder: refused, and nothing of it stays.
    let error = stack.provision("brought-0001", Mode::Chunked).await;
    let Err(RunError::Refused { refused, .. }) = error else {
        panic!("{error:?}")
    };
    assert_eq!(refused.code, "SerialUnknown");
    let timeline = stack.timeline("brought-0001", 1).await;
    let (device, _) = stack.show("brought-0001").await;
    let device = device.unwrap();
    assert_eq!(device.state, "known");
    assert_eq!(device.route.as_deref(), Some("certificate"));
    assert_eq!(timeline[0].code.as_deref(), Some("SerialUnknown"));
    stack
        .provision("claimed-0001", Mode::Chunked)
        .await
        .unwrap();
    stack
        .provision("either-00001", Mode::Chunked)
        .await
        .unwrap();

    let brought = Device::signed_by(&authority, "brought-0001");
    brought.knocks(&stack).await;
    assert!(brought.works(&stack).await);
    let either = Device::signed_by(&authority, "either-00002");
    either.knocks(&stack).await;
    assert!(either.works(&stack).await);

    // And the other way round, once it is released.
    let claimed = muster_documents::Serial::new("claimed-0001").unwrap();
    muster::release::release(&stack.target, &claimed)
        .await
        .unwrap();
    let key = DeviceKey::generate().unwrap();
    let error = ask_for(&stack, &ca, "claimed-0001", &key)
        .await
        .unwrap_err();
    assert_eq!(error.name, "NotVerified", "{error:?}");
    let forger = Device::signed_by(&authority, "claimed-0001");
    forger.knocks(&stack).await;
    forger.becomes(&stack, "REVOKED").await;

    // A CA without a verifier is no way round.
    let unjudged = register(&stack, json!({ "route": "jitp" })).await;
    let error = ask_for(&stack, &unjudged, "claimed-0001", &key).await;
    assert_eq!(error.unwrap_err().name, "SerialUnknown");
    let free = Authority::register(&stack, &[OURS]).await;
    let forger = Device::signed_by(&free, "claimed-0001");
    forger.knocks(&stack).await;
    forger.becomes(&stack, "REVOKED").await;

    // Imported again for another way, it takes that one.
    stack
        .import_for("claimed-0001", Ways::Only(WayIn::Certificate))
        .await;
    ask_for(&stack, &ca, "claimed-0001", &key).await.unwrap();
    what_is_forgotten_has_no_way_in(&stack).await;
}

async fn what_is_forgotten_has_no_way_in(stack: &Stack) {
    let devices = stack.target.devices().unwrap();
    let forget = async |serial| devices.forget(&Serial::new(serial).unwrap()).await;
    stack.import("wrong-0001").await;
    assert!(forget("wrong-0001").await.unwrap());
    assert!(!forget("wrong-0001").await.unwrap(), "it was known no more");
    let refused = stack.provision("wrong-0001", Mode::Chunked).await;
    let Err(RunError::Refused { refused, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(refused.code, "SerialUnknown");
    let stays = forget("either-00001").await.unwrap_err();
    assert_eq!(stays.kind, FailureKind::ConditionFailed);
    let device = stack.show("either-00001").await.0.unwrap();
    assert_eq!(device.state, "provisioned");
}
