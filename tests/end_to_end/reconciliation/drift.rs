//! Everything that can be wrong at once.

use super::{
    at_once, attach, certificate, found, reconcile, report_only, status, text, write,
    write_certificate,
};
use crate::fleets::claimant::Claimant;
use crate::rotation::yard::{Yard, id_of, today};
use crate::support::{Stack, wait_until};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_iot::types::{AttributePayload, CertificateStatus};
use muster_documents::Serial;
use muster_documents::reconciliation_tasks::Finding;
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::rotation::{Day, shard_of, shard_on};
use muster_pki::DeviceKey;

/// A serial whose thing is looked up today.
fn todays() -> String {
    let shard = shard_on(today());
    let mut all = (0..).map(|number| format!("todays-{number}"));
    all.find(|name| shard_of(&Serial::new(name.as_str()).unwrap()) == shard)
        .unwrap()
}

/// A device that an execution of long ago has left behind, with thing and certificate; the certificate's id.
pub async fn leave_behind(stack: &Stack, serial: &str) -> String {
    let (id, arn) = certificate(stack).await;
    let made_here = AttributePayload::builder().attributes("madeBy", "muster");
    let thing = stack.iot().create_thing().thing_name(serial);
    let thing = thing.attribute_payload(made_here.build());
    thing.send().await.unwrap();
    attach(stack, serial, &arn).await;
    let der = AttributeValue::B(aws_sdk_dynamodb::primitives::Blob::new(*b"der"));
    let item = [
        ("state", Some(text("provisioning"))),
        ("enrolledBy", Some(text("import"))),
        ("execution", Some(text("long-gone"))),
        ("pendingCertificateId", Some(text(&id))),
        ("pendingCertificateArn", Some(text(&arn))),
        ("pendingCertificateDer", Some(der)),
        ("updatedAt", Some(text("2026-01-01T00:00:00.000Z"))),
    ];
    write(stack, serial, &item).await;
    id
}

