//! A ledger and a broker, in memory.

use muster_documents::Serial;
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::ports::{HeldDevice, NotedDevice, NoticeLedger, Publisher};
use muster_onboarding::rotation::Day;
use muster_onboarding::{CloudFailure, FailureKind};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// What a device's item says.
#[derive(Debug, Clone, Default)]
pub struct Item {
    pub held: HeldDevice,
    pub rotation_day: Option<Day>,
    pub asked_on: Option<Day>,
}

#[derive(Debug, Default)]
pub struct State {
    pub items: BTreeMap<Serial, Item>,
    /// Whose item cannot be written.
    pub unwritable: Option<Serial>,
    /// Who cannot be published to.
    pub unreachable: Option<Serial>,
    /// What somebody else does to an item once a notice is noted in it.
    pub meanwhile: Option<fn(&mut Item)>,
    pub published: Vec<(String, Value)>,
}

/// Both of them: one state.
#[derive(Debug, Clone, Default)]
pub struct Cloud(Arc<Mutex<State>>);

impl Cloud {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn item(&self, serial: &Serial) -> Item {
        self.state().items[serial].clone()
    }

    pub fn change(&self, serial: &Serial, change: impl FnOnce(&mut Item)) {
        change(self.state().items.get_mut(serial).unwrap());
    }
}

fn failure() -> CloudFailure {
    CloudFailure {
        kind: FailureKind::Unavailable,
        action: "test:Call",
        message: "it does not work".to_owned(),
        source: None,
    }
}

impl NoticeLedger for Cloud {
    async fn note_notice(
        &self,
        serial: &Serial,
        today: Day,
    ) -> Result<Option<NotedDevice>, CloudFailure> {
        let mut state = self.state();
        if state.unwritable.as_ref() == Some(serial) {
            return Err(failure());
        }
        let meanwhile = state.meanwhile.take();
        let Some(item) = state.items.get_mut(serial).filter(|item| {
            item.held.state == Some(DeviceState::Provisioned)
                && item.held.undoing.is_none()
                && item.rotation_day.is_some_and(|day| day <= today)
        }) else {
            return Ok(None);
        };
        item.rotation_day = Some(today.plus(1));
        let again = item.asked_on.replace(today) == Some(today);
        item.held.rotation.asked_since.get_or_insert(today);
        let noted = NotedDevice {
            held: item.held.clone(),
            again,
        };
        if let Some(change) = meanwhile {
            change(item);
        }
        Ok(Some(noted))
    }

    async fn take_back_notice(
        &self,
        serial: &Serial,
        today: Day,
        first: bool,
    ) -> Result<(), CloudFailure> {
        self.change(serial, |item| {
            if item.rotation_day == Some(today.plus(1)) {
                item.rotation_day = Some(today);
                item.asked_on = None;
                item.held.rotation.asked_since.take_if(|_| first);
            }
        });
        Ok(())
    }

    async fn keep_due(&self, serial: &Serial, today: Day) -> Result<(), CloudFailure> {
        self.change(serial, |item| {
            if item.rotation_day == Some(today.plus(1)) {
                item.rotation_day = Some(today);
            }
        });
        Ok(())
    }

    async fn postpone_notice(&self, serial: &Serial, due_on: Day) -> Result<(), CloudFailure> {
        self.change(serial, |item| {
            let rotation = &mut item.held.rotation;
            if rotation.asked_since.is_some()
                && !rotation.ordered
                && rotation.overdue.is_none()
                && rotation.next.is_none()
            {
                item.rotation_day = Some(due_on);
                rotation.asked_since = None;
            }
        });
        Ok(())
    }
}

impl Publisher for Cloud {
    async fn publish(&self, topic: &str, payload: Vec<u8>) -> Result<(), CloudFailure> {
        let mut state = self.state();
        let unreachable = state.unreachable.as_ref();
        if unreachable.is_some_and(|serial| topic == format!("cmd/{serial}/alerts")) {
            return Err(failure());
        }
        let message = serde_json::from_slice(&payload).unwrap();
        state.published.push((topic.to_owned(), message));
        Ok(())
    }
}
