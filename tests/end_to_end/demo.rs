//! The demo on a stack that stays: it shows every way in and renewed certificates, and takes everything away again.

use crate::authorities::vault::vault;
use crate::support::{Stack, wait_until};
use aws_sdk_iot::types::CertificateStatus;
use muster::demo::{self, Demo, Leavings, Report, Routes, Way};
use muster::output::Output;
use std::future::Future;

/// Plays a demo to its end.
async fn play(stack: &Stack, demo: Demo, leavings: &Leavings) -> Report {
    let output = Output::new(false);
    let played = demo::run(&stack.target, &demo, leavings, &output);
    let report = Box::pin(played).await.unwrap();
    let failed: Vec<_> = report.failures.iter().map(|one| &one.reason).collect();
    assert!(failed.is_empty(), "{failed:?}");
    report
}

/// Plays a demo until something has happened, which has to be before its end, and cleans up.
async fn stop(stack: &Stack, demo: Demo, when: impl Future<Output = ()>) {
    let (output, leavings) = (Output::new(false), Leavings::default());
    let played = Box::pin(demo::run(&stack.target, &demo, &leavings, &output));
    tokio::select! {
        ended = played => panic!("too early: {ended:?}"),
        () = when => {}
    }
    clean_up(stack, &leavings).await;
}

fn demo(routes: Routes, devices: u16) -> Demo {
    Demo {
        routes,
        devices,
        at_once: 4,
        packet_size: 256,
        rotate: false,
    }
}

/// With the devices' rotations.
fn rotating(routes: Routes, devices: u16) -> Demo {
    Demo {
        rotate: true,
        ..demo(routes, devices)
    }
}

async fn clean_up(stack: &Stack, leavings: &Leavings) {
    let output = Output::new(false);
    let cleaned = demo::clean_up(&stack.target, leavings, &output);
    cleaned.await.unwrap();
}

/// How many of a thing's certificates are active, and how many it has.
async fn active_of(stack: &Stack, thing: &str) -> (usize, usize) {
    let listed = stack.iot().list_thing_principals().thing_name(thing);
    let listed = listed.send().await.unwrap();
    let mut active = 0;
    for arn in listed.principals() {
        let id = arn.rsplit('/').next().unwrap();
        let described = stack.iot().describe_certificate().certificate_id(id);
        let described = described.send().await.unwrap();
        let status = described.certificate_description().unwrap().status();
        active += usize::from(status == Some(&CertificateStatus::Active));
    }
    (active, listed.principals().len())
}

/// Until a device has been given another certificate.
async fn another_certificate(stack: &Stack) {
    wait_until("another certificate", || async {
        let items = stack.ledger().await;
        let beside = items.iter().any(|item| item.contains_key("standing"));
        beside.then_some(())
    })
    .await;
}

