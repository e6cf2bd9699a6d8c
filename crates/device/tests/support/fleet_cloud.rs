//! AWS IoT's fleet provisioning with a hook that lets a serial's first key in, again and again, and no other.

use super::cloud::{Cloud, Message};
use super::service::Service;
use muster_device::Held;
use muster_documents::fleet_provisioning::topics::{self, accepted, rejected};
use muster_documents::fleet_provisioning::{CreateCertificateFromCsr, Format};
use muster_pki::{SubmittedRequest, der_to_pem};
use rcgen::KeyPair;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub const TEMPLATE: &str = "sensors";

/// A key that a cloud made, as AWS makes them: RSA.
const CLOUD_KEY: &str = include_str!("../../../pki/tests/data/ca-rsa2048.key.pem");
/// What stands before the PKCS#1 key in its PKCS#8 form, in bytes.
const PKCS8_HEAD: usize = 26;

/// How a cloud takes a question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Manner {
    #[default]
    Answers,
    /// Hears it, and never says a word.
    Silent,
    /// Refuses it.
    Rejects(u16, &'static str),
    /// Ends the connection.
    Cuts,
    /// Refuses the subscription to its answers.
    RefusesSubscription,
}

/// One certificate that was made.
#[derive(Debug, Clone)]
pub struct Made {
    pub der: Vec<u8>,
    /// Which key it is for. A key that the cloud made is another one each time.
    key: String,
    pub token: String,
    pub token_dead: bool,
    pub active: bool,
    deleted: bool,
}

pub struct FleetCloud {
    pub authority: Cloud,
    pub format: Format,
    /// How it takes a CSR, and how a request for a key.
    pub from_csr: Manner,
    pub with_key: Manner,
    pub made: Vec<Made>,
    /// The device's own keys that asked.
    pub keys: BTreeSet<String>,
    /// The key that the hook has let in.
    pub admitted: Option<String>,
    /// The next questions to be provisioned are refused with these.
    pub rejections: Vec<(u16, &'static str)>,
    /// So many answers to questions to be provisioned are lost after what was asked was done.
    pub lost_answers: u32,
    pub thing_name: Option<String>,
    /// The parameters of each question to be provisioned.
    pub registrations: Vec<Value>,
    pub proven: Vec<Vec<u8>>,
    /// What this connection has subscribed to.
    pub subscribed: BTreeSet<String>,
}

impl FleetCloud {
    pub fn new(thing_name: &str) -> Self {
        Self {
            authority: Cloud::new("any"),
            format: Format::Json,
            from_csr: Manner::Answers,
            with_key: Manner::Answers,
            made: Vec::new(),
            keys: BTreeSet::new(),
            admitted: None,
            rejections: Vec::new(),
            lost_answers: 0,
            thing_name: Some(thing_name.to_owned()),
            registrations: Vec::new(),
            proven: Vec::new(),
            subscribed: BTreeSet::new(),
        }
    }

    /// A cloud like the local emulator: it hears requests with a CSR and never answers.
    pub fn without_csr(thing_name: &str) -> Self {
        Self {
            from_csr: Manner::Silent,
            ..Self::new(thing_name)
        }
    }

    pub fn csr_topic(&self) -> String {
        topics::create_from_csr(self.format)
    }

    pub fn key_topic(&self) -> String {
        topics::create(self.format)
    }

    pub fn provision_topic(&self) -> String {
        topics::provision(TEMPLATE, self.format)
    }

    /// Every token is too old.
    pub fn expire_tokens(&mut self) {
        for made in &mut self.made {
            made.token_dead = true;
            made.deleted |= !made.active;
        }
    }

    /// Whether a connection with the certificate of this id is taken.
    pub fn takes_certificate(&self, id: &str) -> bool {
        let mut all = self.made.iter();
        all.any(|made| muster_pki::certificate_id(&made.der) == id && self.takes(&made.der))
    }

    fn grant(&self, asked_on: &str, answer: &Value) -> Vec<Message> {
        vec![(accepted(asked_on), self.format.write(answer))]
    }

    pub fn refuse(&self, asked_on: &str, status: u16, code: &str) -> Vec<Message> {
        let rejection = json!({ "statusCode": status, "errorCode": code, "errorMessage": "No." });
        vec![(rejected(asked_on), self.format.write(&rejection))]
    }

    fn make(&mut self, der: Vec<u8>, key: String) -> Value {
        let token = format!("token-{}", self.made.len());
        let answer = json!({
            "certificateId": muster_pki::certificate_id(&der),
            "certificatePem": der_to_pem("CERTIFICATE", &der),
            "certificateOwnershipToken": token,
        });
        self.made.push(Made {
            der,
            key,
            token,
            token_dead: false,
            active: false,
            deleted: false,
        });
        answer
    }

