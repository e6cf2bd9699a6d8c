mod cloud;

use cloud::Cloud;
use muster_documents::Serial;
use muster_documents::reconciliation_tasks::{Finding, Reconcile, Reconciled, Report};
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::ports::{Certificate, WalkedDevice};
use muster_onboarding::rotation::{Day, shard_of, shard_on};

const DAY: i64 = 86_400_000;
/// 2026-02-01, in milliseconds.
const NOW: i64 = 1_769_904_000_000;

fn certificate(id: &str) -> Certificate {
    Certificate {
        id: id.to_owned(),
        arn: format!("arn:cert/{id}"),
        der: Vec::new(),
    }
}

/// A device with the certificate `first` in force since a month, and nothing wrong with it.
fn device() -> WalkedDevice {
    let mut device = WalkedDevice::default();
    device.held.state = Some(DeviceState::Provisioned);
    device.held.execution = Some("run-1".to_owned());
    device.held.current = Some(certificate("first"));
    device.held.issued_on = Some("20260101".parse().unwrap());
    device.rotation_day = Some("20270101".parse().unwrap());
    device.written_at = Some(NOW - 31 * DAY);
    device
}

/// A serial whose thing is looked up today, or not.
fn serial(todays: bool) -> Serial {
    let mut all = (0..).map(|number| Serial::new(format!("sensor-{number}")).unwrap());
    let shard = shard_on(Day::of(NOW));
    all.find(|serial| (shard_of(serial) == shard) == todays)
        .unwrap()
}

async fn reconcile(cloud: &Cloud, repair: bool) -> Reconciled {
    let task = Reconcile {
        segment: 0,
        segments: 1,
        after: None,
        repair,
        deactivate_orphans: false,
        settle_hours: 24,
        report: Report::default(),
    };
    cloud.reconciler().reconcile(NOW, task).await.unwrap()
}

/// What is found of one device, and what is done about it.
async fn found(serial: Serial, device: WalkedDevice) -> (Vec<Finding>, Vec<String>, Reconciled) {
    let cloud = Cloud::default();
    let arns = vec!["arn:cert/first".to_owned()];
    cloud.state().things.insert(serial.to_string(), arns);
    cloud.state().pages = vec![vec![(serial, device)]];
    let answer = reconcile(&cloud, true).await;
    let findings = answer.report.named.iter().map(|named| named.finding);
    let done = cloud.state().done.clone();
    (findings.collect(), done, answer)
}

#[tokio::test]
async fn a_device_with_which_nothing_is_wrong_is_left_alone() {
    let (findings, done, answer) = found(serial(false), device()).await;
    assert!(findings.is_empty() && done.is_empty());
    assert_eq!((answer.report.seen, answer.lookups), (1, 0));
    let serial = serial(true);
    let (findings, done, answer) = found(serial.clone(), device()).await;
    assert!(findings.is_empty());
    assert_eq!(done, [format!("look up {serial}")]);
    assert_eq!(answer.lookups, 1);
}

#[tokio::test]
async fn whom_an_execution_has_left_behind_is_given_free() {
    let begin: [fn(&mut WalkedDevice); 4] = [
        |device| {
            device.held.state = Some(DeviceState::Provisioning);
            device.held.current = None;
        },
        |device| device.held.pending = Some(certificate("second")),
        |device| device.held.undoing = Some("run-1".to_owned()),
        |device| device.rotating = Some("key".to_owned()),
    ];
    for begin in begin {
        let mut device = device();
        begin(&mut device);
        let (findings, _, answer) = found(serial(true), device).await;
        assert_eq!(findings, [Finding::DeviceStuck]);
        assert_eq!(answer.stuck.len(), 1);
        assert_eq!(answer.stuck[0].execution, "run-1");
    }
}

#[tokio::test]
async fn a_certificate_that_works_is_not_taken_from_its_device_though_nobody_recorded_it() {
    let cloud = Cloud::default();
    let mut device = device();
    device.held.state = Some(DeviceState::Provisioning);
    device.held.pending = Some(certificate("second"));
    let policies = vec!["devices".to_owned()];
    let arn = "arn:cert/second".to_owned();
    cloud.state().policies.insert(arn, policies);
    cloud.state().pages = vec![vec![(serial(true), device)]];
    let answer = reconcile(&cloud, true).await;
    assert_eq!(answer.report.named[0].finding, Finding::DeviceStuck);
    assert!(!answer.report.named[0].repaired && answer.stuck.is_empty());
}

#[tokio::test]
async fn whom_an_operator_has_begun_to_release_is_reported() {
    let mut device = device();
    device.held.undoing = Some("release-1".to_owned());
    device.held.execution = Some("release-1".to_owned());
    let (findings, _, answer) = found(serial(true), device).await;
    assert_eq!(findings, [Finding::DeviceStuck]);
    assert!(!answer.report.named[0].repaired && answer.stuck.is_empty());
}

