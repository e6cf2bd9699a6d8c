mod cloud;

use cloud::Cloud;
use muster_documents::Serial;
use muster_documents::reconciliation_tasks::{Finding, Reconcile, Reconciled, Report};
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::ports::CertificateStanding::{self, Active, Other, Pending, Shut};
use muster_onboarding::ports::{
    Certificate, CertificateOwner, HeldDevice, Overdue, OverdueAction, WalkedCertificate,
};

const DAY: i64 = 86_400_000;
/// 2026-02-01, in milliseconds.
const NOW: i64 = 1_769_904_000_000;

fn sensor() -> Serial {
    Serial::new("sensor-1").unwrap()
}

fn walked(id: &str, standing: CertificateStanding) -> WalkedCertificate {
    WalkedCertificate {
        id: id.to_owned(),
        arn: format!("arn:cert/{id}"),
        standing,
        created_at: NOW - 3 * DAY,
    }
}

/// The device `sensor-1` has the certificate `first` in force. The account has these.
fn cloud(certificates: Vec<WalkedCertificate>) -> Cloud {
    let cloud = Cloud::default();
    let first = Certificate {
        id: "first".to_owned(),
        arn: "arn:cert/first".to_owned(),
        der: Vec::new(),
    };
    let held = HeldDevice {
        current: Some(first),
        ..HeldDevice::default()
    };
    cloud.with(|state| {
        state.devices.insert(sensor(), held);
        let owner = CertificateOwner::InForce(sensor());
        state.owners.insert("first".to_owned(), owner);
        state.pages = vec![certificates];
    });
    cloud
}

async fn reconcile_with(cloud: &Cloud, repair: bool, report: Report) -> Reconciled {
    let task = Reconcile {
        segment: 0,
        segments: 1,
        after: None,
        repair,
        deactivate_orphans: true,
        settle_hours: 24,
        report,
    };
    cloud.reconciler().reconcile(NOW, task).await.unwrap()
}

/// What is found, each with its subject; and what is done.
async fn found(cloud: &Cloud) -> (Vec<(Finding, String)>, Vec<String>) {
    let report = reconcile_with(cloud, true, Report::default()).await.report;
    assert_eq!(report.failed, 0);
    let named = report.named.into_iter();
    let findings = named.map(|named| (named.finding, named.subject));
    (findings.collect(), cloud.state().done.clone())
}

#[tokio::test]
async fn what_somebody_has_is_left_alone() {
    let cloud = cloud(vec![
        walked("first", Active),
        walked("next", Active),
        walked("claim", Active),
        walked("revoked", Shut),
        walked("moving", Other),
    ]);
    cloud.with(|state| {
        let beside = CertificateOwner::Beside(sensor());
        state.owners.insert("next".to_owned(), beside);
        let next = Certificate {
            id: "next".to_owned(),
            arn: "arn:cert/next".to_owned(),
            der: Vec::new(),
        };
        let device = state.devices.get_mut(&sensor()).unwrap();
        device.rotation.next = Some(next);
        let claim = CertificateOwner::Claim;
        state.owners.insert("claim".to_owned(), claim);
    });
    assert_eq!(found(&cloud).await, (vec![], vec![]));
}

#[tokio::test]
async fn what_has_neither_thing_nor_policy_is_set_inactive() {
    let cloud = cloud(vec![walked("lost", Active)]);
    let (findings, done) = found(&cloud).await;
    assert_eq!(findings, [(Finding::Orphan, "lost".to_owned())]);
    assert_eq!(done, ["deactivate lost"]);
}

#[tokio::test]
async fn what_has_a_thing_or_a_policy_is_somebody_elses() {
    let cloud = cloud(vec![walked("a", Active), walked("b", Active)]);
    let some = |text: &str| vec![text.to_owned()];
    cloud.with(|state| {
        state.things.insert("arn:cert/a".to_owned(), some("lamp"));
        state.policies.insert("arn:cert/b".to_owned(), some("open"));
    });
    assert_eq!(found(&cloud).await, (vec![], vec![]));
}

#[tokio::test]
async fn what_is_young_is_left_alone() {
    let young = WalkedCertificate {
        created_at: NOW - DAY + 1,
        ..walked("young", Active)
    };
    let cloud = cloud(vec![young]);
    assert_eq!(found(&cloud).await, (vec![], vec![]));
}

