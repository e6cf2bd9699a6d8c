//! A cloud that rotates the certificate of one device, in either way: the one in force works until a connection with the
//! next, a next that is asked for again replaces the earlier next, and the retired one works a little longer.

use super::cloud::{Cloud, Message};
use super::fleet_cloud::TEMPLATE;
use super::service::Service;
use muster_chunking::{Acknowledgement, Answer, Manifest, room_for_chunk_data};
use muster_device::Held;
use muster_documents::fleet_provisioning::topics::{self, accepted, rejected};
use muster_documents::fleet_provisioning::{CreateCertificateFromCsr, Format};
use muster_documents::{
    ClientId, CsrField, ProvisioningRequest, Refusal, RefusalCode, Serial, Topics, alerts_topic,
};
use muster_pki::{DeviceKey, SubmittedRequest, certificate_id, der_to_pem};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Its device.
pub const SERIAL: &str = "SN-1";

/// How certificates are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Chunked,
    Fleet,
}

/// A certificate that may follow the one in force.
#[derive(Debug, Clone)]
pub struct Next {
    pub der: Vec<u8>,
    key: String,
    /// Whether it works already.
    pub active: bool,
    packet_size: usize,
}

/// A certificate of a fleet that no thing has yet.
struct Made {
    next: Next,
    token: String,
    dead: bool,
}

pub struct RotationCloud {
    pub kind: Kind,
    pub authority: Cloud,
    topics: Topics,
    pub in_force: Vec<u8>,
    pub next: Option<Next>,
    /// What is not in force any more, and after how many of its own steps the cloud shuts it out.
    retired: Vec<(Vec<u8>, u32)>,
    made: Vec<Made>,
    /// Whether a rotation is due.
    pub due: bool,
    /// After how many steps of its own the cloud hears of a connection and shuts out what is retired.
    pub lag: u32,
    heard_of: Vec<(Vec<u8>, u32)>,
    /// The certificate of the connection that speaks.
    speaker: Vec<u8>,
    /// The next questions are refused with these: a status of fleet provisioning, which is passed over in chunks, and a
    /// code.
    pub rejections: Vec<(u16, &'static str)>,
    /// So many answers to questions to be provisioned are lost.
    pub lost_answers: u32,
    /// The keys that asked.
    pub keys: BTreeSet<String>,
    /// Questions for a certificate, and to be provisioned.
    pub requests: u32,
    pub registrations: u32,
    pub proven: Vec<Vec<u8>>,
    pub subscribed: BTreeSet<String>,
}

impl RotationCloud {
    /// With a device that has this certificate.
    pub fn new(kind: Kind) -> (Self, DeviceKey) {
        let authority = Cloud::new("any");
        let (key, in_force) = authority.identity(Vec::new());
        let cloud = Self {
            kind,
            authority,
            topics: Topics::new("rotate", &ClientId::new(SERIAL).unwrap()),
            in_force,
            next: None,
            retired: Vec::new(),
            made: Vec::new(),
            due: true,
            lag: 0,
            heard_of: Vec::new(),
            speaker: Vec::new(),
            rejections: Vec::new(),
            lost_answers: 0,
            keys: BTreeSet::new(),
            requests: 0,
            registrations: 0,
            proven: Vec::new(),
            subscribed: BTreeSet::new(),
        };
        (cloud, key)
    }

    pub fn alerts_topic() -> String {
        alerts_topic(&Serial::new(SERIAL).unwrap())
    }

    pub fn alert_message() -> Message {
        let alert = json!({
            "msg": "rotate_cert", "dueDate": "20261122", "deadline": "20261206", "daysLeft": 14,
        });
        (Self::alerts_topic(), alert.to_string().into())
    }

    pub fn csr_topic() -> String {
        topics::create_from_csr(Format::Json)
    }

    pub fn provision_topic() -> String {
        topics::provision(&format!("{TEMPLATE}-rotation"), Format::Json)
    }

    /// The topics on which a certificate is asked for first.
    pub fn first_topic(&self) -> String {
        match self.kind {
            Kind::Chunked => self.topics.json(),
            Kind::Fleet => Self::csr_topic(),
        }
    }

    /// Every token is too old, and what it came with is deleted.
    pub fn expire_tokens(&mut self) {
        for made in &mut self.made {
            made.dead = true;
        }
    }

    /// Time passes for the cloud: it hears of connections and shuts out what is retired.
    fn step(&mut self) {
        for (_, left) in self.heard_of.iter_mut().chain(&mut self.retired) {
            *left = left.saturating_sub(1);
        }
        for (der, _) in self
            .heard_of
            .extract_if(.., |(_, left)| *left == 0)
            .collect::<Vec<_>>()
        {
            self.put_in_force(&der);
        }
    }

