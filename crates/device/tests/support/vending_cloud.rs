//! An API that vends: one token, good for one key and its one certificate, or for keys of the cloud's.

use super::cloud::{Cloud, Issued, Message};
use super::rotation_cloud::SERIAL;
use super::service::Service;
use muster_chunking::Manifest;
use muster_device::{Credentials, Held, Place, VendingAnswer, VendingRequest};
use muster_pki::{DeviceKey, SubmittedRequest, certificate_id, der_to_pem, pem_to_der};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::time::Duration;

pub const ENDPOINT: &str = "mqtt.example.com:8884";

pub struct VendingCloud {
    pub authority: Cloud,
    /// Where it says that its certificates are used.
    pub endpoint: String,
}

impl VendingCloud {
    pub fn new() -> Self {
        Self {
            authority: Cloud::new(SERIAL),
            endpoint: ENDPOINT.to_owned(),
        }
    }

    /// A certificate that works and says where.
    pub fn credentials(&mut self) -> Credentials {
        let (key, certificate) = self.pair();
        let authority = der_to_pem("CERTIFICATE", &self.authority.authority);
        let place = Place::new(&self.endpoint, &authority).unwrap();
        let credentials = Credentials::matched(&certificate, &key).unwrap();
        credentials.at(Some(place))
    }

    /// A key that is no token's, and its certificate.
    pub fn pair(&mut self) -> (DeviceKey, String) {
        let pair = self.authority.pair();
        self.authority
            .issued
            .last_mut()
            .unwrap()
            .fingerprint
            .clear();
        pair
    }

    /// An answer with this certificate, and maybe its key.
    pub fn answer(&self, certificate_pem: &str, key: Option<&DeviceKey>) -> VendingAnswer {
        let der = pem_to_der(certificate_pem).unwrap();
        let mut body = json!({
            "certificateId": certificate_id(&der),
            "certificateArn": "arn:aws:iot:eu-central-1:123456789012:cert/any",
            "certificatePem": certificate_pem,
            "thingName": SERIAL,
            "endpoint": self.endpoint,
            "RootCA": der_to_pem("CERTIFICATE", &self.authority.authority),
        });
        if let Some(key) = key {
            body["keyPair"] = json!({ "PublicKey": "", "PrivateKey": key.pem().expose_secret() });
        }
        answer(200, &body)
    }

    /// The answer to this CSR.
    pub fn certify(&mut self, csr: &str) -> VendingAnswer {
        let request = SubmittedRequest::parse_text(csr).unwrap();
        let issued = &self.authority.issued;
        let known = issued
            .iter()
            .find(|one| one.fingerprint == request.fingerprint());
        let der = match known {
            Some(known) => known.der.clone(),
            None if issued.iter().any(|one| !one.fingerprint.is_empty()) => {
                return refusal(409, "TokenSpent", false);
            }
            None => {
                let der = self.authority.sign(request.der().to_vec());
                self.authority.issued.push(Issued {
                    der: der.clone(),
                    fingerprint: request.fingerprint().to_owned(),
                    manifest: Manifest::new(&der, 4000).unwrap(),
                    active: true,
                    revoked: false,
                });
                der
            }
        };
        self.answer(&der_to_pem("CERTIFICATE", &der), None)
    }
}

pub fn refusal(status: u16, code: &str, retryable: bool) -> VendingAnswer {
    let body = json!({ "code": code, "message": "No.", "retryable": retryable });
    answer(status, &body)
}

fn answer(status: u16, body: &Value) -> VendingAnswer {
    VendingAnswer {
        status,
        retry_after: (status == 429).then_some(Duration::from_secs(30)),
        body: body.to_string().into_bytes().into(),
    }
}

impl Service for VendingCloud {
    fn authority(&self) -> &Cloud {
        &self.authority
    }

    fn vend(&mut self, request: &VendingRequest, held: &Held) -> VendingAnswer {
        assert_eq!(request.serial_number, SERIAL);
        let Some(csr) = &request.csr else {
            let (key, certificate) = self.pair();
            return self.answer(&certificate, Some(&key));
        };
        let kept = &held
            .delivery
            .as_ref()
            .expect("the key is kept before it asks")
            .private_key_pem;
        let asked = SubmittedRequest::parse_text(csr).unwrap();
        assert_eq!(
            DeviceKey::from_pem(kept).unwrap().fingerprint(),
            asked.fingerprint()
        );
        self.certify(csr)
    }

    fn subscribe(&mut self, topics: &[String]) -> bool {
        panic!("a device that is vended its certificate subscribes to nothing: {topics:?}");
    }

    fn publish(&mut self, topic: &str, _: &[u8]) -> Option<Vec<Message>> {
        panic!("a device that is vended its certificate publishes nothing on {topic}");
    }

    fn takes(&self, der: &[u8]) -> bool {
        self.authority.takes(der)
    }

    fn hello(&mut self, der: &[u8]) {
        self.authority.hello(der);
    }

    fn proven(&self) -> &[Vec<u8>] {
        &self.authority.proven
    }

    fn abandon(&mut self) {}

    fn leaves_a_way_in(&self, held: &Held) -> bool {
        let current = held.current.as_ref();
        current.is_none_or(|current| self.takes(current.certificate_der()))
    }
}