#[tokio::test]
async fn an_unknown_certificate_on_a_devices_thing_is_reported_and_stays() {
    let cloud = cloud(vec![walked("stray", Active)]);
    let things = vec!["sensor-1".to_owned()];
    let arn = "arn:cert/stray".to_owned();
    cloud.state().things.insert(arn, things);
    let (findings, done) = found(&cloud).await;
    assert_eq!(findings, [(Finding::Stray, "stray".to_owned())]);
    assert!(done.is_empty());
}

#[tokio::test]
async fn a_certificate_on_its_way_to_the_device_is_no_stray() {
    let cloud = cloud(vec![walked("pending", Active)]);
    cloud.with(|state| {
        let things = vec!["sensor-1".to_owned()];
        state.things.insert("arn:cert/pending".to_owned(), things);
        let pending = Certificate {
            id: "pending".to_owned(),
            arn: "arn:cert/pending".to_owned(),
            der: Vec::new(),
        };
        state.devices.get_mut(&sensor()).unwrap().pending = Some(pending);
    });
    assert_eq!(found(&cloud).await, (vec![], vec![]));
}

#[tokio::test]
async fn a_certificate_in_force_that_somebody_has_shut_is_reported() {
    let cloud = cloud(vec![walked("first", Shut)]);
    let (findings, done) = found(&cloud).await;
    assert_eq!(
        findings,
        [(Finding::CertificateShut, "sensor-1".to_owned())]
    );
    assert!(done.is_empty());
    // A deadline is no surprise.
    let overdue = Overdue {
        action: OverdueAction::Deactivate,
        certificate_id: "first".to_owned(),
        policies: Vec::new(),
        done: true,
    };
    cloud.with(|state| {
        let device = state.devices.get_mut(&sensor()).unwrap();
        device.rotation.overdue = Some(overdue);
    });
    assert_eq!(found(&cloud).await, (vec![], vec![]));
}

#[tokio::test]
async fn a_registration_that_was_not_seen_to_is_announced_again() {
    let cloud = cloud(vec![walked("brought", Pending), walked("handed", Pending)]);
    for id in ["brought", "handed"] {
        let ca = "ours".to_owned();
        cloud.state().authorities.insert(id.to_owned(), ca);
    }
    let owner = CertificateOwner::Beside(sensor());
    cloud.state().owners.insert("handed".to_owned(), owner);
    let (findings, done) = found(&cloud).await;
    let pending = |id: &str| (Finding::RegistrationPending, id.to_owned());
    assert_eq!(findings, [pending("brought"), pending("handed")]);
    assert_eq!(
        done,
        ["announce brought of ours", "announce handed of ours"]
    );
}

#[tokio::test]
async fn a_replaced_certificate_that_is_active_again_is_a_stray() {
    let cloud = cloud(vec![walked("before", Active)]);
    let owner = CertificateOwner::Beside(sensor());
    cloud.state().owners.insert("before".to_owned(), owner);
    let (findings, done) = found(&cloud).await;
    assert_eq!(findings, [(Finding::Stray, "before".to_owned())]);
    assert!(done.is_empty());
    // Until its retirement is finished it is none.
    cloud.with(|state| {
        let device = state.devices.get_mut(&sensor()).unwrap();
        device.rotation.retiring = Some("before".to_owned());
    });
    assert_eq!(found(&cloud).await, (vec![], vec![]));
}

#[tokio::test]
async fn an_active_certificate_of_an_imported_device_that_is_not_in_is_told_of() {
    let cloud = cloud(vec![walked("own", Active)]);
    let known = HeldDevice {
        state: Some(DeviceState::Known),
        ..HeldDevice::default()
    };
    cloud.with(|state| {
        let things = vec!["sensor-2".to_owned()];
        state.things.insert("arn:cert/own".to_owned(), things);
        let serial = Serial::new("sensor-2").unwrap();
        state.devices.insert(serial, known);
    });
    let (findings, _) = found(&cloud).await;
    assert_eq!(findings, [(Finding::ThingUnknown, "sensor-2".to_owned())]);
}

