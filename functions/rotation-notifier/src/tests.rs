mod cloud;

use crate::notify;
use cloud::{Cloud, Item};
use muster_documents::Serial;
use muster_documents::rotation_tasks::{DueDevices, NotifiedDevices};
use muster_lambda::NamedError;
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::ports::{Certificate, HeldDevice, Overdue, OverdueAction};
use muster_onboarding::rotation::{Day, RotationPolicy};
use serde_json::json;

const POLICY: RotationPolicy = RotationPolicy {
    age: 365,
    grace: 30,
    proof: 14,
    retention: 30,
};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn sensor(number: u32) -> Serial {
    Serial::new(format!("sensor-{number}")).unwrap()
}

fn certificate(id: &str) -> Certificate {
    Certificate {
        id: id.to_owned(),
        arn: format!("arn:cert/{id}"),
        der: Vec::new(),
    }
}

/// The first so many sensors, whose certificates are in force since that day and due a year later.
fn cloud_of(sensors: u32, issued_on: &str) -> Cloud {
    let cloud = Cloud::default();
    for number in 1..=sensors {
        let held = HeldDevice {
            state: Some(DeviceState::Provisioned),
            current: Some(certificate("first")),
            issued_on: Some(day(issued_on)),
            ..HeldDevice::default()
        };
        let item = Item {
            held,
            rotation_day: Some(POLICY.due_on(day(issued_on), None)),
            asked_on: None,
        };
        cloud.state().items.insert(sensor(number), item);
    }
    cloud
}

/// A run on that day, which has found all devices.
async fn run(cloud: &Cloud, today: &str) -> NotifiedDevices {
    let task = DueDevices {
        devices: cloud.state().items.keys().cloned().collect(),
        day: today.to_owned(),
    };
    notify(cloud, cloud, &POLICY, task).await.unwrap()
}

/// So many were told, and have time until their deadlines.
fn notified(count: usize) -> NotifiedDevices {
    NotifiedDevices {
        notified: count,
        due: count,
        ..NotifiedDevices::default()
    }
}

/// How many stand due, and how many overdue.
fn standing(answer: &NotifiedDevices) -> (usize, usize) {
    (answer.due, answer.overdue)
}

fn overdue(done: bool) -> Overdue {
    Overdue {
        action: OverdueAction::Quarantine,
        certificate_id: "first".to_owned(),
        policies: vec!["devices".to_owned()],
        done,
    }
}

#[tokio::test]
async fn a_device_that_is_due_is_told_until_when_it_has_time() {
    let cloud = cloud_of(1, "20250101");
    assert_eq!(run(&cloud, "20260102").await, notified(1));
    let message = json!({
        "msg": "rotate_cert", "dueDate": "20260101", "deadline": "20260201", "daysLeft": 30,
    });
    let told = [("cmd/sensor-1/alerts".to_owned(), message)];
    assert_eq!(cloud.state().published, told);
}

#[tokio::test]
async fn a_device_is_told_once_a_day_however_often_the_run_is_repeated() {
    let cloud = cloud_of(2, "20250101");
    assert_eq!(run(&cloud, "20260101").await, notified(2));
    for _ in 0..2 {
        assert_eq!(run(&cloud, "20260101").await, notified(0));
    }
    assert_eq!(run(&cloud, "20260102").await, notified(2));
    assert_eq!(cloud.state().published.len(), 4);
}

#[tokio::test]
async fn the_deadline_counts_from_the_first_notice_and_is_never_moved_by_another() {
    let cloud = cloud_of(1, "20200229");
    let mut days = Vec::new();
    for today in ["20251215", "20251231", "20260101", "20260114", "20260120"] {
        run(&cloud, today).await;
        let state = cloud.state();
        let (_, message) = state.published.last().unwrap();
        assert_eq!(message["deadline"], "20260114");
        days.push(message["daysLeft"].as_i64().unwrap());
    }
    assert_eq!(days, [30, 14, 13, 0, 0]);
}

#[tokio::test]
async fn a_device_is_handed_to_the_enforcer_on_the_day_after_its_deadline() {
    let cloud = cloud_of(1, "20250101");
    run(&cloud, "20260101").await;
    assert_eq!(run(&cloud, "20260131").await, notified(1));
    for today in ["20260201", "20260202"] {
        let handed_over = NotifiedDevices {
            notified: 1,
            overdue: 1,
            enforce: vec![sensor(1)],
            ..NotifiedDevices::default()
        };
        assert_eq!(run(&cloud, today).await, handed_over, "{today}");
    }
}

