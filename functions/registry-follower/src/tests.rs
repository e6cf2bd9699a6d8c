mod cloud;

use cloud::Cloud;
use muster_lambda::{SqsAttributes, SqsBatch, SqsRecord};
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::ports::{
    Certificate, HeldDevice, Overdue, OverdueAction, RotationState, ThingDate,
};
use muster_onboarding::rotation::Day;
use serde_json::json;

/// 2026-02-01, in milliseconds.
const NOW: i64 = 1_769_904_000_000;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn certificate(id: &str) -> Certificate {
    Certificate {
        id: id.to_owned(),
        arn: format!("arn:cert/{id}"),
        der: Vec::new(),
    }
}

/// A device whose certificate is in force since that day, as its thing says as well.
fn cloud_since(issued_on: &str) -> Cloud {
    let held = HeldDevice {
        state: Some(DeviceState::Provisioned),
        current: Some(certificate("first")),
        issued_on: Some(day(issued_on)),
        ..HeldDevice::default()
    };
    let cloud = Cloud::new(held, day(issued_on).plus(365));
    cloud.state().thing = ThingDate::On(day(issued_on));
    cloud
}

/// Whether what the queue says is taken, and not delivered again.
async fn takes(cloud: &Cloud, body: &str) -> bool {
    let record = SqsRecord {
        message_id: "m".to_owned(),
        body: body.to_owned(),
        attributes: SqsAttributes::default(),
    };
    let batch = SqsBatch {
        records: vec![record],
    };
    let answer = cloud.follower().follow(NOW, batch).await.unwrap();
    answer.batch_item_failures.is_empty()
}

async fn follows(cloud: &Cloud) -> bool {
    takes(cloud, &json!({ "thingName": "sensor-1" }).to_string()).await
}

/// An operator writes that day into the thing.
async fn edited_to(cloud: &Cloud, date: &str) {
    cloud.state().thing = ThingDate::On(day(date));
    assert!(follows(cloud).await);
}

fn rotation(cloud: &Cloud, change: impl FnOnce(&mut RotationState)) {
    change(&mut cloud.state().held.as_mut().unwrap().rotation);
}

fn overdue() -> Overdue {
    Overdue {
        action: OverdueAction::Quarantine,
        certificate_id: "first".to_owned(),
        policies: Vec::new(),
        done: true,
    }
}

#[tokio::test]
async fn a_date_that_is_edited_to_an_older_one_makes_the_device_due() {
    let cloud = cloud_since("20260101");
    edited_to(&cloud, "20200229").await;
    let state = cloud.state();
    assert_eq!(
        state.held.as_ref().unwrap().issued_on,
        Some(day("20200229"))
    );
    assert_eq!(state.rotation_day, Some(day("20210228")));
    let edit = &state.edits[0];
    assert_eq!(edit.before, Some(day("20260101")));
    assert_eq!(edit.expires_at, NOW / 1000 + 365 * 86_400);
}

#[tokio::test]
async fn a_date_that_is_edited_to_a_fresh_one_gives_the_device_another_year_and_no_deadline() {
    let cloud = cloud_since("20250101");
    rotation(&cloud, |rotation| {
        rotation.asked_since = Some(day("20260101"));
    });
    edited_to(&cloud, "20260201").await;
    let state = cloud.state();
    assert_eq!(state.rotation_day, Some(day("20270201")));
    let held = state.held.as_ref().unwrap();
    assert_eq!(held.rotation.asked_since, None);
}

#[tokio::test]
async fn what_is_under_way_is_seen_to_by_the_next_run_whatever_the_date() {
    for under_way in [
        |rotation: &mut RotationState| rotation.overdue = Some(overdue()),
        |rotation: &mut RotationState| rotation.ordered = true,
        |rotation: &mut RotationState| rotation.next = Some(certificate("second")),
    ] {
        let cloud = cloud_since("20250101");
        rotation(&cloud, under_way);
        edited_to(&cloud, "20260131").await;
        assert_eq!(cloud.state().rotation_day, Some(day("20260201")));
    }
}

#[tokio::test]
async fn what_comes_under_way_at_the_same_moment_is_seen_to_as_well() {
    for under_way in [
        |state: &mut cloud::State| {
            state.held.as_mut().unwrap().rotation.overdue = Some(overdue());
        },
        |state: &mut cloud::State| {
            state.held.as_mut().unwrap().rotation.ordered = true;
        },
        |state: &mut cloud::State| {
            let next = certificate("second");
            state.held.as_mut().unwrap().rotation.next = Some(next);
        },
    ] {
        let cloud = cloud_since("20250101");
        cloud.state().once = Some(under_way);
        edited_to(&cloud, "20260131").await;
        assert_eq!(cloud.state().rotation_day, Some(day("20260201")));
    }
}

