//! A ledger, a bus, a verifier and AWS IoT's certificates, in memory.

use muster_documents::{FleetName, Serial};
use muster_onboarding::claims::SurgeRule;
use muster_onboarding::ledger::{DeviceState, FleetState, device_key};
use muster_onboarding::ports::{
    AdmissionLedger, AdmissionRecords, AdmittedDevice, Before, BusEvent, CertificateProof,
    CertificateSwitch, ClaimLedger, ClaimRecord, ClaimSurge, EventBus, FleetRecord, HeldDevice,
    HourCount, NextAdmission, NextCertificate, RefusedDevice, RotatingThing, RotatingThings,
    ThingOrigins, VerifierAnswer, Verifiers, VoucherRecord,
};
use muster_onboarding::rotation::RotationPolicy;
use muster_onboarding::{CloudFailure, FailureKind};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};

/// What does not work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Broken {
    #[default]
    Nothing,
    LookingForThings,
    Reading,
    ReadingForEver,
    Counting,
    Writing,
    Deactivating,
    Reporting,
    Telling,
    TellingForEver,
}

#[derive(Debug, Default)]
pub struct State {
    pub broken: Broken,
    pub settings: Value,
    pub claim: ClaimRecord,
    pub devices: BTreeMap<String, HeldDevice>,
    pub vouchers: BTreeMap<String, VoucherRecord>,
    pub verifier: Option<VerifierAnswer>,
    /// What AWS IoT knows of a thing that asks to rotate.
    pub thing: RotatingThing,
    /// What was done, in order.
    pub done: Vec<String>,
    pub events: Vec<BusEvent>,
    pub refused: Vec<RefusedDevice>,
    /// Requests and threshold by hour.
    pub hours: BTreeMap<String, HourCount>,
}

/// All of them: one state.
#[derive(Debug, Clone, Default)]
pub struct Cloud(Arc<Mutex<State>>);

pub type World = crate::World<Cloud, Cloud, Cloud, Cloud, Cloud, Cloud, Cloud>;

