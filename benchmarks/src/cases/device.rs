//! The device that all events are about.

use super::authority::{as_kept, authority, named};
use super::{
    CLAIM, CLIENT_ID, Case, EVENT_BUS, EXECUTION, KEY, LEDGER, MACHINE, POLICY, PREFIX, ROTATION,
    ROTATION_MACHINE, ROTATION_PREFIX, SURGE, VALIDITY, VAULT, certificate,
};
use crate::aws::World;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_documents::tasks::{InspectCertificate, IssueCertificate, Publication};
use muster_documents::{
    CertificateDescription, CertificateRegistered, ClientId, Mode, Purpose, Serial,
};
use muster_onboarding::ledger::{DeviceState, IMPORTED, STATE_SK, claim_key};
use muster_pki::{DeviceKey, DeviceProfile, certificate_id, der_to_pem};
use serde_json::{Value, json};
use std::error::Error;

/// The device that all events are about.
pub struct Device {
    pub serial: Serial,
    pub client_id: ClientId,
    pub csr: String,
    certificate: Vec<u8>,
    pub certificate_id: String,
}

impl Device {
    pub fn new() -> Result<Self, Box<dyn Error>> {
        let certificate = certificate();
        Ok(Self {
            serial: Serial::new(CLIENT_ID)?,
            client_id: ClientId::new(CLIENT_ID)?,
            csr: STANDARD.encode(DeviceKey::generate()?.csr(CLIENT_ID)?.der()),
            certificate_id: certificate_id(&certificate),
            certificate,
        })
    }

    pub fn case(
        &self,
        name: &'static str,
        package: &'static str,
        environment: &[(&'static str, &'static str)],
        event: Value,
        item: Value,
    ) -> Case {
        let world = World {
            item,
            then: None,
            found: Vec::new(),
            listed: Vec::new(),
            batch: Vec::new(),
            certificate_pem: der_to_pem("CERTIFICATE", &self.certificate),
            certificate_id: self.certificate_id.clone(),
            brought: false,
            authority: None,
            claim: None,
        };
        Case {
            name,
            package,
            environment: environment.to_vec(),
            event,
            world,
        }
    }

    pub fn request(&self, name: &'static str, event: Value) -> Case {
        let environment = [
            PREFIX,
            ROTATION_PREFIX,
            ("LEGACY_MODE", "on"),
            MACHINE,
            ROTATION_MACHINE,
            LEDGER,
            EVENT_BUS,
        ];
        let claim = json!({ "pk": { "S": claim_key(CLAIM) }, "sk": { "S": STATE_SK }, "name": { "S": "line-1" } });
        self.case(
            name,
            "claim-intake",
            &[&environment[..], &SURGE].concat(),
            event,
            claim,
        )
    }

    pub fn issue(&self, name: &'static str, mode: Mode, csr: Option<String>) -> Case {
        let task = IssueCertificate {
            serial: self.serial.clone(),
            execution: EXECUTION.into(),
            mode,
            csr,
            check_only: false,
            purpose: Purpose::Provisioning,
        };
        self.case(
            name,
            "certificate-issuer",
            &[LEDGER, POLICY, KEY],
            json!(task),
            self.item(),
        )
    }

    pub fn publish(&self, name: &'static str, publication: &Publication) -> Case {
        self.case(
            name,
            "chunk-publisher",
            &[PREFIX, ROTATION_PREFIX, LEDGER, KEY],
            json!(publication),
            Value::Null,
        )
    }

    pub fn chunks(&self) -> Publication {
        Publication::Chunks {
            task_token: "t".repeat(600),
            serial: self.serial.clone(),
            execution: EXECUTION.into(),
            client_id: self.client_id.clone(),
            packet_size: 256,
            certificate: STANDARD.encode(&self.certificate),
            certificate_id: self.certificate_id.clone(),
            missing: None,
            purpose: Purpose::Provisioning,
        }
    }

    pub fn legacy_answer(&self) -> Publication {
        Publication::LegacyAnswer {
            task_token: "t".repeat(600),
            serial: self.serial.clone(),
            execution: EXECUTION.into(),
            client_id: self.client_id.clone(),
            certificate: STANDARD.encode(&self.certificate),
            certificate_id: self.certificate_id.clone(),
            sealed_key: STANDARD.encode([7u8; 400]),
        }
    }

    /// Complete: `[delivery, []]`, whose delivery is the digest's first four bytes.
    pub fn acknowledgement(&self) -> Result<Vec<u8>, Box<dyn Error>> {
        let delivery = u32::from_str_radix(&self.certificate_id[..8], 16)?;
        Ok([&[0x82, 0x1a][..], &delivery.to_be_bytes(), &[0x80]].concat())
    }

    pub fn registered(&self) -> CertificateRegistered {
        CertificateRegistered {
            certificate_id: self.certificate_id.clone(),
            ca_certificate_id: "c".repeat(64),
            timestamp: 1_767_225_600_000,
        }
    }