    /// Lets everything that the cloud is late with happen.
    pub fn catch_up(&mut self) {
        for _ in 0..=self.lag {
            self.step();
        }
    }

    /// A connection with this certificate was seen.
    fn put_in_force(&mut self, der: &[u8]) {
        if let Some(next) = self.next.take_if(|next| next.der == der) {
            let retired = std::mem::replace(&mut self.in_force, next.der);
            self.retired.push((retired, self.lag));
            self.due = false;
        }
    }

    /// Whether who speaks may have another certificate now. One that comes with its next has shown that it has it.
    fn admits(&mut self) -> bool {
        let speaker = self.speaker.clone();
        self.put_in_force(&speaker);
        self.due && speaker == self.in_force
    }

    fn issue(&mut self, csr: &[u8], packet_size: usize, active: bool) -> Next {
        let key = SubmittedRequest::parse_der(csr).unwrap();
        let key = key.fingerprint().to_owned();
        self.keys.insert(key.clone());
        self.requests += 1;
        let der = self.authority.sign(csr.to_vec());
        Next {
            der,
            key,
            active,
            packet_size,
        }
    }

    fn request(&mut self, payload: &[u8]) -> Vec<Message> {
        let asked = ProvisioningRequest::decode(payload).unwrap();
        assert_eq!(asked.serial_number.as_deref(), Some(SERIAL));
        if let Some(refusal) = self.next_rejection() {
            return vec![refusal];
        }
        if !self.admits() {
            return vec![self.refuse(RefusalCode::RotationNotDue)];
        }
        let Some(CsrField::Der(csr)) = asked.csr else {
            panic!("a rotation is asked for with a CSR")
        };
        let packet_size = usize::try_from(asked.packet_size.unwrap()).unwrap();
        let issued = self.issue(&csr, packet_size, false);
        if self.next.as_ref().map(|next| &next.key) != Some(&issued.key) {
            self.next = Some(issued);
        }
        let next = self.next.clone().unwrap();
        let manifest = self.manifest(&next);
        let mut messages = vec![self.accept(&Answer::Manifest(manifest))];
        let all = 0..manifest.count();
        messages.extend(all.map(|index| self.chunk(&next, index)));
        messages
    }

    fn acknowledge(&mut self, payload: &[u8]) -> Vec<Message> {
        let said = Acknowledgement::decode(payload).unwrap();
        let next = self.next.clone();
        let Some(next) = next.filter(|next| self.manifest(next).delivery() == said.delivery())
        else {
            return vec![self.refuse(RefusalCode::DeliveryUnknown)];
        };
        if said.is_complete() {
            self.next.as_mut().unwrap().active = true;
            return vec![self.accept(&Answer::Activated(said.delivery()))];
        }
        let missing = said.missing().iter();
        missing.map(|index| self.chunk(&next, index)).collect()
    }

    fn manifest(&self, next: &Next) -> Manifest {
        let topic = self.topics.accepted();
        let room = room_for_chunk_data(next.packet_size, topic.len()).unwrap();
        Manifest::new(&next.der, room).unwrap()
    }

    fn chunk(&self, next: &Next, index: u16) -> Message {
        let manifest = self.manifest(next);
        self.accept(&Answer::Chunk(manifest.chunk(index, &next.der).unwrap()))
    }

    fn accept(&self, answer: &Answer<'_>) -> Message {
        let mut payload = vec![0; answer.encoded_len()];
        answer.encode(&mut payload).unwrap();
        (self.topics.accepted(), payload)
    }

    fn refuse(&self, code: RefusalCode) -> Message {
        let refusal = Refusal::new(code, "No.");
        (self.topics.rejected(), refusal.to_payload(200))
    }

    fn next_rejection(&mut self) -> Option<Message> {
        if self.rejections.is_empty() {
            return None;
        }
        let (status, code) = self.rejections.remove(0);
        Some(match self.kind {
            Kind::Chunked => {
                let mut all = RefusalCode::ALL.iter();
                self.refuse(*all.find(|known| known.name() == code).unwrap())
            }
            Kind::Fleet => Self::reject(&Self::provision_topic(), status, code),
        })
    }

    fn reject(asked_on: &str, status: u16, code: &str) -> Message {
        let rejection = json!({ "statusCode": status, "errorCode": code, "errorMessage": "No." });
        (rejected(asked_on), rejection.to_string().into())
    }

    fn make(&mut self, payload: &[u8]) -> Vec<Message> {
        let asked: CreateCertificateFromCsr = serde_json::from_slice(payload).unwrap();
        let csr = SubmittedRequest::parse_text(&asked.certificate_signing_request).unwrap();
        let next = self.issue(csr.der(), 0, true);
        let token = format!("token-{}", self.made.len());
        let answer = json!({
            "certificateId": certificate_id(&next.der),
            "certificatePem": der_to_pem("CERTIFICATE", &next.der),
            "certificateOwnershipToken": token,
        });
        self.made.push(Made {
            next,
            token,
            dead: false,
        });
        vec![(accepted(&Self::csr_topic()), answer.to_string().into())]
    }