    fn make_from_csr(&mut self, payload: &[u8]) -> Vec<Message> {
        let request: CreateCertificateFromCsr = self.format.read(payload).unwrap();
        let csr = SubmittedRequest::parse_text(&request.certificate_signing_request).unwrap();
        let key = csr.fingerprint().to_owned();
        self.keys.insert(key.clone());
        let der = self.authority.sign(csr.der().to_vec());
        let answer = self.make(der, key);
        self.grant(&self.csr_topic(), &answer)
    }

    fn make_with_key(&mut self) -> Vec<Message> {
        let pair = KeyPair::from_pem(CLOUD_KEY).unwrap();
        let der = self.authority.certify(&pair, Vec::new());
        let mut answer = self.make(der, format!("key {} of the cloud", self.made.len()));
        let pkcs1 = &pair.serialized_der()[PKCS8_HEAD..];
        answer["privateKey"] = der_to_pem("RSA PRIVATE KEY", pkcs1).into();
        self.grant(&self.key_topic(), &answer)
    }

    fn register(&mut self, payload: &[u8]) -> Vec<Message> {
        let topic = self.provision_topic();
        let asked: Value = self.format.read(payload).unwrap();
        self.registrations.push(asked["parameters"].clone());
        if !self.rejections.is_empty() {
            let (status, code) = self.rejections.remove(0);
            return self.refuse(&topic, status, code);
        }
        let token = asked["certificateOwnershipToken"].as_str().unwrap();
        let mut all = self.made.iter_mut();
        let Some(made) = all.find(|made| made.token == token && !made.token_dead) else {
            return self.refuse(&topic, 400, "InvalidCertificateOwnershipToken");
        };
        if *self.admitted.get_or_insert_with(|| made.key.clone()) != made.key {
            return self.refuse(&topic, 403, "AccessDenied");
        }
        made.active = true;
        if self.lost_answers > 0 {
            self.lost_answers -= 1;
            return Vec::new();
        }
        let mut answer = json!({ "deviceConfiguration": { "interval": "60" } });
        if let Some(name) = &self.thing_name {
            answer["thingName"] = name.as_str().into();
        }
        self.grant(&topic, &answer)
    }
}

impl Service for FleetCloud {
    fn authority(&self) -> &Cloud {
        &self.authority
    }

    fn connected(&mut self) {
        self.subscribed.clear();
    }

    fn subscribe(&mut self, topics: &[String]) -> bool {
        assert!(topics.len() <= 8, "AWS IoT takes no more in one SUBSCRIBE");
        self.subscribed.extend(topics.iter().cloned());
        let refused = |manner, asked_on: String| {
            manner == Manner::RefusesSubscription && topics.contains(&accepted(&asked_on))
        };
        !refused(self.from_csr, self.csr_topic()) && !refused(self.with_key, self.key_topic())
    }

    fn before_publishing(&self, topic: &str, payload: &[u8], held: &Held) {
        if !topic.starts_with("$aws/") {
            return;
        }
        for answer in [accepted(topic), rejected(topic)] {
            assert!(
                self.subscribed.contains(&answer),
                "asked before {answer} was subscribed to"
            );
        }
        let kept = held
            .delivery
            .as_ref()
            .expect("the key is kept before anything is asked");
        if topic == self.provision_topic() {
            let asked: Value = self.format.read(payload).unwrap();
            let made = kept.made.as_ref().expect("certificate and token are kept");
            assert_eq!(
                asked["certificateOwnershipToken"],
                made.ownership_token.expose_secret()
            );
        }
    }

    fn publish(&mut self, topic: &str, payload: &[u8]) -> Option<Vec<Message>> {
        let manner = match topic {
            _ if topic == self.csr_topic() => self.from_csr,
            _ if topic == self.key_topic() => self.with_key,
            _ => Manner::Answers,
        };
        match manner {
            Manner::Silent => Some(Vec::new()),
            Manner::Rejects(status, code) => Some(self.refuse(topic, status, code)),
            Manner::Cuts | Manner::RefusesSubscription => None,
            Manner::Answers if topic == self.csr_topic() => Some(self.make_from_csr(payload)),
            Manner::Answers if topic == self.key_topic() => Some(self.make_with_key()),
            Manner::Answers => {
                assert_eq!(topic, self.provision_topic());
                Some(self.register(payload))
            }
        }
    }

    fn takes(&self, der: &[u8]) -> bool {
        let mut all = self.made.iter();
        all.any(|made| made.der == der && made.active && !made.deleted)
    }

    fn hello(&mut self, der: &[u8]) {
        self.proven.push(der.to_vec());
    }

    fn proven(&self) -> &[Vec<u8>] {
        &self.proven
    }

    fn abandon(&mut self) {
        self.expire_tokens();
    }
}
