//! What happens, and the functions that it happens to.

use crate::cloud::{Break, Cloud, POLICY, sensor};
use crate::device::{Device, is_broken};
use muster_documents::rotation_tasks::{DueDevices, RetireCertificates};
use muster_lambda::{SqsAttributes, SqsBatch, SqsRecord};
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::ports::HeldDevice;
use muster_onboarding::rotation::Day;
use proptest::sample::Index;
use serde_json::json;

const DAY: i64 = 86_400_000;

/// 2026-01-01, in milliseconds.
const BEGIN: i64 = 1_767_225_600_000;

/// When the queue delivers what was not taken again, in milliseconds.
const VISIBILITY: i64 = 180_000;

/// One thing that happens.
#[derive(Debug, Clone)]
pub enum Act {
    /// An operator orders a rotation.
    Order,
    /// The device asks for another certificate.
    Ask,
    /// It connects anew.
    Connect,
    /// One of the presence events arrives.
    Deliver(Index),
    /// One that arrived before arrives again.
    DeliverAgain(Index),
    /// One never arrives.
    Lose(Index),
    /// So many days pass, and the daily run takes place.
    Run(i64),
    /// It is started once more.
    RunAgain,
    /// One of the next calls fails.
    Break { after: u8, made: bool },
    /// An event arrives during a run.
    DeliverWhileRunning {
        event: Index,
        days: i64,
        delays: Vec<u8>,
    },
    /// Two events arrive at the same time.
    DeliverBoth {
        one: Index,
        other: Index,
        delays: Vec<u8>,
    },
    /// One arrives while the device asks.
    DeliverWhileAsking { event: Index, delays: Vec<u8> },
}

/// A device and the cloud, with the connections that the cloud has not heard of yet.
pub struct World {
    cloud: Cloud,
    device: Device,
    now: i64,
    /// The certificates of connections whose events are under way.
    queue: Vec<String>,
    /// Those that have arrived.
    heard: Vec<String>,
}

impl World {
    pub fn new() -> Self {
        let device = Device::new();
        let cloud = Cloud::default();
        let mut state = cloud.state();
        state.held = HeldDevice {
            state: Some(DeviceState::Provisioned),
            fleet: Some("plant-7".to_owned()),
            current: Some(device.own.clone()),
            issued_on: Some(Day::of(BEGIN)),
            ..HeldDevice::default()
        };
        state.rotation_day = Some(Day::of(BEGIN).plus(POLICY.age));
        state.thing_date = state.held.issued_on;
        state.registered.insert(device.own.id.clone(), true);
        drop(state);
        Self {
            cloud,
            device,
            now: BEGIN,
            queue: Vec::new(),
            heard: Vec::new(),
        }
    }

    /// Lets it happen. In an orderly world no event is lost, and each arrives on its day.
    pub async fn act(&mut self, act: Act, orderly: bool) {
        if let Act::Run(days) | Act::DeliverWhileRunning { days, .. } = act
            && days > 0
            && orderly
        {
            self.hear_all().await;
        }
        match act {
            Act::Order => {
                let mut state = self.cloud.state();
                state.held.rotation.ordered = true;
                state.rotation_day = Some(Day::of(self.now));
            }
            Act::Ask => self.ask().await,
            Act::Connect => self.connect(),
            Act::Deliver(event) => {
                if let Some(event) = self.take(event) {
                    let taken = deliver(&self.cloud, self.now, &event).await;
                    self.settle_delivery(event, taken);
                }
            }
            Act::DeliverAgain(event) => {
                if !self.heard.is_empty() {
                    let event = event.get(&self.heard).clone();
                    deliver(&self.cloud, self.now, &event).await;
                }
            }
            Act::Lose(event) => {
                if !orderly {
                    self.take(event);
                }
            }
            Act::Run(days) => {
                self.now += days * DAY;
                run(&self.cloud, self.now).await;
            }
            Act::RunAgain => run(&self.cloud, self.now).await,
            Act::Break { after, made } => {
                self.cloud.state().breaks = Some(Break { after, made });
            }
            Act::DeliverWhileRunning {
                event,
                days,
                delays,
            } => {
                self.now += days * DAY;
                self.cloud.state().delays = delays.into();
                let event = self.take(event);
                let (taken, ()) = tokio::join!(
                    deliver_any(&self.cloud, self.now, event.as_ref()),
                    run(&self.cloud, self.now)
                );
                self.settle_any(event, taken);
            }
            Act::DeliverBoth { one, other, delays } => {
                self.cloud.state().delays = delays.into();
                let (one, other) = (self.take(one), self.take(other));
                let (one_taken, other_taken) = tokio::join!(
                    deliver_any(&self.cloud, self.now, one.as_ref()),
                    deliver_any(&self.cloud, self.now, other.as_ref())
                );
                self.settle_any(one, one_taken);
                self.settle_any(other, other_taken);
            }
            Act::DeliverWhileAsking { event, delays } => {
                self.cloud.state().delays = delays.into();
                let event = self.take(event);
                let (taken, asked) = tokio::join!(
                    deliver_any(&self.cloud, self.now, event.as_ref()),
                    self.device.asks(&self.cloud, self.now)
                );
                let proven = asked.ok().flatten();
                self.queue.extend(proven);
                self.settle_any(event, taken);
            }
        }
        self.cloud.state().delays.clear();
        self.assert_that_an_unproven_certificate_is_asked_for();
    }

