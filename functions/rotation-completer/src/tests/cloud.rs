//! A ledger, AWS IoT's certificates and things, and a bus, in memory.

use muster_documents::Serial;
use muster_documents::tasks::Verdict;
use muster_onboarding::ports::{
    BusEvent, Certificate, CertificateActivation, CertificateSwitch, DatedThings, DeviceRecords,
    EventBus, HeldDevice, ProofLedger, RotationState, TakenForce,
};
use muster_onboarding::rotation::{Day, RotationPolicy};
use muster_onboarding::{CloudFailure, FailureKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

/// Where the function's calls that change something end, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// The call is not made.
    Before(usize),
    /// It is made, and its answer is lost.
    After(usize),
}

/// What somebody does at a call of this name.
type Doing = (&'static str, fn(&mut State));

#[derive(Debug, Default)]
pub struct State {
    pub devices: BTreeMap<Serial, HeldDevice>,
    /// The certificates that are active.
    pub active: BTreeSet<String>,
    /// What the device's thing says.
    pub thing_date: Option<Day>,
    /// The thing takes no more attributes.
    pub thing_is_full: bool,
    pub bus_fails: bool,
    pub breaks: Option<Break>,
    /// What somebody else does before the call of this name, each time or once.
    pub always: Option<Doing>,
    pub once: Option<Doing>,
    calls: usize,
    /// What was done, in order.
    pub done: Vec<String>,
    /// What took force.
    pub taken: Vec<TakenForce>,
    pub events: Vec<BusEvent>,
}

/// All of them: one state.
#[derive(Debug, Clone, Default)]
pub struct Cloud(Arc<Mutex<State>>);

impl Cloud {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn completer(&self) -> crate::World<Cloud, Cloud, Cloud, Cloud, Cloud> {
        crate::World {
            ledger: self.clone(),
            certificates: self.clone(),
            activation: self.clone(),
            things: self.clone(),
            bus: self.clone(),
            policy: RotationPolicy {
                age: 365,
                grace: 30,
                proof: 14,
                retention: 30,
            },
            timeline_days: 365,
        }
    }

    fn change(
        &self,
        what: &'static str,
        of: &str,
        change: impl FnOnce(&mut State) -> Result<(), CloudFailure>,
    ) -> Result<(), CloudFailure> {
        let mut state = self.state();
        let once = state.once.take_if(|(name, _)| *name == what);
        let always = state.always.filter(|(name, _)| *name == what);
        for (_, meanwhile) in once.into_iter().chain(always) {
            meanwhile(&mut state);
        }
        let call = state.calls;
        state.calls += 1;
        if state.breaks == Some(Break::Before(call)) {
            return Err(failure(FailureKind::Unavailable));
        }
        change(&mut state)?;
        state.done.push(format!("{what} {of}"));
        if state.breaks == Some(Break::After(call)) {
            return Err(failure(FailureKind::Unavailable));
        }
        Ok(())
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
        Ok(self.state().devices.get(serial).cloned())
    }
}

impl ProofLedger for Cloud {
    async fn take_force(&self, taken: &TakenForce) -> Result<(), CloudFailure> {
        self.change("take force", &taken.certificate_id, |state| {
            let held = state.devices.get_mut(&taken.serial).unwrap();
            let id = |one: &Option<Certificate>| one.as_ref().map(|one| one.id.clone());
            if id(&held.rotation.next).as_ref() != Some(&taken.certificate_id)
                || id(&held.current).as_ref() != Some(&taken.before.id)
                || held.undoing.is_some()
                || held.rotation.next_shut_at != taken.shut_at
            {
                return Err(failure(FailureKind::ConditionFailed));
            }
            held.current = held.rotation.next.take();
            held.fingerprint = held.rotation.next_fingerprint.take();
            held.issued_on = Some(taken.day);
            held.rotation = RotationState {
                retiring: Some(taken.before.id.clone()),
                ..RotationState::default()
            };
            state.taken.push(taken.clone());
            Ok(())
        })
    }

    async fn note_connected(
        &self,
        serial: &Serial,
        certificate_id: &str,
    ) -> Result<(), CloudFailure> {
        self.change("note connected", certificate_id, |state| {
            state.devices.get_mut(serial).unwrap().unproven = None;
            Ok(())
        })
    }

    async fn forget_retiring(
        &self,
        serial: &Serial,
        certificate_id: &str,
    ) -> Result<(), CloudFailure> {
        self.change("forget", certificate_id, |state| {
            let held = state.devices.get_mut(serial).unwrap();
            let retiring = &mut held.rotation.retiring;
            retiring.take_if(|retiring| *retiring == certificate_id);
            Ok(())
        })
    }
}

impl CertificateSwitch for Cloud {
    async fn deactivate_certificate(&self, certificate_id: &str) -> Result<(), CloudFailure> {
        self.change("deactivate", certificate_id, |state| {
            state.active.remove(certificate_id);
            Ok(())
        })
    }
}

impl CertificateActivation for Cloud {
    async fn settle(&self, certificate_id: &str, verdict: Verdict) -> Result<(), CloudFailure> {
        assert_eq!(verdict, Verdict::Activate);
        self.change("activate", certificate_id, |state| {
            state.active.insert(certificate_id.to_owned());
            Ok(())
        })
    }
}

impl DatedThings for Cloud {
    async fn date_thing(&self, _thing: &Serial, day: Day) -> Result<(), CloudFailure> {
        self.change("date", &day.to_string(), |state| {
            if state.thing_is_full {
                return Err(failure(FailureKind::Refused));
            }
            state.thing_date = Some(day);
            Ok(())
        })
    }
}

impl EventBus for Cloud {
    async fn tell(&self, event: &BusEvent) -> Result<(), CloudFailure> {
        let mut state = self.state();
        if state.bus_fails {
            return Err(failure(FailureKind::Unavailable));
        }
        state.events.push(event.clone());
        Ok(())
    }
}