    fn register(&mut self, payload: &[u8]) -> Vec<Message> {
        let topic = Self::provision_topic();
        self.registrations += 1;
        let asked: Value = serde_json::from_slice(payload).unwrap();
        assert_eq!(asked["parameters"], json!({ "SerialNumber": SERIAL }));
        if let Some(rejection) = self.next_rejection() {
            return vec![rejection];
        }
        let mut all = self.made.iter();
        let made = all.find(|made| asked["certificateOwnershipToken"] == *made.token && !made.dead);
        let Some(next) = made.map(|made| made.next.clone()) else {
            return vec![Self::reject(
                &topic,
                400,
                "InvalidCertificateOwnershipToken",
            )];
        };
        if !self.admits() {
            return vec![Self::reject(&topic, 403, "AccessDenied")];
        }
        // What it replaces is deleted, and with it what it was made for.
        if let Some(before) = self
            .next
            .replace(next.clone())
            .filter(|before| before.der != next.der)
        {
            for made in &mut self.made {
                made.dead |= made.next.der == before.der;
            }
        }
        if self.lost_answers > 0 {
            self.lost_answers -= 1;
            return Vec::new();
        }
        vec![(
            accepted(&topic),
            json!({ "thingName": SERIAL }).to_string().into(),
        )]
    }
}

impl Service for RotationCloud {
    fn authority(&self) -> &Cloud {
        &self.authority
    }

    fn connected(&mut self) {
        self.subscribed.clear();
    }

    fn connected_with(&mut self, der: &[u8]) {
        self.heard_of.push((der.to_vec(), self.lag + 1));
        self.step();
    }

    fn speaker(&mut self, certificate: Option<&[u8]>) {
        let certificate = certificate.expect("the claim certificate rotates nothing");
        self.speaker = certificate.to_vec();
    }

    fn subscribe(&mut self, topics: &[String]) -> bool {
        assert!(topics.len() <= 8, "AWS IoT takes no more in one SUBSCRIBE");
        self.subscribed.extend(topics.iter().cloned());
        true
    }

    fn before_publishing(&self, topic: &str, payload: &[u8], held: &Held) {
        let current = held.current_id().expect("the current certificate stays");
        if topic == format!("devices/{SERIAL}/hello") {
            let said: Value = serde_json::from_slice(payload).unwrap();
            assert_ne!(
                said["certificateId"], *current,
                "only the new one says hello"
            );
            return;
        }
        let kept = held
            .delivery
            .as_ref()
            .expect("the key is kept before it is used");
        assert_eq!(kept.replaces, Some(current));
        if topic == Self::provision_topic() {
            assert!(kept.made.is_some(), "certificate and token are kept");
        }
    }

    fn publish(&mut self, topic: &str, payload: &[u8]) -> Option<Vec<Message>> {
        self.step();
        Some(match self.kind {
            Kind::Chunked if topic == self.topics.json() => self.request(payload),
            Kind::Chunked if topic == self.topics.ack() => self.acknowledge(payload),
            Kind::Fleet if topic == Self::csr_topic() => self.make(payload),
            Kind::Fleet if topic == Self::provision_topic() => self.register(payload),
            // Where the cloud makes the keys nobody answers: these devices make their own.
            Kind::Fleet if topic == topics::create(Format::Json) => Vec::new(),
            _ => panic!("{topic} is no topic of a rotation"),
        })
    }

    fn takes(&self, der: &[u8]) -> bool {
        let next = self.next.as_ref();
        let mut retired = self.retired.iter();
        der == self.in_force
            || next.is_some_and(|next| next.active && next.der == der)
            || retired.any(|(retired, left)| retired == der && *left > 0)
    }

    fn hello(&mut self, der: &[u8]) {
        self.proven.push(der.to_vec());
    }

    fn proven(&self) -> &[Vec<u8>] {
        &self.proven
    }

    fn abandon(&mut self) {
        self.expire_tokens();
        if self.kind == Kind::Chunked {
            self.next.take_if(|next| !next.active);
        }
    }

    fn alert(&mut self) -> Option<Message> {
        (self.due || self.next.is_some()).then(Self::alert_message)
    }

    fn rotates(&self) -> bool {
        true
    }

    fn leaves_a_way_in(&self, held: &Held) -> bool {
        let slots = [&held.current, &held.pending];
        let mut slots = slots.into_iter().flatten();
        slots.any(|credentials| {
            let der = credentials.certificate_der();
            der == self.in_force || self.next.as_ref().is_some_and(|next| next.der == der)
        })
    }
}