#[tokio::test]
async fn what_was_begun_about_a_deadline_is_handed_over_until_it_is_done() {
    let cloud = cloud_of(1, "20250101");
    run(&cloud, "20260101").await;
    cloud.change(&sensor(1), |item| {
        item.held.rotation.overdue = Some(overdue(false));
    });
    assert_eq!(run(&cloud, "20260202").await.enforce, [sensor(1)]);
    cloud.change(&sensor(1), |item| {
        item.held.rotation.overdue = Some(overdue(true));
    });
    let told_on = NotifiedDevices {
        notified: 1,
        overdue: 1,
        ..NotifiedDevices::default()
    };
    assert_eq!(run(&cloud, "20260203").await, told_on);
}

#[tokio::test]
async fn each_days_run_counts_who_stands_due_and_who_overdue_whatever_was_done_about_it() {
    let cloud = cloud_of(4, "20250101");
    assert_eq!(standing(&run(&cloud, "20260101").await), (4, 0));
    assert_eq!(standing(&run(&cloud, "20260131").await), (4, 0), "in time");
    cloud.change(&sensor(1), |item| {
        item.held.rotation.overdue = Some(overdue(true));
    });
    cloud.change(&sensor(2), |item| {
        item.held.rotation.overdue = Some(overdue(false));
    });
    cloud.change(&sensor(4), |item| {
        item.held.rotation.asked_since = Some(day("20260120"));
    });
    for today in ["20260201", "20260202"] {
        assert_eq!(standing(&run(&cloud, today).await), (1, 3), "{today}");
    }
    // One has renewed its certificate, one is given time.
    cloud.change(&sensor(1), |item| {
        item.rotation_day = Some(day("20270202"));
    });
    cloud.change(&sensor(2), |item| {
        item.held.issued_on = Some(day("20260202"));
    });
    assert_eq!(standing(&run(&cloud, "20260203").await), (1, 1));
}

#[tokio::test]
async fn a_device_that_is_not_due_any_more_is_left_in_peace_until_it_is() {
    let cloud = cloud_of(1, "20250101");
    run(&cloud, "20260101").await;
    cloud.change(&sensor(1), |item| {
        item.held.issued_on = Some(day("20251224"));
    });
    assert_eq!(run(&cloud, "20260102").await, notified(0));
    let item = cloud.item(&sensor(1));
    assert_eq!(item.rotation_day, Some(day("20261224")));
    assert_eq!(item.held.rotation.asked_since, None);
    assert_eq!(run(&cloud, "20261224").await, notified(1));
    assert_eq!(cloud.state().published[1].1["deadline"], "20270123");
}

#[tokio::test]
async fn an_order_is_carried_out_whatever_the_date_says() {
    let cloud = cloud_of(1, "20251224");
    cloud.change(&sensor(1), |item| {
        item.held.rotation.ordered = true;
        item.rotation_day = Some(day("20260101"));
    });
    assert_eq!(run(&cloud, "20260101").await, notified(1));
    let message = &cloud.state().published[0].1;
    assert_eq!(message["dueDate"], "20260101");
    assert_eq!(message["daysLeft"], 30);
}

#[tokio::test]
async fn a_certificate_of_which_nobody_knows_how_old_it_is_has_to_be_renewed() {
    let cloud = cloud_of(1, "20250101");
    cloud.change(&sensor(1), |item| item.held.issued_on = None);
    assert_eq!(run(&cloud, "20260105").await, notified(1));
    assert_eq!(cloud.state().published[0].1["dueDate"], "20260105");
}

#[tokio::test]
async fn a_device_in_quarantine_whose_date_is_fresh_is_handed_over_and_not_told_to_rotate() {
    let cloud = cloud_of(1, "20251224");
    cloud.change(&sensor(1), |item| {
        item.held.rotation.overdue = Some(overdue(true));
        item.rotation_day = Some(day("20260101"));
    });
    for today in ["20260101", "20260102"] {
        let handed_over = NotifiedDevices {
            enforce: vec![sensor(1)],
            ..notified(0)
        };
        assert_eq!(run(&cloud, today).await, handed_over, "until it is out");
    }
}

#[tokio::test]
async fn who_cannot_be_reached_is_counted_and_told_by_the_next_run_and_others_are_told_now() {
    let cloud = cloud_of(3, "20250101");
    cloud.state().unreachable = Some(sensor(2));
    let failed = NotifiedDevices {
        failed: 1,
        due: 3,
        ..notified(2)
    };
    assert_eq!(
        run(&cloud, "20260101").await,
        failed,
        "it is due all the same"
    );
    cloud.state().unreachable = None;
    assert_eq!(run(&cloud, "20260101").await, notified(1), "the same day");
    assert_eq!(cloud.state().published[2].0, "cmd/sensor-2/alerts");
}

