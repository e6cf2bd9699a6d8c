//! A ledger, AWS IoT and a bus, in memory, for one device. Any call may be slow, and any may fail or lose its answer.

use muster_documents::Serial;
use muster_documents::rotation_tasks::EndingCertificate;
use muster_onboarding::ports::{BusEvent, Certificate, EventBus, HeldDevice, Publisher};
use muster_onboarding::rotation::{Day, RotationPolicy};
use muster_onboarding::{CloudFailure, FailureKind};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

pub const POLICY: RotationPolicy = RotationPolicy {
    age: 365,
    grace: 30,
    proof: 14,
    retention: 30,
};

/// Where a certificate stands, by its own item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    InForce,
    Next,
    Retired,
}

/// A certificate's own item.
#[derive(Debug, Clone)]
pub struct Item {
    pub arn: String,
    pub standing: Standing,
    /// Whether it is shut out.
    pub shut: bool,
    /// When it is to be seen to; `None`: the index does not have it.
    pub day: Option<Day>,
}

/// A call that fails.
#[derive(Debug, Clone, Copy)]
pub struct Break {
    /// After so many others.
    pub after: u8,
    /// Whether it is made, and only its answer is lost.
    pub made: bool,
}

#[derive(Debug, Default)]
pub struct State {
    pub held: HeldDevice,
    pub rotation_day: Option<Day>,
    /// The day of its last notice.
    pub asked_on: Option<Day>,
    pub items: BTreeMap<String, Item>,
    /// The certificates that AWS IoT has, and whether they are active.
    pub registered: BTreeMap<String, bool>,
    pub thing_date: Option<Day>,
    pub breaks: Option<Break>,
    /// How long the calls to come are under way.
    pub delays: VecDeque<u8>,
}

/// All of them: one state.
#[derive(Debug, Clone, Default)]
pub struct Cloud(Arc<Mutex<State>>);

impl Cloud {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// A call: others may come in between before it is made.
    pub async fn call<T>(
        &self,
        call: impl FnOnce(&mut State) -> Result<T, CloudFailure>,
    ) -> Result<T, CloudFailure> {
        let delay = self.state().delays.pop_front().unwrap_or_default();
        for _ in 0..delay {
            tokio::task::yield_now().await;
        }
        let mut state = self.state();
        let fails = match &mut state.breaks {
            Some(Break { after: 0, made }) => Some(*made),
            Some(counted) => {
                counted.after -= 1;
                None
            }
            None => None,
        };
        if let Some(made) = fails {
            state.breaks = None;
            if made {
                call(&mut state)?;
            }
            return Err(failure(FailureKind::Unavailable));
        }
        let done = call(&mut state);
        state.assert_that_the_device_can_connect();
        done
    }
}

impl State {
    /// At every moment the certificate in force lets the device in.
    fn assert_that_the_device_can_connect(&self) {
        let current = &self.held.current.as_ref().unwrap().id;
        assert_eq!(self.registered.get(current), Some(&true), "{current}");
    }

    /// What a run of that day has to see to.
    pub fn due(&self, today: Day) -> Vec<EndingCertificate> {
        let due = self
            .items
            .iter()
            .filter(|(_, item)| item.day.is_some_and(|day| day <= today));
        due.map(|(id, _)| EndingCertificate {
            serial: sensor(),
            certificate_id: id.clone(),
        })
        .collect()
    }

    /// The certificates with which somebody could connect.
    pub fn active(&self) -> Vec<&str> {
        let active = self.registered.iter().filter(|(_, active)| **active);
        active.map(|(id, _)| id.as_str()).collect()
    }
}

pub fn failure(kind: FailureKind) -> CloudFailure {
    CloudFailure {
        kind,
        action: "test:Call",
        message: "it does not work".to_owned(),
        source: None,
    }
}

/// Fails if what is written was decided about something else than there is.
pub fn on(condition: bool) -> Result<(), CloudFailure> {
    if condition {
        Ok(())
    } else {
        Err(failure(FailureKind::ConditionFailed))
    }
}

/// Whether a place for a certificate has this one.
pub fn is(place: Option<&Certificate>, id: &str) -> bool {
    place.is_some_and(|certificate| certificate.id == id)
}

/// The one device.
pub fn sensor() -> Serial {
    Serial::new("sensor-1").unwrap()
}

impl Publisher for Cloud {
    async fn publish(&self, _topic: &str, _payload: Vec<u8>) -> Result<(), CloudFailure> {
        self.call(|_| Ok(())).await
    }
}

impl EventBus for Cloud {
    async fn tell(&self, event: &BusEvent) -> Result<(), CloudFailure> {
        assert_eq!(event.detail["serial"], "sensor-1");
        self.call(|_| Ok(())).await
    }
}
