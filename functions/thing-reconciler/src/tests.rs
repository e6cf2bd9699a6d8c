use crate::World;
use muster_documents::Serial;
use muster_documents::reconciliation_tasks::{Finding, Reconcile, Reconciled, Report};
use muster_onboarding::ports::{
    ChangeReports, DatedDevice, DatedThings, KnownDevices, ThingDate, ThingWalk, ThingsPage,
    WalkedThing,
};
use muster_onboarding::rotation::Day;
use muster_onboarding::{CloudFailure, FailureKind};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

#[derive(Debug, Default)]
struct State {
    devices: BTreeMap<Serial, DatedDevice>,
    pages: Vec<Vec<WalkedThing>>,
    failing: bool,
    /// Things take no more attributes.
    full: bool,
    done: Vec<String>,
}

/// A ledger, AWS IoT's things and a queue, in memory.
#[derive(Debug, Clone, Default)]
struct Cloud(Arc<Mutex<State>>);

impl Cloud {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn change(&self, what: String) -> Result<(), CloudFailure> {
        let mut state = self.state();
        if state.failing {
            return Err(failed(FailureKind::Throttled));
        }
        state.done.push(what);
        Ok(())
    }
}

fn failed(kind: FailureKind) -> CloudFailure {
    CloudFailure {
        kind,
        action: "test:Call",
        message: "it fails".to_owned(),
        source: None,
    }
}

impl KnownDevices for Cloud {
    async fn known_devices(
        &self,
        serials: &[Serial],
    ) -> Result<BTreeMap<Serial, DatedDevice>, CloudFailure> {
        let state = self.state();
        let known = |serial: &Serial| Some((serial.clone(), *state.devices.get(serial)?));
        Ok(serials.iter().filter_map(known).collect())
    }
}

impl ThingWalk for Cloud {
    async fn walk_things(&self, after: Option<&str>) -> Result<ThingsPage, CloudFailure> {
        let number: usize = after.map_or(0, |after| after.parse().unwrap());
        let pages = &self.state().pages;
        Ok(ThingsPage {
            things: pages[number].clone(),
            after: (number + 1 < pages.len()).then(|| (number + 1).to_string()),
        })
    }
}

impl DatedThings for Cloud {
    async fn date_thing(&self, thing: &Serial, day: Day) -> Result<(), CloudFailure> {
        if self.state().full {
            return Err(failed(FailureKind::Refused));
        }
        self.change(format!("date {thing} {day}"))
    }
}

impl ChangeReports for Cloud {
    async fn report_change(&self, thing: &Serial) -> Result<(), CloudFailure> {
        self.change(format!("{thing} has changed"))
    }
}

fn thing(name: &str, date: ThingDate) -> WalkedThing {
    WalkedThing {
        name: name.to_owned(),
        date,
        made_here: true,
    }
}

fn on(day: &str) -> ThingDate {
    ThingDate::On(day.parse().unwrap())
}

/// The ledger knows `sensor-1`, whose certificate is in force since 2026-01-01.
fn cloud(things: Vec<WalkedThing>) -> Cloud {
    let cloud = Cloud::default();
    let device = DatedDevice {
        provisioned: true,
        issued_on: Some("20260101".parse().unwrap()),
        changing: false,
    };
    let serial = Serial::new("sensor-1").unwrap();
    cloud.state().devices.insert(serial, device);
    cloud.state().pages = vec![things];
    cloud
}

async fn reconcile_from(cloud: &Cloud, repair: bool, before: Reconciled) -> Reconciled {
    let world = World {
        ledger: cloud.clone(),
        things: cloud.clone(),
        dates: cloud.clone(),
        changes: cloud.clone(),
    };
    let task = Reconcile {
        segment: 0,
        segments: 1,
        after: before.after,
        repair,
        deactivate_orphans: false,
        settle_hours: 24,
        report: before.report,
    };
    world.reconcile(task).await.unwrap()
}

async fn reconcile(cloud: &Cloud, repair: bool) -> Report {
    let answer = reconcile_from(cloud, repair, Reconciled::default()).await;
    answer.report
}

/// The finding about one thing, and what is done about it.
async fn found(thing: WalkedThing) -> (Option<Finding>, Vec<String>) {
    let cloud = cloud(vec![thing]);
    let report = reconcile(&cloud, true).await;
    let done = cloud.state().done.clone();
    (report.named.first().map(|named| named.finding), done)
}