/// Which things and certificates there are, and how the devices stand in the ledger.
async fn everything(stack: &Stack) -> (Vec<String>, Vec<Option<String>>, usize) {
    let ids = stack.certificates().await;
    let mut statuses = Vec::new();
    for id in &ids {
        statuses.push(status(stack, id).await);
    }
    let items = stack.ledger().await;
    let devices = items.iter().filter(|item| {
        let pk = item["pk"].as_s().unwrap();
        pk.starts_with("device#")
    });
    (stack.things().await, statuses, devices.count())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_found_reported_and_repaired_and_devices_live_on() {
    let yard = Yard::with(&[]).await;
    let stack = yard.stack();
    // Nothing is wrong with it.
    let sound = yard.member("sound-1").await;
    // An execution has left these behind: on its way in, and on its way to a next certificate.
    let pending = leave_behind(stack, "left-1").await;
    yard.member("left-2").await;
    let key = [("pendingFingerprint", Some(text("ab")))];
    write(stack, "left-2", &key).await;
    // It would never have been asked.
    yard.member("forgotten-1").await;
    write(stack, "forgotten-1", &[("rotationDay", None)]).await;
    // It was asked for a year later, since certificates might get older then.
    yard.member("late-1").await;
    let late = today().plus(800);
    yard.set_days("late-1", "state", &[("rotationDay", late)])
        .await;
    // Its old certificate is active still.
    yard.member("renewed-1").await;
    let (old, old_arn) = certificate(stack).await;
    attach(stack, "renewed-1", &old_arn).await;
    let retiring = [("retiringCertificateId", Some(text(&old)))];
    write(stack, "renewed-1", &retiring).await;
    write_certificate(stack, "renewed-1", &old).await;
    // Nobody was told that somebody has edited its date; and nobody that it is gone.
    yard.member("edited-1").await;
    let dated: Day = "20260201".parse().unwrap();
    let days = [("issuedOn", dated), ("rotationDay", dated.plus(365))];
    yard.set_days("edited-1", "state", &days).await;
    yard.member("undated-1").await;
    stack.disable_rule("RegistryRule").await;
    let left = AttributePayload::builder().attributes("version", "muster-1");
    let erased = stack.iot().update_thing().thing_name("undated-1");
    let erased = erased.attribute_payload(left.merge(false).build());
    erased.send().await.unwrap();
    // Nobody's.
    let (orphan, _) = certificate(stack).await;
    // Asked for, and never provisioned.
    let mut claimant = Claimant::connect(stack, &yard.field().unpacked.claim(), "nobody").await;
    let unused = claimant.certificate(&DeviceKey::generate().unwrap()).await;
    let unused = unused.certificate_id();
    // Somebody else's.
    let thing = stack.iot().create_thing().thing_name("lamp");
    thing.send().await.unwrap();
    // Its thing is gone.
    let lost = todays();
    yard.member(&lost).await;
    let arns = stack.iot().list_thing_principals().thing_name(&lost);
    let arns = arns.send().await.unwrap().principals.unwrap();
    let detached = stack.iot().detach_thing_principal();
    let detached = detached.thing_name(&lost).principal(&arns[0]);
    detached.send().await.unwrap();
    let deleted = stack.iot().delete_thing().thing_name(&lost);
    deleted.send().await.unwrap();
    // Somebody has shut it.
    let shut = yard.member("shut-1").await;
    let inactive = stack.iot().update_certificate();
    let inactive = inactive.certificate_id(id_of(&shut));
    let inactive = inactive.new_status(CertificateStatus::Inactive);
    inactive.send().await.unwrap();

    let repaired = [
        (Finding::DeviceStuck, "left-1"),
        (Finding::DeviceStuck, "left-2"),
        (Finding::RotationDayWrong, "forgotten-1"),
        (Finding::RotationDayWrong, "late-1"),
        (Finding::RetirementUnfinished, "renewed-1"),
        (Finding::DateDiffers, "edited-1"),
        (Finding::DateMissing, "undated-1"),
        (Finding::NeverProvisioned, unused.as_str()),
        (Finding::Orphan, orphan.as_str()),
    ];
    let reported = [
        (Finding::ThingMissing, lost.as_str()),
        (Finding::CertificateShut, "shut-1"),
        (Finding::ThingUnknown, "lamp"),
    ];
    let sorted = |repairs: bool| {
        let repaired = repaired
            .iter()
            .map(|(what, of)| (*what, (*of).to_owned(), repairs));
        let reported = reported
            .iter()
            .map(|(what, of)| (*what, (*of).to_owned(), false));
        let mut all: Vec<_> = repaired.chain(reported).collect();
        all.sort();
        all
    };

    let before = everything(stack).await;
    let run = reconcile(stack, &report_only()).await;
    assert_eq!(found(&run), sorted(false));
    assert_eq!(everything(stack).await, before);

    let run = reconcile(stack, &at_once()).await;
    assert_eq!(found(&run), sorted(true));

    let left = yard.held("left-1").await;
    assert_eq!(left.state, Some(DeviceState::Known));
    assert_eq!(status(stack, &pending).await, None);
    assert!(!stack.things().await.contains(&"left-1".to_owned()));
    assert_eq!(status(stack, &unused).await, None);
    assert_eq!(status(stack, &orphan).await.as_deref(), Some("INACTIVE"));
    wait_until("the old certificate to be retired", || async {
        let retired = status(stack, &old).await.as_deref() == Some("INACTIVE");
        retired.then_some(())
    })
    .await;
    let issued_on = yard.held("sound-1").await.issued_on.unwrap();
    yard.follows("edited-1", &issued_on.to_string()).await;
    let date = yard.date("undated-1").await;
    assert_eq!(date, Some(issued_on.to_string()));
    assert!(yard.connects("sound-1", &sound).await);

    // There is nothing left but what somebody has to decide.
    let again = found(&reconcile(stack, &at_once()).await);
    let mut left: Vec<_> = sorted(true);
    left.retain(|(_, _, repaired)| !repaired);
    assert_eq!(again, left);
}
