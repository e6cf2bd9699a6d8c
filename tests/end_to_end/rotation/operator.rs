//! What the operator sees and does, through the code of `muster rotation`.

use super::yard::{FLEET, Yard, today};
use crate::metrics::metric;
use crate::support::wait_until;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_iot::types::{Configuration, EventType};
use muster::daily_run::wait;
use muster::rotation::{
    ClaimError, Planned, RotationStatus, Standing, begin, claimed, order, plan, status,
};
use muster_cloud::operator::{DailyRuns, Order, Rotations, RunEnd};
use muster_documents::{FleetName, Serial};
use muster_onboarding::ledger::{PK, SK, STATE_SK, device_key};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Tells one order's time from another's.
static ORDERS: AtomicUsize = AtomicUsize::new(0);

fn serials(texts: &[&str]) -> Vec<Serial> {
    let each = texts.iter().map(|text| Serial::new(*text).unwrap());
    each.collect()
}

impl Yard {
    fn rotations(&self) -> Rotations {
        self.stack().target.rotations().unwrap()
    }

    fn runs(&self) -> DailyRuns {
        self.stack().target.rotation_runs().unwrap()
    }

    async fn orders(&self, texts: &[&str]) -> Vec<Order> {
        let now = format!("at-{}", ORDERS.fetch_add(1, Relaxed));
        let ordered = order(&self.rotations(), serials(texts), today(), &now).await;
        let ordered = ordered.unwrap();
        let of: Vec<_> = ordered.iter().map(|one| one.serial.as_str()).collect();
        assert_eq!(of, texts);
        ordered.into_iter().map(|one| one.order).collect()
    }

    /// The devices that are due within so many days.
    async fn planned(&self, days: i64) -> Vec<Planned> {
        let target = &self.stack().target;
        plan(target, today(), today().plus(days), None)
            .await
            .unwrap()
    }

    async fn status_now(&self) -> RotationStatus {
        status(&self.stack().target, today(), 30).await.unwrap()
    }

