//! The ledger, with the conditions that the real one has.

use crate::cloud::{Cloud, Item, Standing, is, on};
use muster_documents::Serial;
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::{
    DeviceRecords, DueCertificate, EndedCertificate, Ending, HeldDevice, NextAdmission,
    NextCertificate, NotedDevice, NoticeLedger, ProofLedger, RetirementLedger, RotationState,
    TakenForce,
};
use muster_onboarding::rotation::Day;

impl DeviceRecords for Cloud {
    async fn held(&self, _: &Serial) -> Result<Option<HeldDevice>, CloudFailure> {
        self.call(|state| Ok(Some(state.held.clone()))).await
    }
}

impl NextAdmission for Cloud {
    async fn admit_next(&self, next: &NextCertificate) -> Result<(), CloudFailure> {
        self.call(|state| {
            let rotation = &mut state.held.rotation;
            let before = rotation.next.as_ref().map(|before| &before.id);
            on(is(state.held.current.as_ref(), &next.in_force)
                && before == next.replaced.as_ref())?;
            rotation.next = Some(next.certificate.clone());
            rotation.next_shut_at = None;
            rotation.next_fingerprint = Some(next.fingerprint.clone());
            if let Some(replaced) = &next.replaced {
                let item = state.items.get_mut(replaced).unwrap();
                item.standing = Standing::Retired;
                item.day = Some(next.delete_on);
            }
            state.rotation_day = next.ask_on.or(state.rotation_day);
            let item = Item {
                arn: next.certificate.arn.clone(),
                standing: Standing::Next,
                shut: false,
                day: Some(next.undo_on),
            };
            state.items.insert(next.certificate.id.clone(), item);
            Ok(())
        })
        .await
    }
}

impl ProofLedger for Cloud {
    async fn take_force(&self, taken: &TakenForce) -> Result<(), CloudFailure> {
        self.call(|state| {
            let held = &mut state.held;
            on(is(held.rotation.next.as_ref(), &taken.certificate_id)
                && is(held.current.as_ref(), &taken.before.id)
                && held.rotation.next_shut_at == taken.shut_at)?;
            held.current = held.rotation.next.take();
            held.fingerprint = held.rotation.next_fingerprint.take();
            held.issued_on = Some(taken.day);
            held.rotation = RotationState {
                retiring: Some(taken.before.id.clone()),
                ..RotationState::default()
            };
            state.rotation_day = Some(taken.due_on);
            let item = state.items.get_mut(&taken.certificate_id).unwrap();
            item.standing = Standing::InForce;
            item.shut = false;
            item.day = None;
            let retired = Item {
                arn: taken.before.arn.clone(),
                standing: Standing::Retired,
                shut: false,
                day: Some(taken.delete_on),
            };
            state.items.insert(taken.before.id.clone(), retired);
            Ok(())
        })
        .await
    }

    async fn note_connected(&self, _: &Serial, _: &str) -> Result<(), CloudFailure> {
        unreachable!("no certificate here was given over HTTPS")
    }

    async fn forget_retiring(
        &self,
        _serial: &Serial,
        certificate_id: &str,
    ) -> Result<(), CloudFailure> {
        self.call(|state| {
            let retiring = &mut state.held.rotation.retiring;
            retiring.take_if(|retiring| *retiring == certificate_id);
            Ok(())
        })
        .await
    }
}

impl RetirementLedger for Cloud {
    async fn ending_certificate(
        &self,
        certificate: &DueCertificate,
    ) -> Result<Option<Ending>, CloudFailure> {
        self.call(|state| {
            let item = state.items.get(&certificate.certificate_id);
            Ok(item.map(|item| Ending {
                arn: item.arn.clone(),
                unused: item.standing == Standing::Next,
                shut: item.shut,
            }))
        })
        .await
    }

    async fn begin_shutting(
        &self,
        certificate: &DueCertificate,
        at: i64,
    ) -> Result<(), CloudFailure> {
        self.call(|state| {
            let rotation = &mut state.held.rotation;
            on(is(rotation.next.as_ref(), &certificate.certificate_id))?;
            rotation.next_shut_at = Some(at);
            Ok(())
        })
        .await
    }

    async fn note_shut(
        &self,
        certificate: &DueCertificate,
        today: Day,
    ) -> Result<(), CloudFailure> {
        self.call(|state| {
            let item = state.items.get_mut(&certificate.certificate_id).unwrap();
            if item.standing == Standing::Next {
                item.shut = true;
                item.day = Some(today.plus(1));
            }
            Ok(())
        })
        .await
    }

    async fn forget_next(&self, certificate: &DueCertificate) -> Result<(), CloudFailure> {
        self.call(|state| {
            let rotation = &mut state.held.rotation;
            on(is(rotation.next.as_ref(), &certificate.certificate_id))?;
            rotation.next = None;
            rotation.next_shut_at = None;
            rotation.next_fingerprint = None;
            Ok(())
        })
        .await
    }

    async fn keep_certificate(&self, certificate: &DueCertificate) -> Result<(), CloudFailure> {
        self.call(|state| {
            let item = state.items.get_mut(&certificate.certificate_id).unwrap();
            item.standing = Standing::InForce;
            item.day = None;
            Ok(())
        })
        .await
    }

    async fn forget_certificate(&self, ended: &EndedCertificate) -> Result<(), CloudFailure> {
        self.call(|state| {
            state.items.remove(&ended.certificate_id);
            Ok(())
        })
        .await
    }
}

impl NoticeLedger for Cloud {
    async fn note_notice(
        &self,
        _serial: &Serial,
        today: Day,
    ) -> Result<Option<NotedDevice>, CloudFailure> {
        self.call(|state| {
            if state.rotation_day.is_none_or(|day| day > today) {
                return Ok(None);
            }
            state.rotation_day = Some(today.plus(1));
            state.held.rotation.asked_since.get_or_insert(today);
            let again = state.asked_on.replace(today) == Some(today);
            Ok(Some(NotedDevice {
                held: state.held.clone(),
                again,
            }))
        })
        .await
    }

    async fn take_back_notice(
        &self,
        _serial: &Serial,
        today: Day,
        first: bool,
    ) -> Result<(), CloudFailure> {
        self.call(|state| {
            if state.rotation_day == Some(today.plus(1)) {
                state.rotation_day = Some(today);
                state.asked_on = None;
                state.held.rotation.asked_since.take_if(|_| first);
            }
            Ok(())
        })
        .await
    }

    async fn keep_due(&self, _serial: &Serial, today: Day) -> Result<(), CloudFailure> {
        self.call(|state| {
            if state.rotation_day == Some(today.plus(1)) {
                state.rotation_day = Some(today);
            }
            Ok(())
        })
        .await
    }

    async fn postpone_notice(&self, _serial: &Serial, due_on: Day) -> Result<(), CloudFailure> {
        self.call(|state| {
            let rotation = &mut state.held.rotation;
            if rotation.asked_since.is_some() && rotation.next.is_none() {
                rotation.asked_since = None;
                state.rotation_day = Some(due_on);
            }
            Ok(())
        })
        .await
    }
}