/// Looks for everything that a demo makes, kind by kind. Of the ledger, what expires may stay.
async fn assert_nothing_is_left(stack: &Stack) {
    assert_eq!(stack.things().await, [""; 0], "things");
    assert_eq!(stack.certificates().await, [""; 0], "certificates");
    let policy = stack.output("DevicePolicyName");
    let targets = stack.iot().list_targets_for_policy().policy_name(policy);
    let targets = targets.send().await.unwrap();
    assert_eq!(targets.targets(), [""; 0], "what the policy is attached to");
    let authorities = stack.target.authorities().list().await.unwrap();
    assert_eq!(authorities, [], "CAs");
    let files: Vec<_> = vault(stack).await.into_keys().collect();
    assert_eq!(files, [""; 0], "the vault's files");
    let templates = stack.iot().list_provisioning_templates().send().await;
    assert_eq!(templates.unwrap().templates(), [], "provisioning templates");
    let own = format!("claim#{}", stack.claim_id);
    for item in stack.ledger().await {
        let key = item["pk"].as_s().unwrap();
        assert!(*key == own || item.contains_key("expiresAt"), "{item:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_in_is_shown_and_nothing_is_left_of_it() {
    let stack = Stack::start(&[("LegacyMode", "on")]).await;
    let leavings = Leavings::default();
    let report = play(&stack, demo(Routes::All, 12), &leavings).await;
    assert!(report.rotations.is_empty(), "nobody has asked for them");
    let shown: Vec<_> = report.routes.iter().map(|route| route.mode).collect();
    assert_eq!(shown, Way::ALL);
    for route in &report.routes {
        assert_eq!((route.devices, route.provisioned), (2, 2), "{route:?}");
        let over_mqtt = matches!(route.mode, Way::Chunked | Way::Legacy | Way::Fleet);
        assert_eq!(route.packets_per_device.is_some(), over_mqtt, "{route:?}");
        // One with the claim certificate and one with their own; or one that is closed, and one that is let in. Whoever
        // asks over HTTPS connects with its own certificate alone.
        let fewest = if route.mode == Way::Vending { 1.0 } else { 2.0 };
        assert!(route.connections_per_device >= fewest, "{route:?}");
    }
    assert_eq!(stack.things().await.len(), 12);
    assert_eq!(stack.target.authorities().list().await.unwrap().len(), 2);
    clean_up(&stack, &leavings).await;
    assert_nothing_is_left(&stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_renew_their_certificates_and_neither_the_old_nor_the_new_ones_are_left() {
    let stack = Stack::start(&[("LegacyMode", "on")]).await;
    let leavings = Leavings::default();
    let report = play(&stack, rotating(Routes::All, 12), &leavings).await;
    let shown: Vec<_> = report.rotations.iter().map(|one| one.mode).collect();
    assert_eq!(shown, [Way::Chunked, Way::Fleet, Way::Vending]);
    for rotation in &report.rotations {
        let counted = (rotation.devices, rotation.rotated);
        assert_eq!(counted, (2, 2), "{rotation:?}");
    }
    let mut renewed = 0;
    for thing in stack.things().await {
        let (active, all) = active_of(&stack, &thing).await;
        assert_eq!(active, 1, "{thing}");
        renewed += usize::from(all == 2);
    }
    assert_eq!(renewed, 6, "things that have their old certificate still");
    clean_up(&stack, &leavings).await;
    assert_nothing_is_left(&stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_is_stopped_while_its_devices_renew_their_certificates_leaves_nothing_either() {
    let stack = Stack::start(&[("DeliveryTimeoutSeconds", "10")]).await;
    let given = another_certificate(&stack);
    stop(&stack, rotating(Routes::Claim, 8), given).await;
    stack.settled_of("ChunkedRotationStateMachineArn").await;
    assert_nothing_is_left(&stack).await;

    let given = another_certificate(&stack);
    stop(&stack, rotating(Routes::Fleet, 1), given).await;
    assert_nothing_is_left(&stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_is_stopped_while_its_ca_is_made_leaves_nothing_either() {
    let stack = Stack::start(&[]).await;
    let authorities = stack.target.authorities();
    let made = wait_until("a CA in the making", || async {
        let listed = authorities.list().await.unwrap();
        (!listed.is_empty()).then_some(())
    });
    stop(&stack, demo(Routes::Jitr, 8), made).await;
    assert_nothing_is_left(&stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_is_stopped_while_its_workflow_lets_devices_in_leaves_nothing_either() {
    let stack = Stack::start(&[]).await;
    let come = wait_until("a device that has come in", || async {
        (!stack.things().await.is_empty()).then_some(())
    });
    stop(&stack, demo(Routes::Jitr, 8), come).await;
    stack.settled_of("JitrActivationStateMachineArn").await;
    assert_nothing_is_left(&stack).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_has_no_room_is_asked_again() {
    let stack = Stack::start(&[("ApiRateLimit", "1"), ("ApiBurstLimit", "1")]).await;
    let report = play(&stack, demo(Routes::Jitp, 4), &Leavings::default()).await;
    assert_eq!(report.claim, None, "no claim certificate is made for this");
    assert_eq!(report.routes.len(), 1);
    assert_eq!(report.routes[0].provisioned, 4);
}
