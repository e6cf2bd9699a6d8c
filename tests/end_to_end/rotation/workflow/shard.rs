//! `certificate-rotation`: what it does with a shard.

use super::{Alteration, Deployed, ended, way};
use crate::rotation::yard::{Yard, id_of, today};
use crate::support::Identity;
use crate::workflow::Definition;
use aws_sdk_iot::types::CertificateStatus;
use muster_documents::Serial;
use muster_onboarding::rotation::shard_of;
use serde_json::json;
use std::collections::BTreeSet;

/// One device for each thing that a run does; all in one shard, so that one copy of the workflow sees to them.
struct Devices {
    due: (String, Identity),
    overdue: (String, Identity),
    unused: (String, Identity, Identity),
    retired: (String, Identity, Identity),
}

/// Serials of one shard.
fn serials(prefix: &str) -> [String; 4] {
    let of_shard = |serial: &String| shard_of(&Serial::new(serial.as_str()).unwrap()) == "03";
    let mut found = (0..)
        .map(|number| format!("{prefix}-{number}"))
        .filter(of_shard);
    std::array::from_fn(|_| found.next().unwrap())
}

impl Devices {
    async fn of(yard: &Yard, prefix: &str) -> Self {
        let [due, overdue, unused, retired] = serials(prefix);
        let mut identities = Vec::new();
        for serial in [&due, &overdue, &unused, &retired] {
            identities.push(yard.member(serial).await);
            yard.ages(serial, 400).await;
        }
        let [of_due, of_overdue, of_unused, of_retired] = identities.try_into().unwrap();
        let days = [("askedSince", today().plus(-60))];
        yard.set_days(&overdue, "state", &days).await;
        let next = yard.asks(&unused, &of_unused).await.unwrap();
        let new = yard.asks(&retired, &of_retired).await.unwrap();
        assert!(yard.connects(&retired, &new).await);
        yard.in_force(&retired, &new).await;
        for serial in [&unused, &retired] {
            yard.time_passes(serial).await;
        }
        Self {
            due: (due, of_due),
            overdue: (overdue, of_overdue),
            unused: (unused, of_unused, next),
            retired: (retired, of_retired, new),
        }
    }

    /// What is wrong after the runs of a day, in sentences.
    async fn judge(&self, yard: &Yard) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut expect = |is: bool, what: &str| {
            if !is {
                wrong.push(what.to_owned());
            }
        };
        let held = yard.held(&self.due.0).await;
        expect(
            held.rotation.asked_since == Some(today()),
            "the due device was not asked",
        );
        let overdue = yard.held(&self.overdue.0).await.rotation.overdue;
        expect(
            overdue.is_some_and(|overdue| overdue.done),
            "nothing was done about the deadline",
        );
        let mut device = yard.listening(&self.overdue.0, &self.overdue.1).await;
        let hello = format!("devices/{}/hello", self.overdue.0);
        let works = match &mut device {
            Some(device) => device.publish(&hello, b"{}", false).await,
            None => false,
        };
        expect(device.is_some(), "the overdue device is locked out");
        expect(!works, "the overdue device is in no quarantine");
        let unused = yard.status(&self.unused.2).await;
        expect(
            unused == Some(CertificateStatus::Inactive),
            "the unused certificate is not shut out",
        );
        expect(
            yard.connects(&self.unused.0, &self.unused.1).await,
            "its device is locked out",
        );
        expect(
            yard.status(&self.retired.1).await.is_none(),
            "the retired certificate is there",
        );
        expect(
            yard.connects(&self.retired.0, &self.retired.2).await,
            "its device is locked out",
        );
        let attached = yard.attached(&self.retired.0).await;
        expect(attached == [id_of(&self.retired.2)], "its thing has others");
        wrong
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_task_of_a_run_fails_or_is_repeated_the_next_run_of_the_day_does_the_rest() {
    let yard = Yard::with(&[]).await;
    let mut deployed = Deployed::of(&yard, "CertificateRotationStateMachineArn").await;
    deployed.definition = deployed.definition.item_processor("RotateShards");
    let tasks = deployed.definition.tasks();
    let input = json!({ "shard": "03", "day": today().to_string(), "waitSeconds": 0 }).to_string();
    let variants = tasks.iter().flat_map(|task| {
        Alteration::ALL
            .map(|alteration| (format!("{alteration:?}-{task}"), Some((alteration, task))))
    });
    let plain: (String, Option<(Alteration, &String)>) = ("unaltered".to_owned(), None);
    let mut wrong = Vec::new();
    for (name, altered) in std::iter::once(plain).chain(variants) {
        let devices = Devices::of(&yard, &name).await;
        let mut alerts = yard
            .listening(&devices.due.0, &devices.due.1)
            .await
            .unwrap();
        let copy: Definition = match altered {
            None => deployed.definition.clone(),
            Some((alteration, task)) => alteration.of(deployed.definition.clone(), task),
        };
        let execution = deployed.start(&yard, &name, &copy, &input).await;
        ended(&yard, &execution).await;
        let reached = way(&yard, &execution).await;
        if altered.is_none() {
            let tasks: BTreeSet<_> = tasks.iter().cloned().collect();
            assert_eq!(reached, tasks, "a run comes to all of its tasks");
        }
        let rest = format!("{name}-rest");
        let execution = deployed
            .start(&yard, &rest, &deployed.definition, &input)
            .await;
        ended(&yard, &execution).await;
        let what = devices.judge(&yard).await;
        wrong.extend(what.into_iter().map(|what| format!("{name}: {what}")));
        let told = alerts.heard().len();
        if told != 1 {
            wrong.push(format!("{name}: the due device was told {told} times"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
