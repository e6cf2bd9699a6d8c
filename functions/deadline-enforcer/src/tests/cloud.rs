//! A ledger, AWS IoT's certificates and a bus, in memory.

use muster_documents::Serial;
use muster_documents::tasks::Verdict;
use muster_onboarding::ports::{
    BusEvent, CertificateActivation, CertificateSwitch, DeviceRecords, EventBus, HeldDevice,
    OverdueAction, OverdueChange, OverdueLedger, Policies,
};
use muster_onboarding::rotation::{Day, RotationPolicy};
use muster_onboarding::{CloudFailure, FailureKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

pub const QUARANTINE: &str = "quarantine";

/// What a device's item says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Item {
    pub held: HeldDevice,
    pub rotation_day: Option<Day>,
}

/// What AWS IoT has of a certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registered {
    pub active: bool,
    pub policies: BTreeSet<String>,
}

/// Where the function's calls that change something end, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// The call is not made.
    Before(usize),
    /// It is made, and its answer is lost.
    After(usize),
}

/// What somebody else does before the call of this name.
type Doing = (&'static str, fn(&mut State));

#[derive(Debug, Default)]
pub struct State {
    pub items: BTreeMap<Serial, Item>,
    /// By id.
    pub certificates: BTreeMap<String, Registered>,
    /// Whose item cannot be read.
    pub unreadable: Option<Serial>,
    pub bus_fails: bool,
    pub breaks: Option<Break>,
    /// What somebody else does before the call of this name.
    pub meanwhile: Option<Doing>,
    calls: usize,
    /// What was done, in order.
    pub done: Vec<String>,
    pub events: Vec<BusEvent>,
}

/// All of them: one state.
#[derive(Debug, Clone, Default)]
pub struct Cloud(Arc<Mutex<State>>);

pub type World = crate::World<Cloud, Cloud, Cloud, Cloud>;

impl Cloud {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn enforcer(&self, action: OverdueAction) -> World {
        World {
            ledger: self.clone(),
            certificates: self.clone(),
            activation: self.clone(),
            bus: self.clone(),
            policy: RotationPolicy {
                age: 365,
                grace: 30,
                proof: 14,
                retention: 30,
            },
            action,
            quarantine: QUARANTINE.to_owned(),
            timeline_days: 365,
        }
    }

    /// From now on calls are counted anew.
    pub fn breaks(&self, breaks: Option<Break>) {
        let mut state = self.state();
        state.breaks = breaks;
        state.calls = 0;
    }

    fn change(
        &self,
        what: &str,
        of: &str,
        change: impl FnOnce(&mut State) -> Result<(), CloudFailure>,
    ) -> Result<(), CloudFailure> {
        let mut state = self.state();
        if let Some((_, meanwhile)) = state.meanwhile.take_if(|(name, _)| *name == what) {
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

impl State {
    fn registered(&mut self, arn_or_id: &str) -> Result<&mut Registered, CloudFailure> {
        let id = arn_or_id.trim_start_matches("arn:cert/");
        let found = self.certificates.get_mut(id);
        found.ok_or_else(|| failure(FailureKind::NotFound))
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

fn on(condition: bool) -> Result<(), CloudFailure> {
    if condition {
        Ok(())
    } else {
        Err(failure(FailureKind::ConditionFailed))
    }
}

impl DeviceRecords for Cloud {
    async fn held(&self, serial: &Serial) -> Result<Option<HeldDevice>, CloudFailure> {
        let state = self.state();
        if state.unreadable.as_ref() == Some(serial) {
            return Err(failure(FailureKind::Unavailable));
        }
        Ok(state.items.get(serial).map(|item| item.held.clone()))
    }
}

impl OverdueLedger for Cloud {
    async fn note_overdue(&self, change: &OverdueChange) -> Result<(), CloudFailure> {
        self.change("note", &change.overdue.certificate_id, |state| {
            let held = &mut state.items.get_mut(&change.serial).unwrap().held;
            let current = held.current.as_ref().map(|current| &current.id);
            on(current == Some(&change.overdue.certificate_id)
                && held.rotation.overdue.is_none()
                && held.rotation.asked_since.is_some()
                && held.undoing.is_none())?;
            held.rotation.overdue = Some(change.overdue.clone());
            Ok(())
        })
    }

    async fn confirm_overdue(
        &self,
        serial: &Serial,
        certificate_id: &str,
        today: Day,
    ) -> Result<(), CloudFailure> {
        self.change("confirm", certificate_id, |state| {
            let item = state.items.get_mut(serial).unwrap();
            let noted = item.held.rotation.overdue.as_mut();
            if let Some(overdue) = noted.filter(|noted| noted.certificate_id == certificate_id) {
                overdue.done = true;
                item.rotation_day = Some(today.plus(1));
            }
            Ok(())
        })
    }

    async fn forget_overdue(
        &self,
        change: &OverdueChange,
        due_on: Day,
    ) -> Result<(), CloudFailure> {
        self.change("forget", &change.overdue.certificate_id, |state| {
            let item = state.items.get_mut(&change.serial).unwrap();
            let rotation = &mut item.held.rotation;
            let noted = rotation.overdue.as_ref().map(|noted| &noted.certificate_id);
            on(noted == Some(&change.overdue.certificate_id)
                && rotation.asked_since.is_some()
                && !rotation.ordered)?;
            rotation.overdue = None;
            rotation.asked_since = None;
            item.rotation_day = Some(due_on);
            Ok(())
        })
    }
}

impl Policies for Cloud {
    async fn attached_policies(&self, certificate_arn: &str) -> Result<Vec<String>, CloudFailure> {
        let mut state = self.state();
        let found = state.registered(certificate_arn);
        let policies = found.map(|certificate| certificate.policies.iter().cloned().collect());
        Ok(policies.unwrap_or_default())
    }

    async fn put_policy(&self, policy: &str, certificate_arn: &str) -> Result<(), CloudFailure> {
        self.change("attach", policy, |state| {
            let certificate = state.registered(certificate_arn)?;
            certificate.policies.insert(policy.to_owned());
            Ok(())
        })
    }

    async fn take_policy(&self, policy: &str, certificate_arn: &str) -> Result<(), CloudFailure> {
        self.change("detach", policy, |state| {
            if let Ok(certificate) = state.registered(certificate_arn) {
                certificate.policies.remove(policy);
            }
            Ok(())
        })
    }
}

impl CertificateSwitch for Cloud {
    async fn deactivate_certificate(&self, certificate_id: &str) -> Result<(), CloudFailure> {
        self.change("deactivate", certificate_id, |state| {
            if let Ok(certificate) = state.registered(certificate_id) {
                certificate.active = false;
            }
            Ok(())
        })
    }
}

impl CertificateActivation for Cloud {
    async fn settle(&self, certificate_id: &str, verdict: Verdict) -> Result<(), CloudFailure> {
        assert_eq!(verdict, Verdict::Activate);
        self.change("activate", certificate_id, |state| {
            state.registered(certificate_id)?.active = true;
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