#[tokio::test]
async fn whom_an_execution_is_at_is_left_alone() {
    let mut held = device();
    held.held.pending = Some(certificate("second"));
    // It was begun within the last day.
    let mut young = held.clone();
    young.written_at = Some(NOW - DAY + 1);
    let (findings, done, _) = found(serial(true), young).await;
    assert!(findings.is_empty() && done.is_empty());
    // It waits for long.
    let cloud = Cloud::default();
    cloud.state().running.insert("run-1".to_owned());
    cloud.state().pages = vec![vec![(serial(true), held)]];
    let answer = reconcile(&cloud, true).await;
    assert!(answer.report.found.is_empty() && answer.stuck.is_empty());
}

#[tokio::test]
async fn a_certificate_that_was_replaced_and_is_active_still_is_retired() {
    let mut device = device();
    device.held.rotation.retiring = Some("zeroth".to_owned());
    let serial = serial(false);
    let (findings, done, _) = found(serial.clone(), device).await;
    assert_eq!(findings, [Finding::RetirementUnfinished]);
    assert_eq!(done, [format!("{serial} connected with first")]);
}

#[tokio::test]
async fn a_day_that_is_missing_or_too_late_is_written() {
    for day in [None, Some("20280101")] {
        let mut device = device();
        device.rotation_day = day.map(|day| day.parse().unwrap());
        let serial = serial(false);
        let (findings, done, _) = found(serial.clone(), device).await;
        assert_eq!(findings, [Finding::RotationDayWrong]);
        assert_eq!(done, [format!("{serial} on 20270101")]);
    }
}

#[tokio::test]
async fn a_day_that_somebody_else_writes_meanwhile_is_theirs() {
    let cloud = Cloud::default();
    let mut device = device();
    device.rotation_day = None;
    cloud.state().overtaken = true;
    cloud.state().pages = vec![vec![(serial(false), device)]];
    let answer = reconcile(&cloud, true).await;
    assert_eq!((answer.report.found.len(), answer.report.failed), (0, 0));
}

#[tokio::test]
async fn a_device_whose_thing_or_certificate_is_gone_is_reported() {
    let cloud = Cloud::default();
    let serial = serial(true);
    cloud.state().pages = vec![vec![(serial.clone(), device())]];
    let answer = reconcile(&cloud, true).await;
    assert_eq!(answer.report.named[0].finding, Finding::ThingMissing);
    let others = vec!["arn:cert/another".to_owned()];
    cloud.state().things.insert(serial.to_string(), others);
    let answer = reconcile(&cloud, true).await;
    assert_eq!(answer.report.named[0].finding, Finding::CertificateMissing);
    assert!(!answer.report.named[0].repaired);
}

#[tokio::test]
async fn a_device_that_was_handed_its_certificate_may_not_have_connected_yet() {
    let cloud = Cloud::default();
    let mut device = device();
    device.held.execution = Some("handed-out-first".to_owned());
    cloud.state().pages = vec![vec![(serial(true), device)]];
    let answer = reconcile(&cloud, true).await;
    assert!(answer.report.found.is_empty());
}

#[tokio::test]
async fn without_repairs_all_is_found_and_nothing_done() {
    let cloud = Cloud::default();
    let mut stuck = device();
    stuck.held.pending = Some(certificate("second"));
    let mut retiring = device();
    retiring.held.rotation.retiring = Some("zeroth".to_owned());
    retiring.rotation_day = None;
    cloud.state().pages = vec![vec![(serial(false), stuck), (serial(false), retiring)]];
    let answer = reconcile(&cloud, false).await;
    let counts = answer
        .report
        .found
        .iter()
        .map(|found| (found.count, found.repaired));
    assert!(counts.eq([(1, 0); 3]));
    assert!(answer.stuck.is_empty());
    assert!(cloud.state().done.is_empty());
}

#[tokio::test]
async fn a_call_that_fails_stands_in_the_way_of_no_other_device() {
    let cloud = Cloud::default();
    let first = serial(true);
    cloud.state().failing = Some(first.to_string());
    let mut second = device();
    second.rotation_day = None;
    cloud.state().pages = vec![vec![(first, device())], vec![(serial(false), second)]];
    let answer = reconcile(&cloud, true).await;
    assert_eq!((answer.report.seen, answer.report.failed), (2, 1));
    assert_eq!(answer.report.named[0].finding, Finding::RotationDayWrong);
}

#[tokio::test]
async fn an_invocation_ends_when_it_has_done_enough_and_says_where() {
    let cloud = Cloud::default();
    let serial = serial(true);
    let page: Vec<_> = (0..60).map(|_| (serial.clone(), device())).collect();
    cloud.state().pages = vec![page; 4];
    let answer = reconcile(&cloud, true).await;
    assert_eq!((answer.report.seen, answer.lookups), (120, 120));
    let task = Reconcile {
        segment: 0,
        segments: 1,
        after: answer.after,
        repair: true,
        deactivate_orphans: false,
        settle_hours: 24,
        report: answer.report,
    };
    let answer = cloud.reconciler().reconcile(NOW, task).await.unwrap();
    assert_eq!((answer.report.seen, answer.lookups), (240, 120));
    assert_eq!(answer.after, None);
}