#[tokio::test]
async fn a_date_that_cannot_be_read_or_is_gone_changes_nothing() {
    for thing in [
        ThingDate::Missing,
        ThingDate::Malformed("yesterday".to_owned()),
        ThingDate::Malformed(String::new()),
    ] {
        let cloud = cloud_since("20250101");
        cloud.state().thing = thing;
        assert!(follows(&cloud).await);
        assert!(cloud.state().edits.is_empty());
    }
}

#[tokio::test]
async fn a_change_of_something_else_writes_nothing() {
    let cloud = cloud_since("20250101");
    for _ in 0..2 {
        assert!(follows(&cloud).await);
    }
    edited_to(&cloud, "20250601").await;
    assert!(follows(&cloud).await, "the same event again");
    assert_eq!(cloud.state().edits.len(), 1);
}

#[tokio::test]
async fn a_device_of_which_the_ledger_has_no_date_gets_its_things() {
    let cloud = cloud_since("20250101");
    cloud.state().held.as_mut().unwrap().issued_on = None;
    assert!(follows(&cloud).await);
    assert_eq!(cloud.state().edits[0].before, None);
    assert_eq!(cloud.state().rotation_day, Some(day("20260101")));
}

#[tokio::test]
async fn a_device_that_is_not_in_is_let_by() {
    for not_in in [
        |state: &mut cloud::State| state.held = None,
        |state: &mut cloud::State| {
            state.held.as_mut().unwrap().state = Some(DeviceState::Known);
        },
        |state: &mut cloud::State| {
            state.held.as_mut().unwrap().undoing = Some("release-1".to_owned());
        },
    ] {
        let cloud = cloud_since("20250101");
        not_in(&mut cloud.state());
        edited_to(&cloud, "20200101").await;
        assert!(cloud.state().edits.is_empty());
    }
    let cloud = cloud_since("20250101");
    cloud.state().thing = ThingDate::On(day("20200101"));
    for thing in ["sensor-2", "an operator's own thing", ""] {
        let body = json!({ "thingName": thing }).to_string();
        assert!(takes(&cloud, &body).await, "{thing:?}");
    }
    assert!(cloud.state().edits.is_empty());
}

#[tokio::test]
async fn the_date_of_a_certificate_that_has_just_been_retired_is_no_edit() {
    // The new one is in force in the ledger, and the thing is not dated yet.
    let cloud = cloud_since("20260201");
    rotation(&cloud, |rotation| {
        rotation.retiring = Some("zeroth".to_owned());
    });
    cloud.state().thing = ThingDate::On(day("20250101"));
    assert!(!follows(&cloud).await, "it is looked at later");
    assert!(cloud.state().edits.is_empty());
    cloud.state().thing = ThingDate::On(day("20260201"));
    rotation(&cloud, |rotation| rotation.retiring = None);
    assert!(follows(&cloud).await);
    assert!(cloud.state().edits.is_empty());
}

#[tokio::test]
async fn a_certificate_that_takes_force_at_this_moment_keeps_its_own_date() {
    let cloud = cloud_since("20250101");
    cloud.state().once = Some(|state| {
        let held = state.held.as_mut().unwrap();
        held.issued_on = Some(day("20260201"));
        state.rotation_day = Some(day("20270201"));
        state.thing = ThingDate::On(day("20260201"));
    });
    edited_to(&cloud, "20240101").await;
    assert!(cloud.state().edits.is_empty());
    assert_eq!(cloud.state().rotation_day, Some(day("20270201")));
}

#[tokio::test]
async fn a_device_that_changes_all_the_time_is_looked_at_later() {
    let cloud = cloud_since("20250101");
    cloud.state().always = Some(|state| {
        let held = state.held.as_mut().unwrap();
        held.issued_on = held.issued_on.map(|day| day.plus(1));
    });
    cloud.state().thing = ThingDate::On(day("20200101"));
    assert!(!follows(&cloud).await);
    cloud.state().always = None;
    assert!(follows(&cloud).await);
    assert_eq!(cloud.state().edits.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_looked_at_or_read_is_delivered_again() {
    let cloud = cloud_since("20250101");
    cloud.state().things_fail = true;
    assert!(!follows(&cloud).await);
    for body in ["{", "{}", r#"{"thingName":7}"#] {
        assert!(!takes(&cloud, body).await, "{body}");
    }
    assert!(cloud.state().edits.is_empty());
}
