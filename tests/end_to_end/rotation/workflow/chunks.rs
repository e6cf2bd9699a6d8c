//! `chunked-rotation`.

use super::{Alteration, Deployed, ended, way};
use crate::player::{Identity, Player, queued, request};
use crate::rotation::yard::Yard;
use crate::support;
use crate::workflow::{Definition, in_parallel};
use muster_documents::{Mode, TopicPrefixes};
use muster_onboarding::{ClaimRules, judge};
use muster_pki::DeviceKey;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How a run comes to the states that are not on everyone's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scenario {
    /// A device that is due asks.
    First,
    /// It was given a certificate before that it has never used.
    Replaced,
    /// It asks with that one, which nobody has seen it connect with.
    Proven,
    /// What it was given cannot be recorded, so that it is undone.
    Undone,
}

impl Scenario {
    const ALL: [Self; 4] = [Self::First, Self::Replaced, Self::Proven, Self::Undone];

    fn definition(self, deployed: Definition) -> Definition {
        match self {
            Self::Undone => deployed.failing_before("RecordNext"),
            _ => deployed,
        }
    }
}

#[derive(Debug, Clone)]
struct Variant {
    scenario: Scenario,
    altered: Option<(Alteration, String)>,
}

impl Variant {
    fn name(&self) -> String {
        let altered = self.altered.as_ref();
        let altered = altered.map_or_else(
            || "unaltered".to_owned(),
            |(alteration, state)| format!("{alteration:?}-{state}"),
        );
        format!("{:?}-{altered}", self.scenario)
    }

    fn definition(&self, deployed: Definition) -> Definition {
        let definition = self.scenario.definition(deployed);
        match &self.altered {
            None => definition,
            Some((alteration, state)) => alteration.of(definition, state),
        }
    }

    /// Whether the undo itself fails, so that the ledger names what is left.
    fn is_left(&self) -> bool {
        let undo = (Alteration::FailingBefore, "RevokeIdentity".to_owned());
        self.scenario == Scenario::Undone && self.altered == Some(undo)
    }
}

struct Lab {
    yard: Yard,
    deployed: Deployed,
}

impl Lab {
    /// A device that is in.
    async fn member(&self, serial: &str) -> Identity {
        let stack = self.yard.stack();
        stack.import(serial).await;
        let key = DeviceKey::generate().unwrap();
        let mut player = Player::listening(stack, serial, key).await;
        player.ask(Mode::Chunked).await;
        player.play_until_activated().await;
        support::wait_until("the ledger to have it", || async {
            self.yard.held(serial).await.issued_on.map(|_| ())
        })
        .await;
        self.yard.ages(serial, 400).await;
        player.identities.remove(0)
    }

    /// Runs a copy of the workflow for a device that asks with this certificate; what it got, and the states.
    async fn ask(
        &self,
        name: &str,
        definition: &Definition,
        serial: &str,
        identity: &Identity,
    ) -> (Vec<Identity>, BTreeSet<String>) {
        let stack = self.yard.stack();
        let key = DeviceKey::generate().unwrap();
        let input = input(serial, &identity.certificate_id, &key);
        let mut player = Player::renewing(stack, serial, identity, key).await;
        let execution = self
            .deployed
            .start(&self.yard, name, definition, &input)
            .await;
        player.play_until(ended(&self.yard, &execution)).await;
        (player.identities, way(&self.yard, &execution).await)
    }

    /// Runs a variant: the states that it came through, and what is wrong after it, in sentences.
    async fn run(&self, variant: &Variant) -> (BTreeSet<String>, Vec<String>) {
        let serial = variant.name();
        let yard = &self.yard;
        let first = self.member(&serial).await;
        let mut asks_with = first.clone();
        let mut may_have = vec![first.clone()];
        if matches!(variant.scenario, Scenario::Replaced | Scenario::Proven) {
            let plain = &self.deployed.definition;
            let name = format!("before-{serial}");
            let (mut got, _) = self.ask(&name, plain, &serial, &first).await;
            let next = got.remove(0);
            may_have.push(next.clone());
            if variant.scenario == Scenario::Proven {
                asks_with = next;
            }
        }
        let definition = variant.definition(self.deployed.definition.clone());
        let (got, way) = self.ask(&serial, &definition, &serial, &asks_with).await;
        may_have.extend(got);
        let mut wrong = Vec::new();
        let connects = async |identity: &Identity| yard.connects(&serial, &shown(identity)).await;
        // Whatever it asked with, and has not given up yet.
        if !connects(&asks_with).await {
            wrong.push("it is locked out".to_owned());
        }
        let held = yard.held(&serial).await;
        let known = |id: &str| may_have.iter().any(|one| one.certificate_id == id);
        if let Some(next) = &held.rotation.next
            && !known(&next.id)
        {
            wrong.push("it never got the certificate that is to be its next one".to_owned());
        }
        if held.pending.is_some() != variant.is_left() {
            wrong.push(format!("a certificate is under way: {:?}", held.pending));
        }
        if held.undoing.is_some() && !variant.is_left() {
            wrong.push("it is being undone for ever".to_owned());
        }
        // It asks once more, as it is told to the next day, and everything comes right.
        if variant.scenario != Scenario::Proven && !variant.is_left() {
            let plain = &self.deployed.definition;
            let name = format!("after-{serial}");
            let (got, _) = self.ask(&name, plain, &serial, &asks_with).await;
            match got.last() {
                None => wrong.push("it gets nothing when it asks again".to_owned()),
                Some(last) if !connects(last).await => {
                    wrong.push("what it gets when it asks again does not work".to_owned());
                }
                Some(last) => {
                    let connected = json!({
                        "clientId": serial, "principalIdentifier": last.certificate_id,
                    });
                    let message = connected.to_string();
                    support::send(yard.stack(), "ConnectionQueueUrl", &message).await;
                    yard.in_force(&serial, &shown(last)).await;
                }
            }
        }
        if way.contains("ReportConnection") {
            yard.in_force(&serial, &shown(&asks_with)).await;
        }
        yard.time_passes(&serial).await;
        (way, wrong)
    }
}

