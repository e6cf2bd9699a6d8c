//! A ledger and AWS IoT's things, in memory.

use muster_documents::Serial;
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::ports::{
    DateLedger, DeviceRecords, EditedDate, HeldDevice, ThingCalendar, ThingDate,
};
use muster_onboarding::rotation::{Day, RotationPolicy};
use muster_onboarding::{CloudFailure, FailureKind};
use std::sync::{Arc, Mutex, MutexGuard};

#[derive(Debug)]
pub struct State {
    /// The device `sensor-1`.
    pub held: Option<HeldDevice>,
    pub rotation_day: Option<Day>,
    /// What its thing says.
    pub thing: ThingDate,
    pub things_fail: bool,
    /// What somebody else does before the ledger is written, each time or once.
    pub always: Option<fn(&mut State)>,
    pub once: Option<fn(&mut State)>,
    /// What was written.
    pub edits: Vec<EditedDate>,
}

/// All of them: one state.
#[derive(Debug, Clone)]
pub struct Cloud(Arc<Mutex<State>>);

impl Cloud {
    pub fn new(held: HeldDevice, rotation_day: Day) -> Self {
        Self(Arc::new(Mutex::new(State {
            held: Some(held),
            rotation_day: Some(rotation_day),
            thing: ThingDate::Missing,
            things_fail: false,
            always: None,
            once: None,
            edits: Vec::new(),
        })))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn follower(&self) -> crate::World<Cloud, Cloud> {
        crate::World {
            ledger: self.clone(),
            things: self.clone(),
            policy: RotationPolicy {
                age: 365,
                grace: 30,
                proof: 14,
                retention: 30,
            },
            timeline_days: 365,
        }
    }
}

fn failure(kind: FailureKind) -> CloudFailure {
    CloudFailure {
        kind,
        action: "test:Call",
        message: "it does not work".to_owned(),
        source: None,
    }
}

impl DeviceRecords for Cloud {
    async fn held(&self, serial: &Serial) -> Result<Option<HeldDevice>, CloudFailure> {
        let state = self.state();
        Ok(state.held.clone().filter(|_| serial.as_str() == "sensor-1"))
    }
}

impl DateLedger for Cloud {
    async fn take_over_date(&self, edited: &EditedDate) -> Result<(), CloudFailure> {
        let mut state = self.state();
        let once = state.once.take();
        for meanwhile in once.into_iter().chain(state.always) {
            meanwhile(&mut state);
        }
        let held = state.held.as_mut().unwrap();
        let rotation = &held.rotation;
        let under_way = rotation.ordered || rotation.overdue.is_some() || rotation.next.is_some();
        if held.state != Some(DeviceState::Provisioned)
            || held.undoing.is_some()
            || held.issued_on != edited.before
            || rotation.retiring.is_some()
            || (under_way && !edited.under_way)
        {
            return Err(failure(FailureKind::ConditionFailed));
        }
        held.issued_on = Some(edited.issued_on);
        held.rotation.asked_since = None;
        state.rotation_day = Some(edited.rotation_day);
        state.edits.push(edited.clone());
        Ok(())
    }
}

impl ThingCalendar for Cloud {
    async fn thing_date(&self, _thing: &Serial) -> Result<ThingDate, CloudFailure> {
        let state = self.state();
        if state.things_fail {
            return Err(failure(FailureKind::Throttled));
        }
        Ok(state.thing.clone())
    }
}