    /// Its connection may go unheard: the next run asks the device, and its answer is the proof.
    fn assert_that_an_unproven_certificate_is_asked_for(&self) {
        let state = self.cloud.state();
        let tomorrow = Day::of(self.now).plus(1);
        let asked = state.rotation_day.is_some_and(|day| day <= tomorrow);
        assert!(asked || state.held.rotation.next.is_none());
    }

    /// Nothing fails any more, all events arrive, and the runs of a season see to what is left: then the certificate in
    /// force is the only one.
    pub async fn settles(&mut self) {
        self.cloud.state().breaks = None;
        // A message that was lost half way is made good by another connection.
        self.connect();
        self.hear_all().await;
        for _ in 0..=POLICY.retention.max(POLICY.proof) + 1 {
            self.now += DAY;
            run(&self.cloud, self.now).await;
        }
        let state = self.cloud.state();
        let current = &state.held.current.as_ref().unwrap().id;
        assert_eq!(state.active(), [current.as_str()]);
        assert!(state.items.keys().all(|id| id == current));
        assert_eq!(state.held.rotation.next, None);
    }

    pub fn assert_that_the_device_lives(&self) {
        let state = self.cloud.state();
        let current = &state.held.current.as_ref().unwrap().id;
        assert_eq!(*current, self.device.own.id);
        assert_eq!(state.held.rotation.retiring, None);
    }

    fn connect(&mut self) {
        self.queue.extend(self.device.connects(&self.cloud));
    }

    async fn ask(&mut self) {
        match self.device.asks(&self.cloud, self.now).await {
            Ok(proven) => self.queue.extend(proven),
            Err(failure) => assert!(is_broken(&failure) || self.is_shut_out(), "{failure}"),
        }
    }

    fn is_shut_out(&self) -> bool {
        let state = self.cloud.state();
        state.registered.get(&self.device.own.id) != Some(&true)
    }

    fn take(&mut self, event: Index) -> Option<String> {
        let some = !self.queue.is_empty();
        some.then(|| self.queue.swap_remove(event.index(self.queue.len())))
    }

    fn settle_any(&mut self, event: Option<String>, taken: bool) {
        if let Some(event) = event {
            self.settle_delivery(event, taken);
        }
    }

    /// What was not taken is delivered again.
    fn settle_delivery(&mut self, event: String, taken: bool) {
        if taken {
            self.heard.push(event);
        } else {
            self.now += VISIBILITY;
            self.queue.push(event);
        }
    }

    /// All events arrive, as often as it takes.
    async fn hear_all(&mut self) {
        while let Some(event) = self.queue.pop() {
            let taken = deliver(&self.cloud, self.now, &event).await;
            self.settle_delivery(event, taken);
        }
    }
}

async fn deliver_any(cloud: &Cloud, now: i64, event: Option<&String>) -> bool {
    match event {
        Some(event) => deliver(cloud, now, event).await,
        None => true,
    }
}

/// Whether rotation-completer takes the event of a connection with this certificate.
async fn deliver(cloud: &Cloud, now: i64, certificate_id: &str) -> bool {
    let completer = rotation_completer::World {
        ledger: cloud.clone(),
        certificates: cloud.clone(),
        activation: cloud.clone(),
        things: cloud.clone(),
        bus: cloud.clone(),
        policy: POLICY,
        timeline_days: 365,
    };
    let record = SqsRecord {
        message_id: "m".to_owned(),
        body: json!({ "clientId": "sensor-1", "principalIdentifier": certificate_id }).to_string(),
        attributes: SqsAttributes::default(),
    };
    let batch = SqsBatch {
        records: vec![record],
    };
    let answer = completer.complete(now, batch).await.unwrap();
    answer.batch_item_failures.is_empty()
}

/// The daily run: rotation-notifier and certificate-retirer, with what is due.
async fn run(cloud: &Cloud, now: i64) {
    let today = Day::of(now);
    let task = DueDevices {
        devices: vec![sensor()],
        day: today.to_string(),
    };
    let told = rotation_notifier::notify(cloud, cloud, &POLICY, task).await;
    assert!(told.is_ok());
    let task = RetireCertificates {
        certificates: cloud.state().due(today),
    };
    let retirer = certificate_retirer::World {
        ledger: cloud.clone(),
        certificates: cloud.clone(),
        bus: cloud.clone(),
        timeline_days: 365,
    };
    let Ok(_) = retirer.retire(now, task).await;
}