#[tokio::test]
async fn a_notice_that_was_never_sent_starts_no_deadline() {
    let cloud = cloud_of(1, "20250101");
    cloud.state().unreachable = Some(sensor(1));
    for today in ["20260101", "20260102", "20260203"] {
        assert_eq!(run(&cloud, today).await.failed, 1);
    }
    cloud.state().unreachable = None;
    assert_eq!(run(&cloud, "20260204").await, notified(1));
    assert_eq!(cloud.state().published[0].1["daysLeft"], 30);
    // One that was sent goes on.
    cloud.state().unreachable = Some(sensor(1));
    run(&cloud, "20260205").await;
    cloud.state().unreachable = None;
    run(&cloud, "20260206").await;
    assert_eq!(cloud.state().published[1].1["daysLeft"], 28);
}

#[tokio::test]
async fn a_device_whose_item_cannot_be_written_is_not_told_twice_but_later() {
    let cloud = cloud_of(2, "20250101");
    cloud.state().unwritable = Some(sensor(1));
    let failed = NotifiedDevices {
        failed: 1,
        ..notified(1)
    };
    assert_eq!(run(&cloud, "20260101").await, failed);
    cloud.state().unwritable = None;
    assert_eq!(run(&cloud, "20260101").await, notified(1));
    assert_eq!(cloud.state().published.len(), 2);
}

#[tokio::test]
async fn who_has_gone_or_is_going_is_told_nothing() {
    let cloud = cloud_of(3, "20250101");
    cloud.change(&sensor(1), |item| item.held.undoing = Some("me".to_owned()));
    cloud.change(&sensor(2), |item| {
        item.held.state = Some(DeviceState::Known);
        item.rotation_day = None;
    });
    cloud.change(&sensor(3), |item| item.rotation_day = Some(day("20260102")));
    assert_eq!(run(&cloud, "20260101").await, notified(0));
    assert!(cloud.state().published.is_empty());
}

#[tokio::test]
async fn a_date_that_is_edited_at_the_same_moment_is_not_lost() {
    let cloud = cloud_of(1, "20251224");
    cloud.change(&sensor(1), |item| {
        item.rotation_day = Some(day("20260101"));
    });
    // The registry's follower finds that the device is due after all.
    cloud.state().meanwhile = Some(|item| {
        item.held.issued_on = Some(day("20200101"));
        item.held.rotation.asked_since = None;
        item.rotation_day = Some(day("20201231"));
    });
    run(&cloud, "20260101").await;
    assert_eq!(run(&cloud, "20260102").await, notified(1));
}

#[tokio::test]
async fn who_was_given_a_certificate_is_asked_every_day_until_it_has_shown_it_whatever_the_date() {
    let cloud = cloud_of(1, "20250101");
    run(&cloud, "20260101").await;
    cloud.change(&sensor(1), |item| {
        item.held.rotation.next = Some(certificate("second"));
        item.held.issued_on = Some(day("20251224"));
    });
    for today in ["20260102", "20260103", "20260301"] {
        let seen = run(&cloud, today).await;
        assert_eq!((seen.notified, standing(&seen)), (1, (0, 0)), "{today}");
    }
    cloud.change(&sensor(1), |item| item.held.rotation.next = None);
    assert_eq!(run(&cloud, "20260302").await, notified(0));
}

#[tokio::test]
async fn who_is_given_a_certificate_at_the_same_moment_is_asked_for_it_tomorrow() {
    let cloud = cloud_of(1, "20251224");
    cloud.change(&sensor(1), |item| {
        item.rotation_day = Some(day("20260101"));
    });
    cloud.state().meanwhile = Some(|item| {
        item.held.rotation.next = Some(certificate("second"));
    });
    run(&cloud, "20260101").await;
    assert_eq!(run(&cloud, "20260102").await.notified, 1);
}

#[tokio::test]
async fn a_day_that_is_none_is_named_and_nobody_is_told() {
    let cloud = cloud_of(1, "20250101");
    for text in ["20260231", "tomorrow", ""] {
        let task = DueDevices {
            devices: vec![sensor(1)],
            day: text.to_owned(),
        };
        let error = notify(&cloud, &cloud, &POLICY, task).await.unwrap_err();
        assert_eq!(error.name(), "InputInvalid", "{text:?}");
    }
    assert!(cloud.state().published.is_empty());
}