/// What a connection shows.
fn shown(identity: &Identity) -> support::Identity {
    support::Identity {
        certificate_pem: identity.certificate_pem.clone(),
        key_pem: identity.key_pem.clone(),
    }
}

fn input(serial: &str, principal: &str, key: &DeviceKey) -> String {
    let asked = request(Mode::Chunked, serial, key);
    let mut message = queued(principal, serial, "json", &asked);
    message.topic = format!("rotate/{serial}/json");
    let rules = ClaimRules {
        prefixes: TopicPrefixes {
            provisioning: "provision".to_owned(),
            rotation: "rotate".to_owned(),
        },
        legacy_mode: false,
    };
    let judged = judge(&rules, &message);
    assert_eq!(judged.refusal, None, "{serial}");
    serde_json::to_string(&judged).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_task_of_a_rotation_in_chunks_fails_or_is_repeated_the_device_is_not_locked_out() {
    let yard = Yard::without_fleet(&[]).await;
    let deployed = Deployed::of(&yard, "ChunkedRotationStateMachineArn").await;
    // Who connects with its next certificate would have it in force before it has asked with it.
    yard.stack().disable_rule("PresenceRule").await;
    let lab = Arc::new(Lab { yard, deployed });
    let try_out = {
        let lab = Arc::clone(&lab);
        move |variant: Variant| {
            let lab = Arc::clone(&lab);
            async move { lab.run(&variant).await }
        }
    };
    let plain = Scenario::ALL.map(|scenario| Variant {
        scenario,
        altered: None,
    });
    let mut outcomes = in_parallel(plain, try_out.clone()).await;
    let tasks = lab.deployed.definition.tasks();
    let reached: BTreeSet<_> = outcomes.iter().flat_map(|(_, (way, _))| way).collect();
    let unreached: Vec<_> = tasks
        .iter()
        .filter(|task| !reached.contains(task))
        .collect();
    assert!(unreached.is_empty(), "no scenario leads to {unreached:?}");

    let mut seen = BTreeSet::new();
    let variants: Vec<_> = Scenario::ALL
        .iter()
        .flat_map(|scenario| {
            let of = outcomes.iter().find(|(one, _)| one.scenario == *scenario);
            let (_, (way, _)) = of.unwrap();
            let own: Vec<_> = way
                .iter()
                .filter(|state| seen.insert((*state).clone()))
                .collect();
            own.into_iter()
                .flat_map(|state| {
                    Alteration::ALL.map(|alteration| Variant {
                        scenario: *scenario,
                        altered: Some((alteration, state.clone())),
                    })
                })
                .collect::<Vec<_>>()
        })
        // An altered RecordNext is the scenario's own alteration.
        .filter(|one| {
            one.scenario != Scenario::Undone
                || one
                    .altered
                    .as_ref()
                    .is_none_or(|(_, state)| state != "RecordNext")
        })
        .collect();
    let ran = variants.len();
    outcomes.extend(in_parallel(variants, try_out).await);
    let mut wrong: Vec<_> = outcomes
        .iter()
        .flat_map(|(variant, (_, wrong))| {
            wrong
                .iter()
                .map(move |what| format!("{}: {what}", variant.name()))
        })
        .collect();

    // Time has passed for all of them: what is unused is shut out by one run and undone by the next.
    lab.yard.run().await;
    for (variant, _) in &outcomes {
        lab.yard.time_passes(&variant.name()).await;
    }
    lab.yard.run().await;
    for (variant, _) in &outcomes {
        let serial = variant.name();
        let held = lab.yard.held(&serial).await;
        let expected = [held.current.unwrap().id];
        let attached = lab.yard.attached(&serial).await;
        if attached != expected {
            wrong.push(format!("{serial} has {attached:?}, not {expected:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {ran} runs and what they left:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
