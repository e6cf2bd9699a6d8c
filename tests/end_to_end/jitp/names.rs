//! A name that is taken is not given away.

use super::caller::{ask_for, device, register, with};
use super::{attributes, ca};
use crate::jitr::device::Device;
use crate::metrics::{metric, times};
use crate::support::{Authority, OURS, Stack};
use aws_sdk_iot::types::AttributePayload;
use edge_client::Mode;
use muster_pki::DeviceKey;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_is_given_again_to_the_same_key_and_to_no_other() {
    let stack = Stack::start(&[]).await;
    let ca = ca(&stack).await;
    let key = DeviceKey::generate().unwrap();
    let first = ask_for(&stack, &ca, "sensor-00001", &key).await.unwrap();
    let again = ask_for(&stack, &ca, "sensor-00001", &key).await.unwrap();
    assert_eq!(first, again);
    let thief = DeviceKey::generate().unwrap();
    let error = ask_for(&stack, &ca, "sensor-00001", &thief)
        .await
        .unwrap_err();
    assert_eq!(error.name, "AlreadyProvisioned", "{error:?}");
    let refused = [("Route", "jitp"), ("Reason", "AlreadyProvisioned")];
    assert_eq!(metric(&stack, "Refused", &refused).await, 1);
    let route = [("Route", "jitp")];
    let counted = times(&stack, "Provisioned", &route).await;
    assert_eq!(counted, 1, "it is one device, however often it was told");

    let device = with(&first, key);
    device.knocks(&stack).await;
    assert!(device.works(&stack).await);
    let error = ask_for(&stack, &ca, "sensor-00001", &thief)
        .await
        .unwrap_err();
    assert_eq!(error.name, "AlreadyProvisioned", "{error:?}");
    assert!(device.works(&stack).await);

    // A certificate of another CA's for this key is none of this CA's.
    let other = super::ca(&stack).await;
    let own = DeviceKey::generate().unwrap();
    ask_for(&stack, &ca, "sensor-00002", &own).await.unwrap();
    let error = ask_for(&stack, &other, "sensor-00002", &own)
        .await
        .unwrap_err();
    assert_eq!(error.name, "AlreadyProvisioned", "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_came_in_by_another_route_keep_their_names() {
    let stack = Stack::start(&[]).await;
    let ca = ca(&stack).await;
    stack.import("claimed-0001").await;
    stack
        .provision("claimed-0001", Mode::Chunked)
        .await
        .unwrap();
    let authority = Authority::register(&stack, &[OURS]).await;
    let brought = Device::signed_by(&authority, "brought-0001");
    brought.knocks(&stack).await;
    assert!(brought.works(&stack).await);
    stack.settled_of("JitrActivationStateMachineArn").await;
    let before = stack.certificates().await.len();
    for name in ["claimed-0001", "brought-0001"] {
        let error = ask_for(&stack, &ca, name, &DeviceKey::generate().unwrap()).await;
        assert_eq!(error.unwrap_err().name, "AlreadyProvisioned", "{name}");
    }
    assert!(brought.works(&stack).await);
    assert_eq!(stack.certificates().await.len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thing_of_the_operators_is_touched_only_if_its_name_was_imported() {
    let stack = Stack::start(&[]).await;
    let ca = ca(&stack).await;
    for thing in ["boiler-00001", "boiler-00002"] {
        let site = AttributePayload::builder().attributes("site", "7").build();
        let made = stack.iot().create_thing().thing_name(thing);
        made.attribute_payload(site).send().await.unwrap();
    }
    let key = DeviceKey::generate().unwrap();
    let error = ask_for(&stack, &ca, "boiler-00001", &key)
        .await
        .unwrap_err();
    assert_eq!(error.name, "ThingExists", "{error:?}");

    stack.import("boiler-00002").await;
    let device = device(&stack, &ca, "boiler-00002").await;
    device.knocks(&stack).await;
    assert!(device.works(&stack).await);
    for thing in ["boiler-00001", "boiler-00002"] {
        let found = attributes(&stack, thing).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found["site"], "7");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_ask_for_one_name_at_once_one_gets_it() {
    let stack = Stack::start(&[]).await;
    let ca = register(&stack, json!({ "route": "jitp" })).await;
    for number in 0..4 {
        let name = format!("sensor-0000{number}");
        let keys = [(); 2].map(|()| DeviceKey::generate().unwrap());
        let (one, other) = tokio::join!(
            ask_for(&stack, &ca, &name, &keys[0]),
            ask_for(&stack, &ca, &name, &keys[1]),
        );
        let (got, refused): (Vec<_>, Vec<_>) = [one, other].into_iter().partition(Result::is_ok);
        assert_eq!(got.len(), 1, "{name}: {refused:?}");
        let error = refused.into_iter().next().unwrap().unwrap_err();
        assert_eq!(error.name, "AlreadyProvisioned", "{name}: {error:?}");
        let (device, _) = stack.show(&name).await;
        let id = got[0].as_ref().unwrap()["certificates"]["certificateId"].as_str();
        assert_eq!(device.unwrap().certificate_id.as_deref(), id);
    }
}
