//! What is measured: each function with an event that makes it do its ordinary work.

mod fleet;
mod hook;

use crate::aws::{Authority, World};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_documents::tasks::{
    ActivateCertificate, Attachment, DeliveryTo, InspectCertificate, IssueCertificate, Publication,
    RegisterIdentity, RevokeIdentity, Verdict,
};
use muster_documents::{
    CertificateDescription, CertificateRegistered, ClientId, DeviceMessage, Mode, Serial,
};
use muster_onboarding::ledger::{DeviceState, IMPORTED};
use muster_pki::{
    CaCertificate, CaKey, CaSubject, DeviceKey, DeviceProfile, Validity, certificate_id, der_to_pem,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::error::Error;

/// The minimal function's package.
pub const MINIMAL: &str = "minimal-function";
/// Bytes of a device's certificate as AWS IoT issues it.
pub const CERTIFICATE_BYTES: usize = 655;
/// A client id of 12 characters.
pub const CLIENT_ID: &str = "sensor-00001";

const LEDGER: (&str, &str) = ("LEDGER_TABLE", "ledger");
const POLICY: (&str, &str) = ("DEVICE_POLICY", "device");
const PREFIX: (&str, &str) = ("TOPIC_PREFIX", "provision");
const KEY: (&str, &str) = ("KEY_ID", "arn:aws:kms:eu-central-1:123456789012:key/5b3a");
const MACHINE: (&str, &str) = (
    "STATE_MACHINE_ARN",
    "arn:aws:states:eu-central-1:123456789012:stateMachine:claim-provisioning",
);
const VAULT: [(&str, &str); 2] = [("VAULT_BUCKET", "vault"), ("VAULT_PREFIX", "ca")];
/// From 2026 to 2100.
const VALIDITY: Validity = Validity {
    not_before_unix: 1_767_225_600,
    not_after_unix: 4_102_444_800,
};
const EXECUTION: &str =
    "arn:aws:states:eu-central-1:123456789012:execution:claim-provisioning:sensor-00001-0b1c";

/// One row of the table.
#[derive(Debug, Clone)]
pub struct Case {
    /// What the table calls it.
    pub name: &'static str,
    /// The package whose binary it is.
    pub package: &'static str,
    /// The function's own variables.
    pub environment: Vec<(&'static str, &'static str)>,
    /// The event of every invocation.
    pub event: Value,
    /// What AWS answers.
    pub world: World,
}

/// Something of the length of a certificate; no function looks into it.
pub fn certificate() -> Vec<u8> {
    (0..=u8::MAX).cycle().take(CERTIFICATE_BYTES).collect()
}

/// All rows, the minimal function first.
pub fn all() -> Result<Vec<Case>, Box<dyn Error>> {
    let device = Device::new()?;
    let chunked = json!({ "csr": device.csr, "packetSize": 256, "serialNumber": CLIENT_ID });
    let legacy = json!({ "serialNumber": CLIENT_ID });
    let mut cases = vec![
        device.case(
            MINIMAL,
            MINIMAL,
            &[],
            json!({ "thingName": CLIENT_ID }),
            Value::Null,
        ),
        device.request(
            "claim-intake",
            batch("json", &[chunked.to_string().as_bytes()]),
        ),
        device.request(
            "claim-intake, batch of 10",
            batch("json", &[chunked.to_string().as_bytes(); 10]),
        ),
        device.request(
            "claim-intake, legacy",
            batch("json", &[legacy.to_string().as_bytes()]),
        ),
        device.issue(
            "certificate-issuer",
            Mode::Chunked,
            Some(device.csr.clone()),
        ),
        device.issue("certificate-issuer, legacy", Mode::Legacy, None),
        device.case(
            "identity-registrar",
            "identity-registrar",
            &[POLICY],
            json!(RegisterIdentity {
                serial: device.serial.clone(),
                certificate_arn: device.certificate_arn(),
                attach: vec![Attachment::Thing, Attachment::Policy],
            }),
            Value::Null,
        ),
        device.publish("chunk-publisher", &device.chunks()),
        device.publish("chunk-publisher, legacy", &device.legacy_answer()),
        device.case(
            "delivery-acknowledger",
            "delivery-acknowledger",
            &[PREFIX, LEDGER],
            batch("ack", &[&device.acknowledgement()?]),
            device.delivery_item(),
        ),
        device.case(
            "identity-revoker",
            "identity-revoker",
            &[LEDGER, POLICY],
            json!(RevokeIdentity {
                serial: device.serial.clone(),
                execution: EXECUTION.into(),
                delivery: Some(DeliveryTo {
                    client_id: device.client_id.clone(),
                    mode: Mode::Chunked,
                }),
                release: true
            }),
            device.item_with_certificate(),
        ),
        device.case(
            "jitr-activator",
            "jitr-activator",
            &[MACHINE],
            records(&[json!(device.registered()).to_string()]),
            Value::Null,
        ),
        device.inspection()?,
        device.case(
            "certificate-activator",
            "certificate-activator",
            &[],
            json!(ActivateCertificate {
                certificate_id: device.certificate_id.clone(),
                verdict: Verdict::Activate,
            }),
            Value::Null,
        ),
        device.verification(),
        device.case(
            "verifiers-fetcher",
            "verifiers-fetcher",
            &[("VERIFIER_NAMES", "allow-list")],
            json!({}),
            Value::Null,
        ),
        device.registration()?,
        device.generation()?,
        hook::admission(&device)?,
    ];
    cases.extend(fleet::all(&device)?);
    Ok(cases)
}

/// The device that all events are about.
struct Device {
    serial: Serial,
    client_id: ClientId,
    csr: String,
    certificate: Vec<u8>,
    certificate_id: String,
}

impl Device {
    fn new() -> Result<Self, Box<dyn Error>> {
        let certificate = certificate();
        Ok(Self {
            serial: Serial::new(CLIENT_ID)?,
            client_id: ClientId::new(CLIENT_ID)?,
            csr: STANDARD.encode(DeviceKey::generate()?.csr(CLIENT_ID)?.der()),
            certificate_id: certificate_id(&certificate),
            certificate,
        })
    }

    fn case(
        &self,
        name: &'static str,
        package: &'static str,
        environment: &[(&'static str, &'static str)],
        event: Value,
        item: Value,
    ) -> Case {
        let world = World {
            item,
            batch: Vec::new(),
            certificate_pem: der_to_pem("CERTIFICATE", &self.certificate),
            certificate_id: self.certificate_id.clone(),
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

    fn request(&self, name: &'static str, event: Value) -> Case {
        self.case(
            name,
            "claim-intake",
            &[PREFIX, ("LEGACY_MODE", "on"), MACHINE],
            event,
            Value::Null,
        )
    }

    fn issue(&self, name: &'static str, mode: Mode, csr: Option<String>) -> Case {
        let task = IssueCertificate {
            serial: self.serial.clone(),
            execution: EXECUTION.into(),
            mode,
            csr,
            check_only: false,
        };
        self.case(
            name,
            "certificate-issuer",
            &[LEDGER, POLICY, KEY],
            json!(task),
            self.item(),
        )
    }

    fn publish(&self, name: &'static str, publication: &Publication) -> Case {
        self.case(
            name,
            "chunk-publisher",
            &[PREFIX, LEDGER, KEY],
            json!(publication),
            Value::Null,
        )
    }

    fn chunks(&self) -> Publication {
        Publication::Chunks {
            task_token: "t".repeat(600),
            serial: self.serial.clone(),
            execution: EXECUTION.into(),
            client_id: self.client_id.clone(),
            packet_size: 256,
            certificate: STANDARD.encode(&self.certificate),
            certificate_id: self.certificate_id.clone(),
            missing: None,
        }
    }

    fn legacy_answer(&self) -> Publication {
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
    fn acknowledgement(&self) -> Result<Vec<u8>, Box<dyn Error>> {
        let delivery = u32::from_str_radix(&self.certificate_id[..8], 16)?;
        Ok([&[0x82, 0x1a][..], &delivery.to_be_bytes(), &[0x80]].concat())
    }

    fn registered(&self) -> CertificateRegistered {
        CertificateRegistered {
            certificate_id: self.certificate_id.clone(),
            ca_certificate_id: "c".repeat(64),
            timestamp: 1_767_225_600_000,
        }
    }

    /// This one reads the certificate, so it is a true one. Its CA is asked for once and then remembered.
    fn inspection(&self) -> Result<Case, Box<dyn Error>> {
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
        Ok(case)
    }

    fn verification(&self) -> Case {
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

    /// A CA on P-256 with Muster's own template.
    fn registration(&self) -> Result<Case, Box<dyn Error>> {
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
    fn generation(&self) -> Result<Case, Box<dyn Error>> {
        let environment = [&VAULT[..], &[LEDGER, KEY, ("TIMELINE_DAYS", "365")]];
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

    fn certificate_arn(&self) -> String {
        format!(
            "arn:aws:iot:eu-central-1:123456789012:cert/{}",
            self.certificate_id
        )
    }

    fn item(&self) -> Value {
        json!({
            "pk": { "S": format!("device#{}", self.serial) }, "sk": { "S": "state" }, "serial": { "S": self.serial },
            "state": { "S": DeviceState::Provisioning.name() }, "execution": { "S": EXECUTION },
            "fingerprint": { "S": "f".repeat(64) }, "updatedAt": { "S": "2026-01-01T00:00:00Z" },
        })
    }

    fn item_with_certificate(&self) -> Value {
        let mut item = self.item();
        item["pendingCertificateId"] = json!({ "S": self.certificate_id });
        item["pendingCertificateArn"] = json!({ "S": self.certificate_arn() });
        item["pendingCertificateDer"] = json!({ "B": STANDARD.encode(&self.certificate) });
        item
    }

    fn delivery_item(&self) -> Value {
        json!({
            "pk": { "S": format!("delivery#{}", self.client_id) }, "sk": { "S": "state" },
            "serial": { "S": self.serial }, "execution": { "S": EXECUTION },
            "certificateId": { "S": self.certificate_id }, "taskToken": { "S": "t".repeat(600) },
        })
    }
}

fn named(name: &str) -> CaSubject {
    CaSubject {
        common_name: name.into(),
        ..CaSubject::default()
    }
}

/// A CA of this run's own.
fn authority() -> Result<(CaKey, CaCertificate), Box<dyn Error>> {
    let key = CaKey::generate()?;
    let certificate = CaCertificate::issue(&key, &named("a CA"), VALIDITY)?;
    Ok((key, certificate))
}

/// A CA as AWS has it.
fn as_kept((key, certificate): &(CaKey, CaCertificate)) -> Authority {
    Authority {
        certificate_pem: certificate.pem(),
        private_key: key.pkcs8_der().expose_secret().to_vec(),
    }
}

/// Messages from a queue, as the topic rules write them.
fn batch(topic: &str, payloads: &[&[u8]]) -> Value {
    let messages = payloads.iter().map(|payload| {
        let message = DeviceMessage {
            payload: STANDARD.encode(payload),
            topic: format!("provision/{CLIENT_ID}/{topic}"),
            client_id: CLIENT_ID.to_owned(),
            timestamp: 1_767_225_600_000,
        };
        json!(message).to_string()
    });
    records(&messages.collect::<Vec<_>>())
}

/// Messages from a queue.
fn records(bodies: &[String]) -> Value {
    let records = bodies.iter().map(|body| {
        json!({
            "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
            "receiptHandle": "r".repeat(200),
            "body": body,
            "attributes": { "ApproximateReceiveCount": "1", "SentTimestamp": "1767225600000" },
            "messageAttributes": {},
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:requests",
            "awsRegion": "eu-central-1",
        })
    });
    json!({ "Records": records.collect::<Vec<_>>() })
}