#[tokio::test]
async fn orphans_are_only_reported_unless_the_stack_says_otherwise() {
    let cloud = cloud(vec![walked("lost", Active)]);
    let task = Reconcile {
        segment: 0,
        segments: 1,
        after: None,
        repair: true,
        deactivate_orphans: false,
        settle_hours: 24,
        report: Report::default(),
    };
    let answer = cloud.reconciler().reconcile(NOW, task).await.unwrap();
    assert_eq!(answer.report.named[0].finding, Finding::Orphan);
    assert!(!answer.report.named[0].repaired && cloud.state().done.is_empty());
}

#[tokio::test]
async fn after_a_week_it_is_only_reported() {
    let old = WalkedCertificate {
        created_at: NOW - 8 * DAY,
        ..walked("brought", Pending)
    };
    let cloud = cloud(vec![old]);
    let ca = "ours".to_owned();
    cloud.state().authorities.insert("brought".to_owned(), ca);
    let (findings, done) = found(&cloud).await;
    assert_eq!(findings.len(), 1);
    assert!(done.is_empty(), "a device locked out could not come back");
}

#[tokio::test]
async fn what_waits_for_others_is_theirs() {
    let cloud = cloud(vec![
        walked("a", Pending),
        walked("b", Pending),
        walked("c", Pending),
    ]);
    for (id, ca) in [("a", "theirs"), ("b", "jitp"), ("c", "shut")] {
        let ca = ca.to_owned();
        cloud.state().authorities.insert(id.to_owned(), ca);
    }
    assert_eq!(found(&cloud).await, (vec![], vec![]));
}

#[tokio::test]
async fn what_was_issued_and_never_provisioned_is_reported() {
    let cloud = cloud(vec![walked("unused", Pending)]);
    let (findings, done) = found(&cloud).await;
    assert_eq!(findings, [(Finding::NeverProvisioned, "unused".to_owned())]);
    assert!(done.is_empty());
}

#[tokio::test]
async fn a_device_that_was_admitted_and_never_provisioned_is_reported() {
    let cloud = cloud(vec![walked("first", Pending)]);
    let (findings, done) = found(&cloud).await;
    assert_eq!(
        findings,
        [(Finding::CertificateShut, "sensor-1".to_owned())]
    );
    assert!(done.is_empty());
}

#[tokio::test]
async fn without_repairs_all_is_found_and_nothing_done() {
    let cloud = cloud(vec![
        walked("lost", Active),
        walked("unused", Pending),
        walked("brought", Pending),
    ]);
    let ca = "ours".to_owned();
    cloud.state().authorities.insert("brought".to_owned(), ca);
    let report = reconcile_with(&cloud, false, Report::default())
        .await
        .report;
    let counts = report
        .found
        .iter()
        .map(|found| (found.count, found.repaired));
    assert!(counts.eq([(1, 0); 3]));
    assert!(cloud.state().done.is_empty());
}

#[tokio::test]
async fn a_call_that_fails_stands_in_the_way_of_no_other_certificate() {
    let cloud = cloud(vec![walked("a", Active), walked("b", Active)]);
    cloud.state().failing = Some("a".to_owned());
    let report = reconcile_with(&cloud, true, Report::default()).await.report;
    assert_eq!((report.seen, report.failed), (2, 1));
    assert_eq!(cloud.state().done, ["deactivate b"]);
}

#[tokio::test]
async fn a_run_looks_up_so_many_and_says_that_there_are_more() {
    let cloud = cloud(vec![walked("lost", Active)]);
    let before = Report {
        lookups: 20_000,
        ..Report::default()
    };
    let report = reconcile_with(&cloud, true, before).await.report;
    assert_eq!(report.named[0].finding, Finding::NotLookedUp);
    assert!(cloud.state().done.is_empty());
}

#[tokio::test]
async fn an_invocation_ends_when_it_has_looked_up_enough_and_says_where() {
    let cloud = cloud(Vec::new());
    let page: Vec<_> = (0..60)
        .map(|number| walked(&format!("lost-{number}"), Active))
        .collect();
    cloud.state().pages = vec![page; 3];
    let answer = reconcile_with(&cloud, true, Report::default()).await;
    assert_eq!((answer.report.seen, answer.lookups), (60, 120));
    assert_eq!(answer.after, Some("1".into()));
}