    /// This one reads the certificate, so it is a true one. Its CA is asked for once and then remembered.
    pub fn inspection(&self) -> Result<Case, Box<dyn Error>> {
        let (key, authority) = authority()?;
        let profile = DeviceProfile {
            subject: named(CLIENT_ID),
            validity: VALIDITY,
        };
        let csr = DeviceKey::generate()?.csr(CLIENT_ID)?;
        let task = InspectCertificate {
            certificate_id: self.certificate_id.clone(),
            ca_certificate_id: "c".repeat(64),
        };
        let mut case = self.case(
            "certificate-inspector",
            "certificate-inspector",
            &VAULT,
            json!(task),
            Value::Null,
        );
        case.world.certificate_pem = authority.sign(&key, &csr, &profile)?.pem();
        case.world.brought = true;
        Ok(case)
    }

    /// What the bus tells of a device that came in.
    pub fn measurement(&self) -> Case {
        let name = "event-meter";
        let event = json!({
            "source": "muster",
            "detail-type": "DeviceProvisioned",
            "detail": { "serial": CLIENT_ID, "mode": "chunked", "tookMilliseconds": 1500 },
        });
        self.case(name, name, &[], event, Value::Null)
    }

    pub fn verification(&self) -> Case {
        self.case(
            "allow-list-verifier",
            "allow-list-verifier",
            &[LEDGER],
            json!(CertificateDescription {
                certificate_arn: self.certificate_arn(),
                certificate_id: self.certificate_id.clone(),
                ca_certificate_id: Some("c".repeat(64)),
                status: "PENDING_ACTIVATION".into(),
                certificate_pem: der_to_pem("CERTIFICATE", &self.certificate),
                owned_by: Some("123456789012".into()),
                thing_name: Some(CLIENT_ID.into()),
            }),
            self.item(),
        )
    }

    /// Whoever asks is told the same.
    pub fn verifiers(&self) -> Case {
        let name = "verifiers-fetcher";
        let environment = [("VERIFIER_NAMES", "allow-list")];
        self.case(name, name, &environment, json!({}), Value::Null)
    }

    /// A CA on P-256 with Muster's own template.
    pub fn registration(&self) -> Result<Case, Box<dyn Error>> {
        let environment = [
            &VAULT[..],
            &[
                KEY,
                POLICY,
                ("VERIFIER_NAMES", "allow-list"),
                ("PROVISIONING_ROLE_ARN", "arn:aws:iam::123456789012:role/r"),
            ],
        ];
        let mut case = self.case(
            "ca-registrator",
            "ca-registrator",
            &environment.concat(),
            json!({ "body": { "route": "jitp", "csrSubjects": { "commonName": "a CA" } } }),
            Value::Null,
        );
        case.world.authority = Some(as_kept(&authority()?));
        Ok(case)
    }

    /// The certificate of an imported device, for its own key.
    pub fn generation(&self) -> Result<Case, Box<dyn Error>> {
        let environment = [
            &VAULT[..],
            &[LEDGER, KEY, ("TIMELINE_DAYS", "365")],
            &ROTATION,
        ];
        let body = json!({
            "caCertificateId": "c".repeat(64), "csr": self.csr, "csrSubjects": { "commonName": CLIENT_ID },
        });
        let item = json!({
            "pk": { "S": format!("device#{}", self.serial) }, "sk": { "S": "state" }, "serial": { "S": self.serial },
            "state": { "S": DeviceState::Known.name() }, "enrolledBy": { "S": IMPORTED },
        });
        let mut case = self.case(
            "device-certificate-generator",
            "device-certificate-generator",
            &environment.concat(),
            json!({ "body": body }),
            item,
        );
        case.world.authority = Some(as_kept(&authority()?));
        Ok(case)
    }

    pub fn certificate_arn(&self) -> String {
        format!(
            "arn:aws:iot:eu-central-1:123456789012:cert/{}",
            self.certificate_id
        )
    }

    pub fn item(&self) -> Value {
        json!({
            "pk": { "S": format!("device#{}", self.serial) }, "sk": { "S": "state" }, "serial": { "S": self.serial },
            "state": { "S": DeviceState::Provisioning.name() }, "execution": { "S": EXECUTION },
            "fingerprint": { "S": "f".repeat(64) }, "updatedAt": { "S": "2026-01-01T00:00:00Z" },
        })
    }

    pub fn item_with_certificate(&self) -> Value {
        let mut item = self.item();
        item["pendingCertificateId"] = json!({ "S": self.certificate_id });
        item["pendingCertificateArn"] = json!({ "S": self.certificate_arn() });
        item["pendingCertificateDer"] = json!({ "B": STANDARD.encode(&self.certificate) });
        item
    }

    pub fn delivery_item(&self) -> Value {
        json!({
            "pk": { "S": format!("delivery#{}", self.client_id) }, "sk": { "S": "state" },
            "serial": { "S": self.serial }, "execution": { "S": EXECUTION },
            "certificateId": { "S": self.certificate_id }, "taskToken": { "S": "t".repeat(600) },
        })
    }
}
