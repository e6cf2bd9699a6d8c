//! A ledger, AWS IoT's certificates and a queue, in memory.

use muster_documents::{CertificateDescription, CertificateRegistered, Serial};
use muster_onboarding::ports::{
    Attachments, CertificateOwner, CertificateOwners, CertificateRegistry, CertificateSwitch,
    CertificateWalk, CertificatesPage, DeviceRecords, HeldDevice, MADE_BY, Policies,
    RegisteredAuthority, RegisteredCertificate, RegistrationReports, WalkedCertificate,
};
use muster_onboarding::{CloudFailure, FailureKind};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

#[derive(Debug, Default)]
pub struct State {
    pub pages: Vec<Vec<WalkedCertificate>>,
    pub owners: BTreeMap<String, CertificateOwner>,
    pub devices: BTreeMap<Serial, HeldDevice>,
    /// Things by the ARN of their certificate.
    pub things: BTreeMap<String, Vec<String>>,
    /// Policies by the ARN of their certificate.
    pub policies: BTreeMap<String, Vec<String>>,
    /// The CA of each certificate that a device has brought.
    pub authorities: BTreeMap<String, String>,
    /// Nothing of this certificate can be read.
    pub failing: Option<String>,
    /// What was done, in order.
    pub done: Vec<String>,
}

/// All of them: one state.
#[derive(Debug, Clone, Default)]
pub struct Cloud(Arc<Mutex<State>>);

impl Cloud {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn reconciler(&self) -> crate::World<Cloud, Cloud, Cloud, Cloud, Cloud> {
        crate::World {
            ledger: self.clone(),
            inventory: self.clone(),
            certificates: self.clone(),
            registry: self.clone(),
            registrations: self.clone(),
        }
    }

    /// Changes what there is.
    pub fn with(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
    }

    fn note(&self, what: String) {
        self.state().done.push(what);
    }
}

impl CertificateOwners for Cloud {
    async fn owner(&self, certificate_id: &str) -> Result<CertificateOwner, CloudFailure> {
        let state = self.state();
        if state.failing.as_deref() == Some(certificate_id) {
            return Err(CloudFailure {
                kind: FailureKind::Throttled,
                action: "test:Call",
                message: "it fails".to_owned(),
                source: None,
            });
        }
        Ok(state
            .owners
            .get(certificate_id)
            .cloned()
            .unwrap_or_default())
    }
}

impl DeviceRecords for Cloud {
    async fn held(&self, serial: &Serial) -> Result<Option<HeldDevice>, CloudFailure> {
        Ok(self.state().devices.get(serial).cloned())
    }
}

impl CertificateWalk for Cloud {
    async fn walk_certificates(
        &self,
        after: Option<&str>,
    ) -> Result<CertificatesPage, CloudFailure> {
        let number: usize = after.map_or(0, |after| after.parse().unwrap());
        let pages = &self.state().pages;
        Ok(CertificatesPage {
            certificates: pages[number].clone(),
            after: (number + 1 < pages.len()).then(|| (number + 1).to_string()),
        })
    }
}

impl Attachments for Cloud {
    async fn certificates_of(&self, thing: &Serial) -> Result<Option<Vec<String>>, CloudFailure> {
        let state = self.state();
        let is = |(arn, things): (&String, &Vec<String>)| {
            things
                .iter()
                .any(|name| name == thing.as_str())
                .then(|| arn.clone())
        };
        Ok(Some(state.things.iter().filter_map(is).collect()))
    }

    async fn things_of(&self, certificate_arn: &str) -> Result<Vec<String>, CloudFailure> {
        let state = self.state();
        Ok(state
            .things
            .get(certificate_arn)
            .cloned()
            .unwrap_or_default())
    }
}

impl CertificateSwitch for Cloud {
    async fn deactivate_certificate(&self, certificate_id: &str) -> Result<(), CloudFailure> {
        self.note(format!("deactivate {certificate_id}"));
        Ok(())
    }
}

impl Policies for Cloud {
    async fn attached_policies(&self, certificate_arn: &str) -> Result<Vec<String>, CloudFailure> {
        let state = self.state();
        Ok(state
            .policies
            .get(certificate_arn)
            .cloned()
            .unwrap_or_default())
    }

    async fn put_policy(&self, policy: &str, certificate_arn: &str) -> Result<(), CloudFailure> {
        self.note(format!("attach {policy} to {certificate_arn}"));
        Ok(())
    }

    async fn take_policy(&self, policy: &str, certificate_arn: &str) -> Result<(), CloudFailure> {
        self.note(format!("detach {policy} from {certificate_arn}"));
        Ok(())
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
            ca_certificate_id: self.state().authorities.get(certificate_id).cloned(),
            status: "PENDING_ACTIVATION".to_owned(),
            certificate_pem: String::new(),
            owned_by: None,
            thing_name: None,
        };
        Ok(Some(RegisteredCertificate {
            description,
            der: Vec::new(),
        }))
    }

    /// `ours` is Muster's, `jitp` is Muster's for just-in-time provisioning, `shut` is inactive; any other is somebody
    /// else's.
    async fn authority(
        &self,
        ca_certificate_id: &str,
    ) -> Result<RegisteredAuthority, CloudFailure> {
        let ours = ["ours", "jitp", "shut"].contains(&ca_certificate_id);
        let tag = (MADE_BY.0.to_owned(), MADE_BY.1.to_owned());
        Ok(RegisteredAuthority {
            active: ca_certificate_id != "shut",
            tags: ours.then_some(tag).into_iter().collect(),
            template: (ca_certificate_id == "jitp").then(String::new),
            ..RegisteredAuthority::default()
        })
    }
}

impl RegistrationReports for Cloud {
    async fn report_registration(
        &self,
        registered: &CertificateRegistered,
    ) -> Result<(), CloudFailure> {
        let CertificateRegistered {
            certificate_id,
            ca_certificate_id,
            ..
        } = registered;
        self.note(format!("announce {certificate_id} of {ca_certificate_id}"));
        Ok(())
    }
}
