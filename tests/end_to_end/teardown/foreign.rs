//! What is somebody else's, or was there before Muster.

use super::account::Account;
use super::{take_down, terms};
use crate::support::{Authority, OURS, Stack};
use aws_sdk_iot::types::AttributePayload;
use edge_client::Mode;
use muster::adoption::{Wanted, Which, adopt};
use muster::teardown::{Kind, Report};
use muster_cloud::operator::Listed;

/// A thing, with attributes.
async fn thing(stack: &Stack, name: &str, attributes: &[(&str, &str)]) {
    let mut payload = AttributePayload::builder();
    for (name, value) in attributes {
        payload = payload.attributes(*name, *value);
    }
    let made = stack.iot().create_thing().thing_name(name);
    let made = made.attribute_payload(payload.build());
    made.send().await.unwrap();
}

/// An active certificate that AWS IoT makes: its id and its ARN.
async fn certificate(stack: &Stack) -> (String, String) {
    let made = stack.iot().create_keys_and_certificate();
    let made = made.set_as_active(true).send().await.unwrap();
    (made.certificate_id.unwrap(), made.certificate_arn.unwrap())
}

async fn attach(stack: &Stack, thing: Option<&str>, policy: Option<&str>, arn: &str) {
    let iot = stack.iot();
    if let Some(thing) = thing {
        let attached = iot.attach_thing_principal().thing_name(thing);
        attached.principal(arn).send().await.unwrap();
    }
    if let Some(policy) = policy {
        let attached = iot.attach_policy().policy_name(policy).target(arn);
        attached.send().await.unwrap();
    }
}

/// Takes a device over that was there before Muster.
async fn adopt_one(stack: &Stack, name: &str) {
    let wanted = Wanted {
        which: Which::Listed(Listed::All),
        fleet: None,
        model: None,
        spread_days: 1,
        attach_policy: true,
        date_things: false,
        dry_run: false,
    };
    let report = adopt(&stack.target, &wanted, 1_800_000_000_000, |_, _| {}).await;
    let report = report.unwrap();
    let adopted: Vec<_> = report
        .adopted
        .iter()
        .map(|one| one.serial.as_str())
        .collect();
    assert_eq!(adopted, [name]);
}

fn reason(report: &Report, kind: Kind, name: &str) -> &'static str {
    let found = report.kept.get(&(kind, name.to_owned()));
    found.copied().unwrap_or("it is not listed")
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_things_certificates_and_policies_stay_and_are_listed() {
    let (before, stack) = tokio::join!(Account::before(), Stack::start(&[]));
    let iot = stack.iot();
    thing(&stack, "adopted-1", &[]).await;
    let (adopted, arn) = certificate(&stack).await;
    attach(&stack, Some("adopted-1"), None, &arn).await;
    adopt_one(&stack, "adopted-1").await;
    iot.create_policy()
        .policy_name("theirs")
        .policy_document(r#"{"Version":"2012-10-17","Statement":[]}"#)
        .send()
        .await
        .unwrap();
    thing(&stack, "theirs-1", &[("madeBy", "them")]).await;
    let (theirs, arn) = certificate(&stack).await;
    attach(&stack, Some("theirs-1"), Some("theirs"), &arn).await;
    thing(&stack, "another-stacks-1", &[OURS]).await;
    // With a policy of the stack's, by hand.
    let (by_hand, arn) = certificate(&stack).await;
    attach(&stack, None, Some(stack.output("DevicePolicyName")), &arn).await;
    let (claim, arn) = certificate(&stack).await;
    attach(&stack, None, Some("theirs"), &arn).await;
    let claims = stack.target.claims().unwrap();
    claims.adopt(&claim, "line-1", 0).await.unwrap();
    let ca = Authority::register(&stack, &[OURS]).await;
    // A thing that was there before its device came in.
    thing(&stack, "sensor-1", &[("place", "roof")]).await;
    stack.import("sensor-1").await;
    stack.provision("sensor-1", Mode::Chunked).await.unwrap();

    let (planned, done) = take_down(&stack, terms()).await;

    assert!(done.is_clean(), "{:?}", done.left);
    assert_eq!(planned.kept, done.kept);
    let after = Account::of(&stack).await;
    for (kind, there) in [
        (
            "things",
            vec!["adopted-1", "another-stacks-1", "sensor-1", "theirs-1"],
        ),
        ("iotPolicies", vec!["theirs"]),
        ("authorities", vec![&*ca.id]),
    ] {
        let names: Vec<_> = after.of_kind(kind).iter().map(String::as_str).collect();
        assert_eq!(names, there, "{kind}");
    }
    let certificates = [&adopted, &theirs, &by_hand, &claim].map(Clone::clone);
    assert_eq!(*after.of_kind("certificates"), certificates.into());
    assert_eq!(after.of_kind("tables"), before.of_kind("tables"));
    for (kind, name, why) in [
        (Kind::Certificate, &*adopted, "was adopted with it"),
        (Kind::Thing, "adopted-1", "adopted device"),
        (Kind::Certificate, &*theirs, "not Muster's"),
        (Kind::Thing, "theirs-1", "not Muster's"),
        (Kind::Thing, "another-stacks-1", "has Muster's mark"),
        (Kind::Thing, "sensor-1", "before Muster"),
        (Kind::Certificate, &*by_hand, "the ledger does not know it"),
        (Kind::Certificate, &*claim, "another system has made it"),
        (Kind::Authority, &*ca.id, "registered by hand"),
    ] {
        let said = reason(&done, kind, name);
        assert!(said.contains(why), "{name}: {said}");
    }
    assert_eq!(done.kept.len(), 9);
    let described = iot.describe_certificate().certificate_id(&theirs).send();
    let described = described.await.unwrap().certificate_description.unwrap();
    assert_eq!(described.status.unwrap().as_str(), "ACTIVE");
    let things = iot
        .list_principal_things()
        .set_principal(described.certificate_arn);
    assert_eq!(things.send().await.unwrap().things(), ["theirs-1"]);
}
