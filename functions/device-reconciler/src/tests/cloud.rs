//! A ledger, AWS IoT's things, workflows and a queue, in memory.

use muster_documents::{CertificateDescription, Serial};
use muster_onboarding::ports::{
    Attachments, CertificateProof, CertificateRegistry, CorrectedDay, DayLedger, DeviceWalk,
    DevicesPage, Executions, Policies, RegisteredAuthority, RegisteredCertificate, WalkedDevice,
};
use muster_onboarding::rotation::RotationPolicy;
use muster_onboarding::{CloudFailure, FailureKind};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

#[derive(Debug, Default)]
pub struct State {
    /// The ledger's pages.
    pub pages: Vec<Vec<(Serial, WalkedDevice)>>,
    /// Things with the ARNs of their certificates.
    pub things: BTreeMap<String, Vec<String>>,
    /// Policies by the ARN of their certificate.
    pub policies: BTreeMap<String, Vec<String>>,
    /// Executions that run.
    pub running: BTreeSet<String>,
    /// The device about which every call fails.
    pub failing: Option<String>,
    /// Somebody else writes each device's day.
    pub overtaken: bool,
    /// What was done, in order.
    pub done: Vec<String>,
}

/// All of them: one state.
#[derive(Debug, Clone, Default)]
pub struct Cloud(Arc<Mutex<State>>);

fn failed(kind: FailureKind) -> CloudFailure {
    CloudFailure {
        kind,
        action: "test:Call",
        message: "it fails".to_owned(),
        source: None,
    }
}

impl Cloud {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn reconciler(&self) -> crate::World<Cloud, Cloud, Cloud, Cloud, Cloud, Cloud> {
        crate::World {
            ledger: self.clone(),
            things: self.clone(),
            connections: self.clone(),
            workflows: vec![self.clone(), self.clone()],
            registry: self.clone(),
            policies: self.clone(),
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

impl DeviceWalk for Cloud {
    async fn walk_devices(
        &self,
        _segment: u32,
        _segments: u32,
        after: Option<&Value>,
    ) -> Result<DevicesPage, CloudFailure> {
        let number = after.map_or(0, |after| after["page"].as_u64().unwrap());
        let number = usize::try_from(number).unwrap();
        let pages = &self.state().pages;
        Ok(DevicesPage {
            devices: pages[number].clone(),
            after: (number + 1 < pages.len()).then(|| json!({ "page": number + 1 })),
        })
    }
}

impl DayLedger for Cloud {
    async fn correct_day(&self, corrected: &CorrectedDay) -> Result<(), CloudFailure> {
        let mut state = self.state();
        if state.overtaken {
            return Err(failed(FailureKind::ConditionFailed));
        }
        state
            .done
            .push(format!("{} on {}", corrected.serial, corrected.day));
        Ok(())
    }
}

impl Attachments for Cloud {
    async fn certificates_of(&self, thing: &Serial) -> Result<Option<Vec<String>>, CloudFailure> {
        let mut state = self.state();
        if state.failing.as_deref() == Some(thing.as_str()) {
            return Err(failed(FailureKind::Throttled));
        }
        state.done.push(format!("look up {thing}"));
        Ok(state.things.get(thing.as_str()).cloned())
    }

    async fn things_of(&self, certificate_arn: &str) -> Result<Vec<String>, CloudFailure> {
        let state = self.state();
        let has = |(thing, arns): (&String, &Vec<String>)| {
            arns.iter()
                .any(|arn| arn == certificate_arn)
                .then(|| thing.clone())
        };
        Ok(state.things.iter().filter_map(has).collect())
    }
}

impl CertificateProof for Cloud {
    async fn report_connection(
        &self,
        thing: &Serial,
        certificate_id: &str,
    ) -> Result<(), CloudFailure> {
        let mut state = self.state();
        state
            .done
            .push(format!("{thing} connected with {certificate_id}"));
        Ok(())
    }
}

impl Executions for Cloud {
    async fn runs(&self, name: &str) -> Result<bool, CloudFailure> {
        self.still_runs(name).await
    }

    async fn still_runs(&self, name: &str) -> Result<bool, CloudFailure> {
        Ok(self.state().running.contains(name))
    }
}

impl CertificateRegistry for Cloud {
    async fn certificate(
        &self,
        certificate_id: &str,
    ) -> Result<Option<RegisteredCertificate>, CloudFailure> {
        let description = CertificateDescription {
            certificate_arn: format!("arn:cert/{certificate_id}"),
            certificate_id: certificate_id.to_owned(),
            ca_certificate_id: None,
            status: "ACTIVE".to_owned(),
            certificate_pem: String::new(),
            owned_by: None,
            thing_name: None,
        };
        let der = Vec::new();
        Ok(Some(RegisteredCertificate { description, der }))
    }

    async fn authority(
        &self,
        _ca_certificate_id: &str,
    ) -> Result<RegisteredAuthority, CloudFailure> {
        Ok(RegisteredAuthority::default())
    }
}

impl Policies for Cloud {
    async fn attached_policies(&self, certificate_arn: &str) -> Result<Vec<String>, CloudFailure> {
        let policies = &self.state().policies;
        Ok(policies.get(certificate_arn).cloned().unwrap_or_default())
    }

    async fn put_policy(&self, policy: &str, certificate_arn: &str) -> Result<(), CloudFailure> {
        let done = format!("attach {policy} to {certificate_arn}");
        self.state().done.push(done);
        Ok(())
    }

    async fn take_policy(&self, policy: &str, certificate_arn: &str) -> Result<(), CloudFailure> {
        let done = format!("detach {policy} from {certificate_arn}");
        self.state().done.push(done);
        Ok(())
    }
}