    /// A run by hand, from its beginning to its end.
    async fn run_by_hand(&self, name: &str) -> Value {
        let begun = begin(&self.runs(), name, true).await.unwrap();
        assert!(!begun.joined);
        match wait(&self.runs(), &begun.run, |_| {}).await.unwrap() {
            RunEnd::Done(totals) => totals,
            failed @ RunEnd::Failed { .. } => panic!("{failed:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ordered_is_due_is_notified_once_and_is_over_with_the_new_certificate() {
    let yard = Yard::with(&[]).await;
    let old = yard.member("sensor-1").await;
    yard.member("sensor-2").await;
    yard.stack().import("sensor-3").await;
    assert_eq!(yard.planned(30).await, []);
    assert_eq!(yard.planned(365).await.len(), 2);

    assert_eq!(
        yard.orders(&["sensor-1", "nobody", "sensor-3"]).await,
        [Order::Ordered, Order::Unknown, Order::NoCertificate]
    );
    let planned = yard.planned(0).await;
    let [one] = planned.as_slice() else {
        panic!("{planned:?}")
    };
    let rotation = &one.device.rotation;
    assert_eq!(one.device.serial.as_str(), "sensor-1");
    assert_eq!(one.device.fleet.as_deref(), Some(FLEET));
    assert_eq!((one.standing, one.deadline), (Standing::Ordered, None));
    assert_eq!(
        (rotation.issued_on, rotation.rotation_day),
        (Some(today()), Some(today()))
    );
    assert!(rotation.ordered_at.is_some());
    // Ordered again, nothing changes.
    assert_eq!(yard.orders(&["sensor-1"]).await, [Order::AlreadyOrdered]);
    assert_eq!(yard.planned(0).await, planned);
    let seen = yard.status_now().await;
    assert_eq!((seen.due[0].devices, seen.devices.ordered), (1, 1));
    assert_eq!((seen.devices.notified, seen.runs.len()), (0, 0));

    let mut device = yard.listening("sensor-1", &old).await.unwrap();
    let totals = yard.run_by_hand("first").await;
    assert_eq!(
        (&totals["notified"], &totals["read"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(device.hear().await.json()["daysLeft"], 30);
    let totals = yard.run_by_hand("second").await;
    assert_eq!(totals["read"], 0, "nobody is notified twice a day");

    assert_eq!(yard.planned(0).await, []);
    let planned = yard.planned(1).await;
    assert_eq!(planned[0].standing, Standing::Notified);
    assert_eq!(planned[0].deadline, Some(today().plus(30)));
    let seen = yard.status_now().await;
    assert_eq!((seen.due[0].devices, seen.due[1].devices), (0, 1));
    assert_eq!((seen.devices.ordered, seen.devices.notified), (0, 1));
    assert_eq!(seen.devices.notified_since, Some(today()));
    assert_eq!(seen.devices.unproven, 0);
    let runs: Vec<_> = seen
        .runs
        .iter()
        .map(|run| {
            (
                run.execution.as_str(),
                &run.totals["notified"],
                &run.failure,
            )
        })
        .collect();
    assert_eq!(
        runs,
        [("second", &json!(0), &None), ("first", &json!(1), &None)]
    );

    let new = yard.asks("sensor-1", &old).await.expect("it is ordered");
    assert_eq!(yard.status_now().await.devices.unproven, 1);
    assert!(yard.connects("sensor-1", &new).await);
    yard.in_force("sensor-1", &new).await;
    assert_eq!(yard.planned(30).await, []);
    assert_eq!(yard.orders(&["sensor-1"]).await, [Order::Ordered]);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_devices_of_a_claim_certificate_are_found_by_the_beginning_of_its_id() {
    let yard = Yard::with(&[]).await;
    yard.member("sensor-1").await;
    yard.member("sensor-2").await;
    yard.stack().import("sensor-3").await;
    let (device, _) = yard.stack().show("sensor-1").await;
    let claim = device.unwrap().claim_certificate_id.unwrap();
    let rotations = yard.rotations();
    let found = claimed(&rotations, &claim[..8]).await.unwrap();
    assert_eq!(found, serials(&["sensor-1", "sensor-2"]));
    let of_nobody = claimed(&rotations, "zz").await;
    assert!(matches!(of_nobody, Err(ClaimError::None(_))));

    // One that came in with another claim certificate, whose id begins in the same way.
    let other = format!("{}zzz", &claim[..8]);
    aws_sdk_dynamodb::Client::new(&yard.stack().target.cloud.config)
        .update_item()
        .table_name(yard.stack().output("LedgerTableName"))
        .key(PK, AttributeValue::S(device_key(&found[1])))
        .key(SK, AttributeValue::S(STATE_SK.to_owned()))
        .update_expression("SET claimCertificateId = :other")
        .expression_attribute_values(":other", AttributeValue::S(other))
        .send()
        .await
        .unwrap();
    let several = claimed(&rotations, &claim[..8]).await;
    assert!(matches!(several, Err(ClaimError::Several { .. })));
    let found = claimed(&rotations, &claim[..9]).await.unwrap();
    assert_eq!(found, serials(&["sensor-1"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_past_its_deadline_is_counted_and_listed_with_what_was_done() {
    let yard = Yard::with(&[]).await;
    yard.member("sensor-1").await;
    yard.member("sensor-2").await;
    yard.member("sensor-3").await;
    let fleet = ["sensor-1", "sensor-2", "sensor-3"];
    for serial in fleet {
        yard.ages(serial, 400).await;
    }
    let since = today().plus(-31);
    let days = [("askedSince", since), ("rotationDay", today())];
    yard.set_days("sensor-1", STATE_SK, &days).await;
    let seen = yard.status_now().await;
    assert_eq!(seen.due[0].devices, 3);
    assert_eq!((seen.devices.overdue, seen.devices.quarantined), (1, 0));
    let counts = |totals: &Value| {
        let names = ["due", "overdue", "notified", "enforced"];
        names.map(|name| totals[name].as_u64().unwrap())
    };
    assert_eq!(counts(&yard.run_by_hand("daily").await), [2, 1, 3, 1]);
    for (name, standing) in [("CertificatesDue", 2), ("CertificatesOverdue", 1)] {
        assert_eq!(metric(yard.stack(), name, &[]).await, standing, "{name}");
    }

    let seen = yard.status_now().await.devices;
    assert_eq!(
        (seen.overdue, seen.quarantined, seen.deactivated),
        (1, 1, 0)
    );
    assert_eq!((seen.notified, seen.notified_since), (3, Some(since)));
    let planned = yard.planned(1).await;
    let stand: Vec<_> = planned.iter().map(|one| one.standing).collect();
    assert_eq!(
        stand,
        [Standing::Overdue, Standing::Notified, Standing::Notified]
    );
    let rotation = &planned[0].device.rotation;
    assert_eq!(rotation.overdue_action.as_deref(), Some("quarantine"));
    assert!(rotation.overdue_done);
    let elsewhere = FleetName::new("plant-8").unwrap();
    let target = &yard.stack().target;
    let of_another = plan(target, today(), today().plus(1), Some(&elsewhere)).await;
    assert_eq!(of_another.unwrap(), []);

    // In quarantine it stands overdue on every day.
    for serial in fleet {
        yard.next_day(serial).await;
    }
    assert_eq!(counts(&yard.run_by_hand("tomorrow").await), [2, 1, 3, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_under_way_is_joined_and_one_that_fails_says_so() {
    let yard = Yard::with(&[("RotationWindowMinutes", "60")]).await;
    let runs = yard.runs();
    let first = begin(&runs, "with-its-window", false).await.unwrap();
    assert!(!first.joined);
    let second = begin(&runs, "too-late", true).await.unwrap();
    assert!(second.joined);
    assert_eq!(second.run, first.run);

    let told = Mutex::new(Vec::new());
    let end = wait(&runs, &second.run, |progress| {
        told.lock().unwrap().push((progress.done, progress.of));
    });
    let stop = async {
        // The first shard has no wait, the second one has.
        wait_until("the first shard's end", || async {
            let progress = runs.progress(&first.run).await.unwrap();
            progress.filter(|progress| progress.done == 1)
        })
        .await;
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        let sfn = yard.stack().sfn();
        let machine = yard.stack().output("CertificateRotationStateMachineArn");
        let execution = machine.replace(":stateMachine:", ":execution:");
        sfn.stop_execution()
            .execution_arn(format!("{execution}:with-its-window"))
            .error("Stopped")
            .cause("by hand")
            .send()
            .await
            .unwrap();
    };
    let (end, ()) = tokio::join!(end, stop);
    let failed = RunEnd::Failed {
        error: "Stopped".to_owned(),
        cause: "by hand".to_owned(),
    };
    assert_eq!(end.unwrap(), failed);
    assert_eq!(told.lock().unwrap().last(), Some(&(1, 16)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_date_makes_a_device_due_once_changes_of_things_are_announced() {
    let yard = Yard::with(&[]).await;
    yard.member("sensor-1").await;
    let iot = yard.stack().iot();
    let set = |event, enabled| {
        let configuration = Configuration::builder().enabled(enabled).build();
        let update = iot.update_event_configurations();
        update.event_configurations(event, configuration).send()
    };
    set(EventType::Thing, false).await.unwrap();
    set(EventType::Job, true).await.unwrap();
    assert!(!yard.status_now().await.changes_announced);

    let announcements = yard.stack().target.thing_announcements();
    announcements.turn_on().await.unwrap();
    announcements.turn_on().await.unwrap();
    assert!(yard.status_now().await.changes_announced);
    let described = iot.describe_event_configurations().send().await.unwrap();
    let others = described.event_configurations().unwrap();
    let on = |event| others.get(&event).is_some_and(Configuration::enabled);
    assert!(on(EventType::Job) && !on(EventType::Certificate));

    yard.edit_date("sensor-1", &today().plus(-400).to_string())
        .await;
    let planned = wait_until("the edited date", || async {
        let planned = yard.planned(0).await;
        (!planned.is_empty()).then_some(planned)
    })
    .await;
    assert_eq!(planned[0].standing, Standing::Due);
    assert_eq!(
        planned[0].device.rotation.issued_on,
        Some(today().plus(-400))
    );
}
