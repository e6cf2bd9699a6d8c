//! A ledger, AWS IoT's certificates and a bus, in memory.

use muster_documents::Serial;
use muster_onboarding::ports::{
    BusEvent, CertificateRemover, CertificateSwitch, DeviceRecords, DueCertificate,
    EndedCertificate, Ending, EventBus, HeldDevice, RetirementLedger,
};
use muster_onboarding::rotation::Day;
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
    /// Certificates' own items, by id.
    pub items: BTreeMap<String, Ending>,
    /// Those that the index has.
    pub due: BTreeSet<String>,
    /// Those that AWS IoT has.
    pub registered: BTreeSet<String>,
    /// Those with which nobody can connect.
    pub inactive: BTreeSet<String>,
    /// Which cannot be taken away.
    pub stuck: Option<String>,
    pub bus_fails: bool,
    pub breaks: Option<Break>,
    /// What somebody else does before the call of this name.
    pub meanwhile: Option<Doing>,
    calls: usize,
    /// What was done, in order.
    pub done: Vec<String>,
    pub lines: Vec<EndedCertificate>,
    pub events: Vec<BusEvent>,
}

/// All of them: one state.
#[derive(Debug, Clone, Default)]
pub struct Cloud(Arc<Mutex<State>>);

impl Cloud {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn retirer(&self) -> crate::World<Cloud, Cloud, Cloud> {
        crate::World {
            ledger: self.clone(),
            certificates: self.clone(),
            bus: self.clone(),
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

impl RetirementLedger for Cloud {
    async fn ending_certificate(
        &self,
        certificate: &DueCertificate,
    ) -> Result<Option<Ending>, CloudFailure> {
        let state = self.state();
        Ok(state.items.get(&certificate.certificate_id).cloned())
    }

    async fn begin_shutting(
        &self,
        certificate: &DueCertificate,
        at: i64,
    ) -> Result<(), CloudFailure> {
        let id = &certificate.certificate_id;
        self.change("begin", id, |state| {
            let rotation = &mut state.devices.get_mut(&certificate.serial).unwrap().rotation;
            if rotation.next.as_ref().is_none_or(|next| next.id != *id) {
                return Err(failure(FailureKind::ConditionFailed));
            }
            rotation.next_shut_at = Some(at);
            Ok(())
        })
    }

    async fn note_shut(
        &self,
        certificate: &DueCertificate,
        _today: Day,
    ) -> Result<(), CloudFailure> {
        self.change("note", &certificate.certificate_id, |state| {
            let item = state.items.get_mut(&certificate.certificate_id);
            if let Some(item) = item.filter(|item| item.unused) {
                item.shut = true;
            }
            Ok(())
        })
    }

    async fn forget_next(&self, certificate: &DueCertificate) -> Result<(), CloudFailure> {
        let id = &certificate.certificate_id;
        self.change("forget next", id, |state| {
            let rotation = &mut state.devices.get_mut(&certificate.serial).unwrap().rotation;
            let next = rotation.next.take_if(|next| next.id == *id);
            rotation.next_shut_at = None;
            next.map(drop)
                .ok_or_else(|| failure(FailureKind::ConditionFailed))
        })
    }

    async fn keep_certificate(&self, certificate: &DueCertificate) -> Result<(), CloudFailure> {
        let id = &certificate.certificate_id;
        self.change("keep", id, |state| {
            state.due.remove(id);
            Ok(())
        })
    }

    async fn forget_certificate(&self, ended: &EndedCertificate) -> Result<(), CloudFailure> {
        self.change("forget", &ended.certificate_id, |state| {
            state.items.remove(&ended.certificate_id);
            state.due.remove(&ended.certificate_id);
            state.lines.push(ended.clone());
            Ok(())
        })
    }
}

impl CertificateSwitch for Cloud {
    async fn deactivate_certificate(&self, certificate_id: &str) -> Result<(), CloudFailure> {
        self.change("deactivate", certificate_id, |state| {
            state.inactive.insert(certificate_id.to_owned());
            Ok(())
        })
    }
}

impl CertificateRemover for Cloud {
    async fn take_away(
        &self,
        thing: &Serial,
        certificate_id: &str,
        certificate_arn: &str,
    ) -> Result<(), CloudFailure> {
        assert_eq!(certificate_arn, format!("arn:cert/{certificate_id}"));
        assert_eq!(thing.as_str(), "sensor-1");
        self.change("take away", certificate_id, |state| {
            if state.stuck.as_deref() == Some(certificate_id) {
                return Err(failure(FailureKind::Throttled));
            }
            state.registered.remove(certificate_id);
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
