//! A cloud that keeps its side of the contract: same key, same certificate; nothing usable before the
//! acknowledgement; what was abandoned is revoked.

use muster_chunking::{Acknowledgement, Answer, Manifest, room_for_chunk_data};
use muster_documents::{ClientId, CsrField, ProvisioningRequest, Refusal, RefusalCode, Topics};
use muster_pki::{DeviceKey, SubmittedRequest, der_to_pem};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, IsCa, Issuer,
    KeyPair,
};
use secrecy::ExposeSecret;
use std::collections::BTreeSet;

/// One certificate that the cloud has issued.
#[derive(Debug, Clone)]
pub struct Issued {
    pub der: Vec<u8>,
    pub fingerprint: String,
    pub manifest: Manifest,
    pub active: bool,
    pub revoked: bool,
}

pub struct Cloud {
    issuer: Issuer<'static, KeyPair>,
    /// The authority's own certificate, DER.
    pub authority: Vec<u8>,
    topics: Topics,
    pub issued: Vec<Issued>,
    /// Every key that asked, by fingerprint.
    pub keys: BTreeSet<String>,
    pub requests: u32,
    pub acknowledgements: u32,
    /// The certificates with which a publication has arrived.
    pub proven: Vec<Vec<u8>>,
    /// The next requests are refused with these.
    pub refusals: Vec<RefusalCode>,
}

/// What goes to the device.
pub type Message = (String, Vec<u8>);

impl Cloud {
    pub fn new(client_id: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "Muster test authority");
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap().der().to_vec();
        Self {
            issuer: Issuer::new(params, key),
            authority,
            topics: Topics::new("provision", &ClientId::new(client_id).unwrap()),
            issued: Vec::new(),
            keys: BTreeSet::new(),
            requests: 0,
            acknowledgements: 0,
            proven: Vec::new(),
            refusals: Vec::new(),
        }
    }

    pub fn topics(&self) -> &Topics {
        &self.topics
    }

    /// Takes a publication of the device and answers what to publish.
    pub fn publish(&mut self, topic: &str, payload: &[u8]) -> Vec<Message> {
        if topic == self.topics.json() {
            self.request(payload)
        } else if topic == self.topics.ack() {
            self.acknowledge(payload)
        } else {
            panic!("the claim certificate may not publish on {topic}");
        }
    }

    fn request(&mut self, payload: &[u8]) -> Vec<Message> {
        self.requests += 1;
        if !self.refusals.is_empty() {
            let code = self.refusals.remove(0);
            return vec![self.refuse(code)];
        }
        let request = ProvisioningRequest::decode(payload).unwrap();
        let Some(CsrField::Der(csr)) = request.csr else {
            return self.legacy();
        };
        let fingerprint = SubmittedRequest::parse_der(&csr)
            .unwrap()
            .fingerprint()
            .to_owned();
        self.keys.insert(fingerprint.clone());
        let known = self
            .issued
            .iter()
            .find(|one| one.fingerprint == fingerprint && !one.revoked);
        let issued = if let Some(known) = known {
            known.clone()
        } else {
            let packet_size = usize::try_from(request.packet_size.unwrap()).unwrap();
            let room = room_for_chunk_data(packet_size, self.topics.accepted().len()).unwrap();
            let der = self.sign(csr);
            let manifest = Manifest::new(&der, room).unwrap();
            let issued = Issued {
                der,
                fingerprint,
                manifest,
                active: false,
                revoked: false,
            };
            self.issued.push(issued.clone());
            issued
        };
        let mut messages = vec![self.accept(&Answer::Manifest(issued.manifest))];
        messages.extend((0..issued.manifest.count()).map(|index| self.chunk(&issued, index)));
        messages
    }

    /// A key and a certificate, which works at once, in two messages.
    pub fn legacy(&mut self) -> Vec<Message> {
        let (key, certificate) = self.pair();
        let topic = self.topics.accepted();
        let key = serde_json::json!({ "privateKey": key.pem().expose_secret() });
        let certificate = serde_json::json!({ "certificatePem": certificate });
        vec![
            (topic.clone(), key.to_string().into()),
            (topic, certificate.to_string().into()),
        ]
    }

    /// A key that the cloud made, and its certificate in PEM, which works at once.
    pub fn pair(&mut self) -> (DeviceKey, String) {
        let (key, der) = self.identity(Vec::new());
        self.issued.push(Issued {
            manifest: Manifest::new(&der, 4000).unwrap(),
            fingerprint: key.fingerprint(),
            active: true,
            revoked: false,
            der: der.clone(),
        });
        (key, der_to_pem("CERTIFICATE", &der))
    }

    /// A certificate for this request, DER both.
    pub fn sign(&self, csr: Vec<u8>) -> Vec<u8> {
        let request = CertificateSigningRequestParams::from_der(&csr.into()).unwrap();
        request.signed_by(&self.issuer).unwrap().der().to_vec()
    }

    /// A key and its certificate in DER, for these host names if it is a server's. Not a device's.
    pub fn identity(&self, names: Vec<String>) -> (DeviceKey, Vec<u8>) {
        let key = DeviceKey::generate().unwrap();
        let pair = KeyPair::from_pem(key.pem().expose_secret()).unwrap();
        (key, self.certify(&pair, names))
    }

    /// A certificate in DER for this key.
    pub fn certify(&self, pair: &KeyPair, names: Vec<String>) -> Vec<u8> {
        let params = CertificateParams::new(names).unwrap();
        let certificate = params.signed_by(pair, &self.issuer).unwrap();
        certificate.der().to_vec()
    }

    fn acknowledge(&mut self, payload: &[u8]) -> Vec<Message> {
        self.acknowledgements += 1;
        let acknowledgement = Acknowledgement::decode(payload).unwrap();
        let delivery = acknowledgement.delivery();
        let found = self
            .issued
            .iter_mut()
            .find(|one| one.manifest.delivery() == delivery && !one.revoked);
        let Some(issued) = found else {
            return vec![self.refuse(RefusalCode::DeliveryUnknown)];
        };
        if acknowledgement.is_complete() {
            issued.active = true;
            return vec![self.accept(&Answer::Activated(delivery))];
        }
        let issued = issued.clone();
        acknowledgement
            .missing()
            .iter()
            .map(|index| self.chunk(&issued, index))
            .collect()
    }

    pub fn chunk(&self, issued: &Issued, index: u16) -> Message {
        self.accept(&Answer::Chunk(
            issued.manifest.chunk(index, &issued.der).unwrap(),
        ))
    }

    pub fn accept(&self, answer: &Answer<'_>) -> Message {
        let mut payload = vec![0; answer.encoded_len()];
        answer.encode(&mut payload).unwrap();
        (self.topics.accepted(), payload)
    }

    pub fn refuse(&self, code: RefusalCode) -> Message {
        (
            self.topics.rejected(),
            Refusal::new(code, "No.").to_payload(200),
        )
    }

    /// Revokes what nobody has acknowledged.
    pub fn abandon(&mut self) {
        for issued in &mut self.issued {
            issued.revoked |= !issued.active;
        }
    }

    /// Whether a connection with this certificate is taken.
    pub fn takes(&self, der: &[u8]) -> bool {
        self.issued
            .iter()
            .any(|issued| issued.der == der && issued.active && !issued.revoked)
    }

    /// A publication with this certificate has arrived.
    pub fn hello(&mut self, der: &[u8]) {
        self.proven.push(der.to_vec());
    }
}