impl Cloud {
    /// With the fleet `plant-7` and its claim certificate.
    pub fn new() -> Self {
        let cloud = Self::default();
        cloud.state().settings = json!({ "templateName": "plant-7" });
        cloud.state().claim.fleet = Some("plant-7".to_owned());
        cloud
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn import(&self, serial: &str) {
        let known = HeldDevice {
            state: Some(DeviceState::Known),
            ..HeldDevice::default()
        };
        self.state().devices.insert(serial.to_owned(), known);
    }

    /// The hook before it.
    pub fn hook(&self) -> World {
        World {
            ledger: self.clone(),
            certificates: self.clone(),
            things: self.clone(),
            dates: self.clone(),
            verifiers: self.clone(),
            bus: self.clone(),
            verifier_arns: BTreeMap::from([("plant".to_owned(), "arn:plant".to_owned())]),
            surge_rule: SurgeRule {
                minimum: 2,
                factor: 10,
                shuts: false,
            },
            connections: self.clone(),
            timeline_days: 365,
            rotation: RotationPolicy {
                age: 365,
                grace: 30,
                proof: 14,
                retention: 30,
            },
            patience: crate::Patience::default(),
        }
    }

    fn is(&self, broken: Broken) -> Result<(), CloudFailure> {
        if self.state().broken == broken {
            return Err(failure(FailureKind::Unavailable));
        }
        Ok(())
    }

    fn did(&self, what: impl Into<String>) {
        self.state().done.push(what.into());
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

impl AdmissionLedger for Cloud {
    async fn read_admission(
        &self,
        _fleet: &FleetName,
        _claim_certificate_id: &str,
        serial: Option<&Serial>,
        voucher: Option<&str>,
    ) -> Result<AdmissionRecords, CloudFailure> {
        self.is(Broken::Reading)?;
        if self.state().broken == Broken::ReadingForEver {
            pending::<()>().await;
        }
        let read = {
            let state = self.state();
            AdmissionRecords {
                fleet: Some(FleetRecord {
                    state: Some(FleetState::Active),
                    settings: state.settings.to_string(),
                }),
                claim: Some(state.claim.clone()),
                device: serial.and_then(|serial| state.devices.get(serial.as_str()).cloned()),
                voucher: voucher.and_then(|voucher| state.vouchers.get(voucher).cloned()),
            }
        };
        // Another request comes in between.
        tokio::task::yield_now().await;
        Ok(read)
    }

    async fn admit(&self, device: &AdmittedDevice) -> Result<(), CloudFailure> {
        self.is(Broken::Writing)?;
        let mut state = self.state();
        let held = state.devices.get(device.serial.as_str());
        let seen = held.and_then(|held| held.state);
        let stands = match &device.before {
            Before::Unknown => held.is_none(),
            Before::Known => seen == Some(DeviceState::Known),
            Before::Admitted { execution, .. } => {
                held.is_some_and(|held| held.execution.as_ref() == Some(execution))
            }
        };
        let voucher = device.voucher.as_ref().map(|hash| &state.vouchers[hash]);
        if !stands || voucher.is_some_and(|voucher| voucher.spent.is_some()) {
            return Err(failure(FailureKind::ConditionFailed));
        }
        let spent = (device.serial.to_string(), device.fingerprint.clone());
        if let Some(hash) = &device.voucher {
            state.vouchers.get_mut(hash).unwrap().spent = Some(spent);
        }
        let held = HeldDevice {
            state: Some(DeviceState::Provisioned),
            fingerprint: Some(device.fingerprint.clone()),
            execution: Some(format!("admitted-{}", device.certificate.id)),
            current: Some(device.certificate.clone()),
            fleet: Some(device.fleet.to_string()),
            issued_on: Some(device.issued_on),
            ..HeldDevice::default()
        };
        state.devices.insert(device.serial.to_string(), held);
        state.done.push(format!("admit {}", device.certificate.id));
        Ok(())
    }

    async fn record_rejection(&self, refused: &RefusedDevice) -> Result<(), CloudFailure> {
        self.is(Broken::Telling)?;
        if self.state().broken == Broken::TellingForEver {
            pending::<()>().await;
        }
        self.state().refused.push(refused.clone());
        Ok(())
    }
}

impl ClaimLedger for Cloud {
    async fn count_request(
        &self,
        _claim_certificate_id: &str,
        hour: &str,
        _expires_at: i64,
    ) -> Result<HourCount, CloudFailure> {
        self.is(Broken::Counting)?;
        let mut state = self.state();
        let count = state.hours.entry(hour.to_owned()).or_default();
        count.requests += 1;
        Ok(*count)
    }

    async fn requests_between(
        &self,
        _claim_certificate_id: &str,
        first: &str,
        last: &str,
    ) -> Result<i64, CloudFailure> {
        self.did("read the day before");
        let state = self.state();
        let hours = state.hours.range(first.to_owned()..=last.to_owned());
        Ok(hours.map(|(_, count)| count.requests).sum())
    }

    async fn note_threshold(
        &self,
        _claim_certificate_id: &str,
        hour: &str,
        threshold: i64,
    ) -> Result<(), CloudFailure> {
        let mut state = self.state();
        state.hours.get_mut(hour).unwrap().threshold = Some(threshold);
        Ok(())
    }

    async fn note_surge(&self, surge: &ClaimSurge) -> Result<bool, CloudFailure> {
        let mut state = self.state();
        let hour = state.hours.get_mut(&surge.hour).unwrap();
        Ok(!std::mem::replace(&mut hour.surged, true))
    }

    async fn shut_claim(&self, _claim_certificate_id: &str, why: &str) -> Result<(), CloudFailure> {
        self.state().claim.shut = Some(why.to_owned());
        Ok(())
    }
}

impl CertificateSwitch for Cloud {
    async fn deactivate_certificate(&self, certificate_id: &str) -> Result<(), CloudFailure> {
        self.is(Broken::Deactivating)?;
        self.did(format!("deactivate {certificate_id}"));
        Ok(())
    }
}

impl NextAdmission for Cloud {
    async fn admit_next(&self, next: &NextCertificate) -> Result<(), CloudFailure> {
        self.is(Broken::Writing)?;
        let mut state = self.state();
        let held = state.devices.get_mut(next.serial.as_str()).unwrap();
        let had = held.rotation.next.as_ref().map(|next| next.id.clone());
        if held.current.as_ref().unwrap().id != next.in_force || had != next.replaced {
            return Err(failure(FailureKind::ConditionFailed));
        }
        held.rotation.next = Some(next.certificate.clone());
        state
            .done
            .push(format!("admit next {}", next.certificate.id));
        Ok(())
    }
}

impl RotatingThings for Cloud {
    async fn rotating_thing(
        &self,
        _thing: &Serial,
        certificate_arn: &str,
    ) -> Result<RotatingThing, CloudFailure> {
        self.is(Broken::LookingForThings)?;
        assert!(
            certificate_arn.starts_with("arn:aws:iot:eu-central-1:123456789012:cert/"),
            "{certificate_arn}"
        );
        Ok(self.state().thing)
    }
}

impl CertificateProof for Cloud {
    async fn report_connection(
        &self,
        thing: &Serial,
        certificate_id: &str,
    ) -> Result<(), CloudFailure> {
        self.is(Broken::Reporting)?;
        self.did(format!("{thing} has connected with {certificate_id}"));
        Ok(())
    }
}

impl ThingOrigins for Cloud {
    async fn made_by(&self, _thing: &Serial) -> Result<String, CloudFailure> {
        self.is(Broken::LookingForThings)?;
        Ok("muster-1".to_owned())
    }
}

impl Verifiers for Cloud {
    async fn ask(
        &self,
        _verifier_arn: &str,
        question: &Value,
    ) -> Result<VerifierAnswer, CloudFailure> {
        self.did(format!("ask about {}", question["thingName"]));
        let answer = self.state().verifier.clone();
        answer.ok_or_else(|| failure(FailureKind::Unavailable))
    }
}

impl EventBus for Cloud {
    async fn tell(&self, event: &BusEvent) -> Result<(), CloudFailure> {
        self.is(Broken::Telling)?;
        if self.state().broken == Broken::TellingForEver {
            pending::<()>().await;
        }
        self.state().events.push(event.clone());
        Ok(())
    }
}

/// What was told of a device, on the bus and in its timeline.
impl Cloud {
    pub fn told(&self, event: &str) -> Vec<Value> {
        let state = self.state();
        let events = state.events.iter().filter(|told| told.name == event);
        events.map(|told| told.detail.clone()).collect()
    }

    pub fn recorded(&self, serial: &str) -> Vec<&'static str> {
        let key = device_key(&Serial::new(serial).unwrap());
        let state = self.state();
        let refused = state.refused.iter().filter(|one| one.ledger_key == key);
        refused.map(|one| one.refusal.code.name()).collect()
    }
}
