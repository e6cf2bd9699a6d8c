//! Everything that can be wrong at once.

use super::{
    at_once, attach, certificate, found, reconcile, report_only, status, text, write,
    write_certificate,
};
use crate::fleets::claimant::Claimant;
use crate::metrics::counted;
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

/// Things with their dates, certificates with their statuses, and the ledger but for what runs write of themselves.
async fn everything(yard: &Yard) -> Vec<String> {
    let stack = yard.stack();
    let mut all = Vec::new();
    for thing in stack.things().await {
        let date = yard.date(&thing).await;
        all.push(format!("{thing} {date:?}"));
    }
    for id in stack.certificates().await {
        all.push(format!("{id} {:?}", status(stack, &id).await));
    }
    for item in stack.ledger().await {
        let pk = item["pk"].as_s().unwrap();
        if pk.starts_with("device#") {
            let mut attributes: Vec<_> = item.iter().collect();
            attributes.sort_by_key(|(name, _)| *name);
            all.push(format!("{attributes:?}"));
        }
    }
    all.sort();
    all
}

/// The ids of certificates and devices in a stack where all is wrong that can be.
struct Disorder {
    /// The certificate of `left-1`, which an execution has left behind.
    pending: String,
    /// The certificate before of `renewed-1`.
    old: String,
    /// A certificate that is nobody's.
    orphan: String,
    /// A certificate that was never provisioned.
    unused: String,
    /// The device whose thing is gone.
    lost: String,
}

impl Disorder {
    async fn make(yard: &Yard) -> Self {
        let stack = yard.stack();
        let pending = leave_behind(stack, "left-1").await;
        // A device's own first connection would finish what is to be left unfinished.
        stack.disable_rule("PresenceRule").await;
        let disorder = Self {
            pending,
            old: of_devices(yard).await,
            orphan: certificate(stack).await.0,
            unused: never_provisioned(yard).await,
            lost: lose(yard).await,
        };
        of_things(yard).await;
        disorder
    }
}

/// What the ledger says wrongly of its devices; the id of the certificate that is to be retired.
async fn of_devices(yard: &Yard) -> String {
    let stack = yard.stack();
    for serial in ["left-2", "forgotten-1", "late-1", "renewed-1"] {
        yard.member(serial).await;
    }
    // On its way to a next certificate, an execution has left it behind.
    let key = [("pendingFingerprint", Some(text("ab")))];
    write(stack, "left-2", &key).await;
    // It would never have been asked.
    write(stack, "forgotten-1", &[("rotationDay", None)]).await;
    // It was to be asked later, when certificates might get older.
    let late = today().plus(800);
    let days = [("rotationDay", late)];
    yard.set_days("late-1", "state", &days).await;
    // Its old certificate is active still.
    let (old, old_arn) = certificate(stack).await;
    attach(stack, "renewed-1", &old_arn).await;
    let retiring = [("retiringCertificateId", Some(text(&old)))];
    write(stack, "renewed-1", &retiring).await;
    write_certificate(stack, "renewed-1", &old).await;
    old
}

/// What things and certificates say wrongly.
async fn of_things(yard: &Yard) {
    let stack = yard.stack();
    for serial in ["edited-1", "undated-1"] {
        yard.member(serial).await;
    }
    // Nobody was told that somebody has edited a date, and that another is gone.
    let dated: Day = "20260201".parse().unwrap();
    let days = [("issuedOn", dated), ("rotationDay", dated.plus(365))];
    yard.set_days("edited-1", "state", &days).await;
    stack.disable_rule("RegistryRule").await;
    let left = AttributePayload::builder().attributes("version", "muster-1");
    let erased = stack.iot().update_thing().thing_name("undated-1");
    let erased = erased.attribute_payload(left.merge(false).build());
    erased.send().await.unwrap();
    // Somebody else's.
    let thing = stack.iot().create_thing().thing_name("lamp");
    thing.send().await.unwrap();
    // Somebody has shut it.
    let shut = yard.member("shut-1").await;
    let inactive = stack.iot().update_certificate();
    let inactive = inactive.certificate_id(id_of(&shut));
    let inactive = inactive.new_status(CertificateStatus::Inactive);
    inactive.send().await.unwrap();
}

/// A certificate that a device asked for, and went no further; its id.
async fn never_provisioned(yard: &Yard) -> String {
    let claim = yard.field().unpacked.claim();
    let mut claimant = Claimant::connect(yard.stack(), &claim, "nobody").await;
    let made = claimant.certificate(&DeviceKey::generate().unwrap()).await;
    made.certificate_id()
}

/// A device whose thing is gone, and is looked up today.
async fn lose(yard: &Yard) -> String {
    let (iot, lost) = (yard.stack().iot(), todays());
    yard.member(&lost).await;
    let arns = iot.list_thing_principals().thing_name(&lost);
    let arns = arns.send().await.unwrap().principals.unwrap();
    let detached = iot.detach_thing_principal().thing_name(&lost);
    detached.principal(&arns[0]).send().await.unwrap();
    let deleted = iot.delete_thing().thing_name(&lost);
    deleted.send().await.unwrap();
    lost
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_found_reported_and_repaired_and_devices_live_on() {
    let yard = Yard::with(&[]).await;
    let stack = yard.stack();
    // Nothing is wrong with it.
    let sound = yard.member("sound-1").await;
    let Disorder {
        pending,
        old,
        orphan,
        unused,
        lost,
    } = Disorder::make(&yard).await;

    let repaired = [
        (Finding::DeviceStuck, "left-1"),
        (Finding::DeviceStuck, "left-2"),
        (Finding::RotationDayWrong, "forgotten-1"),
        (Finding::RotationDayWrong, "late-1"),
        (Finding::RetirementUnfinished, "renewed-1"),
        (Finding::DateDiffers, "edited-1"),
        (Finding::DateMissing, "undated-1"),
        (Finding::Orphan, orphan.as_str()),
    ];
    let reported = [
        (Finding::NeverProvisioned, unused.as_str()),
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

    let before = everything(&yard).await;
    let run = reconcile(stack, &report_only()).await;
    assert_eq!(found(&run), sorted(false));
    assert_eq!(counted(stack, "LostIdentity").await, 1);
    assert_eq!(everything(&yard).await, before);

    let run = reconcile(stack, &at_once()).await;
    assert_eq!(found(&run), sorted(true));

    let left = yard.held("left-1").await;
    assert_eq!(left.state, Some(DeviceState::Known));
    assert_eq!(status(stack, &pending).await, None);
    assert!(!stack.things().await.contains(&"left-1".to_owned()));
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
