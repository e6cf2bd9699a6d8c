//! A device that has room for a new certificate beside the one that it has, until it has connected with it.

use crate::cloud::{Cloud, POLICY, on};
use muster_documents::fleet_provisioning::HookRequest;
use muster_onboarding::fleets::{Asked, RotationRuling, Terms, rule_rotation};
use muster_onboarding::ledger::FleetState;
use muster_onboarding::ports::{
    AdmissionRecords, Certificate, CertificateSwitch, DeviceRecords, FleetRecord, NextAdmission,
    RotatingThing,
};
use muster_onboarding::{CloudFailure, FailureKind};
use muster_pki::{
    CaCertificate, CaKey, CaSubject, DeviceKey, DeviceProfile, Validity, certificate_id, der_to_pem,
};
use std::collections::BTreeMap;
use std::sync::OnceLock;

const TEMPLATE: &str = "arn:aws:iot:eu-central-1:1:provisioningtemplate/plant-7-rotation";

/// What the device has stored.
#[derive(Debug)]
pub struct Device {
    /// The certificate that it lives with.
    pub own: Certificate,
    /// The one that it has not connected with yet.
    pub fresh: Option<Certificate>,
    /// How many it has asked for.
    asked: usize,
}

impl Device {
    pub fn new() -> Self {
        Self {
            own: certificate(0),
            fresh: None,
            asked: 0,
        }
    }

    /// Asks for another certificate with the one that it has, as AWS IoT and the hook go about it. Answers the id of the
    /// one that it asks with if that proves that the device has it.
    pub async fn asks(&mut self, cloud: &Cloud, now: i64) -> Result<Option<String>, CloudFailure> {
        on(cloud.state().registered.get(&self.own.id) == Some(&true))?;
        // The new key takes the place of one that it has not connected with.
        self.fresh = None;
        self.asked += 1;
        let new = certificate(self.asked);
        cloud.state().registered.insert(new.id.clone(), false);
        let request = HookRequest {
            claim_certificate_id: self.own.id.clone(),
            certificate_id: new.id.clone(),
            certificate_pem: der_to_pem("CERTIFICATE", &new.der),
            template_arn: TEMPLATE.to_owned(),
            client_id: "sensor-1".to_owned(),
            parameters: BTreeMap::from([("SerialNumber".to_owned(), "sensor-1".to_owned())]),
        };
        let asked = Asked::read(request).unwrap();
        let terms = Terms {
            now,
            timeline_days: 365,
            rotation: POLICY,
        };
        let thing = RotatingThing {
            attached: true,
            issued_on: cloud.state().thing_date,
        };
        let records = AdmissionRecords {
            fleet: Some(FleetRecord {
                state: Some(FleetState::Active),
                settings: r#"{"templateName":"plant-7"}"#.to_owned(),
            }),
            device: cloud.held(asked.serial().unwrap()).await?,
            ..AdmissionRecords::default()
        };
        match rule_rotation(&asked, &records, thing, &terms) {
            Ok(RotationRuling::Next {
                write: Some(next), ..
            }) => {
                cloud.admit_next(&next).await?;
                if let Some(replaced) = &next.replaced {
                    // The hook says yes whatever becomes of this.
                    drop(cloud.deactivate_certificate(replaced).await);
                }
                cloud.state().registered.insert(new.id.clone(), true);
                self.fresh = Some(new);
                Ok(None)
            }
            Ok(RotationRuling::Proven) => Ok(Some(self.own.id.clone())),
            Ok(RotationRuling::Next { write: None, .. }) => panic!("each key is a new one"),
            Err(_) => Ok(None),
        }
    }

    /// Connects with its new certificate, if it has one, and else with its own; answers with which. What lets it in it
    /// lives with from then on.
    pub fn connects(&mut self, cloud: &Cloud) -> Option<String> {
        let state = cloud.state();
        let lets_in =
            |certificate: &Certificate| state.registered.get(&certificate.id) == Some(&true);
        if let Some(fresh) = self.fresh.take().filter(lets_in) {
            self.own = fresh;
        }
        lets_in(&self.own).then(|| self.own.id.clone())
    }
}

/// The device's certificates, in order. Making them takes longer than all the rest, so that they are made once.
fn certificate(number: usize) -> Certificate {
    static ALL: OnceLock<Vec<Certificate>> = OnceLock::new();
    ALL.get_or_init(|| (0..64).map(|_| make()).collect())[number].clone()
}

fn make() -> Certificate {
    let validity = Validity::of_days(1_767_225_600, 9000);
    let subject = |name: &str| CaSubject {
        common_name: name.to_owned(),
        ..CaSubject::default()
    };
    let ca_key = CaKey::generate().unwrap();
    let ca = CaCertificate::issue(&ca_key, &subject("AWS IoT"), validity).unwrap();
    let profile = DeviceProfile {
        subject: subject("AWS IoT Certificate"),
        validity,
    };
    let csr = DeviceKey::generate().unwrap().csr("-").unwrap();
    let der = ca.sign(&ca_key, &csr, &profile).unwrap().der().to_vec();
    let id = certificate_id(&der);
    Certificate {
        arn: format!("arn:aws:iot:eu-central-1:1:cert/{id}"),
        id,
        der,
    }
}

/// Whether a call failed for another reason than that the device was not let in, or was not quick enough.
pub fn is_broken(failure: &CloudFailure) -> bool {
    failure.kind != FailureKind::ConditionFailed
}