#[tokio::test]
async fn a_thing_with_the_ledgers_date_is_left_alone() {
    let (finding, done) = found(thing("sensor-1", on("20260101"))).await;
    assert_eq!((finding, done.len()), (None, 0));
}

#[tokio::test]
async fn a_thing_that_the_ledger_does_not_know_is_reported() {
    let (finding, done) = found(thing("sensor-2", ThingDate::Missing)).await;
    assert_eq!((finding, done.len()), (Some(Finding::ThingUnknown), 0));
    // A thing of this name is no device's.
    let (finding, _) = found(thing("a+b", ThingDate::Missing)).await;
    assert_eq!(finding, None);
}

#[tokio::test]
async fn an_edited_date_is_announced_once_more() {
    let (finding, done) = found(thing("sensor-1", on("20240229"))).await;
    assert_eq!(finding, Some(Finding::DateDiffers));
    assert_eq!(done, ["sensor-1 has changed"]);
}

#[tokio::test]
async fn a_lost_date_is_written_where_muster_made_the_thing() {
    let (finding, done) = found(thing("sensor-1", ThingDate::Missing)).await;
    assert_eq!(finding, Some(Finding::DateMissing));
    assert_eq!(done, ["date sensor-1 20260101"]);
    let operators = WalkedThing {
        made_here: false,
        ..thing("sensor-1", ThingDate::Missing)
    };
    let (finding, done) = found(operators).await;
    assert_eq!((finding, done.len()), (None, 0));
}

#[tokio::test]
async fn a_thing_without_room_for_a_date_is_no_fault() {
    let cloud = cloud(vec![thing("sensor-1", ThingDate::Missing)]);
    cloud.state().full = true;
    let report = reconcile(&cloud, true).await;
    assert_eq!((report.failed, report.found.len()), (0, 0));
}

#[tokio::test]
async fn a_date_that_is_none_is_reported_and_not_touched() {
    let malformed = ThingDate::Malformed("x".repeat(800));
    let cloud = cloud(vec![thing("sensor-1", malformed)]);
    let report = reconcile(&cloud, true).await;
    assert_eq!(report.named[0].finding, Finding::DateMalformed);
    assert!(report.named[0].detail.len() < 100);
    assert!(!report.named[0].repaired && cloud.state().done.is_empty());
}

#[tokio::test]
async fn a_device_that_is_changing_or_has_no_certificate_has_no_date_to_compare() {
    for (provisioned, changing) in [(true, true), (false, false)] {
        let cloud = cloud(vec![thing("sensor-1", on("20240229"))]);
        for device in cloud.state().devices.values_mut() {
            (device.provisioned, device.changing) = (provisioned, changing);
        }
        assert!(reconcile(&cloud, true).await.found.is_empty());
    }
}

#[tokio::test]
async fn without_repairs_all_is_found_and_nothing_done() {
    let things = vec![
        thing("sensor-1", on("20240229")),
        thing("sensor-1", ThingDate::Missing),
    ];
    let cloud = cloud(things);
    let report = reconcile(&cloud, false).await;
    let counts = report
        .found
        .iter()
        .map(|found| (found.count, found.repaired));
    assert!(counts.eq([(1, 0); 2]));
    assert!(cloud.state().done.is_empty());
}

#[tokio::test]
async fn a_call_that_fails_stands_in_the_way_of_no_other_thing() {
    let things = vec![
        thing("sensor-1", on("20240229")),
        thing("sensor-2", ThingDate::Missing),
    ];
    let cloud = cloud(things);
    cloud.state().failing = true;
    let report = reconcile(&cloud, true).await;
    assert_eq!((report.seen, report.failed), (2, 1));
    assert_eq!(report.named[0].finding, Finding::ThingUnknown);
}

#[tokio::test]
async fn pages_go_on_where_the_invocation_before_ended() {
    let cloud = cloud(Vec::new());
    cloud.state().pages = (0..25)
        .map(|number| vec![thing(&format!("unknown-{number}"), ThingDate::Missing)])
        .collect();
    let mut answer = Reconciled::default();
    for seen in [10, 20, 25] {
        answer = reconcile_from(&cloud, true, answer).await;
        assert_eq!(answer.report.seen, seen);
    }
    assert_eq!(answer.after, None);
    assert_eq!(answer.report.found[0].count, 25);
}
