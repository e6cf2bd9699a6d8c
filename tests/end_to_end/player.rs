//! A device that plays its part of a delivery by hand, however often the cloud repeats its own.

use crate::support::{Heard, PATIENCE, RawDevice, Stack};
use muster_chunking::{Answer, Progress, Reassembler};
use muster_documents::Mode;
use muster_pki::DeviceKey;
use secrecy::ExposeSecret;
use serde_json::Value;
use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a device hears nothing before it acknowledges again.
const QUIET: Duration = Duration::from_millis(500);

/// A certificate that came, and its key.
#[derive(Debug, Clone)]
pub struct Identity {
    pub certificate_id: String,
    pub certificate_pem: String,
    pub key_pem: String,
}

/// The device: connected with the claim certificate under a client id that is not its serial, so that it may hold a
/// connection of its own beside; or with its own certificate, to renew it.
pub struct Player<'a> {
    stack: &'a Stack,
    device: RawDevice,
    /// What its topics begin with.
    stem: String,
    serial: String,
    key: DeviceKey,
    reassembler: Reassembler<2048>,
    legacy_key: Option<String>,
    pub identities: Vec<Identity>,
    pub refusals: Vec<Value>,
    pub activated: usize,
}

impl<'a> Player<'a> {
    /// The client id with which a device of this serial asks.
    pub fn client_id(serial: &str) -> String {
        format!("{serial}-claim")
    }

    /// Connects and listens; asks for nothing.
    pub async fn listening(stack: &'a Stack, serial: &str, key: DeviceKey) -> Self {
        let client_id = Self::client_id(serial);
        let device = RawDevice::asking(stack, &client_id).await;
        let stem = format!("provision/{client_id}");
        Self::with(stack, device, stem, serial, key)
    }

    /// Connects with its own certificate and listens, to renew it with another key.
    pub async fn renewing(
        stack: &'a Stack,
        serial: &str,
        identity: &Identity,
        key: DeviceKey,
    ) -> Self {
        let stem = format!("rotate/{serial}");
        let filters = [format!("{stem}/accepted"), format!("{stem}/rejected")];
        let filters = [filters[0].as_str(), filters[1].as_str()];
        let (certificate, own_key) = (&identity.certificate_pem, &identity.key_pem);
        let device = RawDevice::connect(stack, serial, &filters, certificate, own_key).await;
        let device = device.expect("a device may connect with its certificate");
        Self::with(stack, device, stem, serial, key)
    }

    fn with(
        stack: &'a Stack,
        device: RawDevice,
        stem: String,
        serial: &str,
        key: DeviceKey,
    ) -> Self {
        Self {
            stack,
            device,
            stem,
            serial: serial.to_owned(),
            key,
            reassembler: Reassembler::new(),
            legacy_key: None,
            identities: Vec::new(),
            refusals: Vec::new(),
            activated: 0,
        }
    }

    /// Asks for a certificate.
    pub async fn ask(&mut self, mode: Mode) {
        let topic = format!("{}/json", self.stem);
        assert!(
            self.device
                .publish(&topic, request(mode, &self.serial, &self.key))
                .await,
            "the request is taken"
        );
    }

    /// Does what a device does until something has happened.
    pub async fn play_until<T>(&mut self, done: impl Future<Output = T>) -> T {
        let mut done = std::pin::pin!(done);
        loop {
            tokio::select! {
                happened = &mut done => return happened,
                () = self.step() => {}
            }
        }
    }

    /// Plays until it holds a chunked certificate that works.
    pub async fn play_until_activated(&mut self) {
        let activated = async {
            while self.activated == 0 {
                self.step().await;
            }
        };
        tokio::time::timeout(PATIENCE, activated)
            .await
            .expect("a certificate that is activated");
    }

    /// Plays until it has a whole certificate.
    pub async fn play_until_complete(&mut self) {
        let complete = async {
            while self.identities.is_empty() {
                self.step().await;
            }
        };
        tokio::time::timeout(PATIENCE, complete)
            .await
            .expect("a whole certificate");
    }

    /// Plays until it has been refused with this code; otherwise all that it has been told.
    pub async fn refused(&mut self, code: &str) -> Result<(), Vec<Value>> {
        let refused = async {
            while !self.refusals.iter().any(|refusal| refusal["code"] == code) {
                self.step().await;
            }
        };
        let refused = tokio::time::timeout(PATIENCE, refused).await;
        refused.map_err(|_| self.refusals.clone())
    }

    /// Whether the broker takes a message that only this identity may publish.
    pub async fn works(&self, identity: &Identity) -> bool {
        let Some(mut device) = connect(self.stack, &self.serial, identity).await else {
            return false;
        };
        device
            .publish(&format!("devices/{}/hello", self.serial), "{}")
            .await
    }

    /// Acknowledges the complete certificate.
    async fn acknowledge(&mut self) {
        if let Some(body) = self.acknowledgement() {
            self.device
                .publish(&format!("{}/ack", self.stem), body)
                .await;
        }
    }

    /// What it has to say about the chunks that it holds; nothing before it has heard of any.
    pub fn acknowledgement(&self) -> Option<Vec<u8>> {
        let mut body = [0; 256];
        let length = self
            .reassembler
            .acknowledgement()?
            .encode(&mut body)
            .unwrap();
        Some(body[..length].to_vec())
    }

    async fn step(&mut self) {
        // What is cut off here is only the waiting for a message.
        let heard = tokio::select! {
            heard = self.device.hear() => Some(heard),
            () = tokio::time::sleep(QUIET) => None,
        };
        match heard {
            Some(heard) if heard.topic.ends_with("/rejected") => self.refusals.push(heard.json()),
            Some(heard) if heard.payload.starts_with(b"{") => self.take_legacy(&heard).await,
            Some(heard) => self.take_chunked(&heard).await,
            None if self.activated == 0 && self.reassembler.certificate().is_some() => {
                self.acknowledge().await;
            }
            None => {}
        }
    }

    async fn take_chunked(&mut self, heard: &Heard) {
        let progress = self
            .reassembler
            .accept(&Answer::decode(&heard.payload).unwrap())
            .unwrap();
        match progress {
            Progress::Completed => {
                let der = self.reassembler.certificate().unwrap();
                self.identities.push(Identity {
                    certificate_id: muster_pki::certificate_id(der),
                    certificate_pem: muster_pki::der_to_pem("CERTIFICATE", der),
                    key_pem: self.key.pem().expose_secret().to_owned(),
                });
                self.acknowledge().await;
            }
            Progress::Activated => self.activated += 1,
            _ => {}
        }
    }

    /// The seed's two messages, after which the device connects.
    async fn take_legacy(&mut self, heard: &Heard) {
        let message = heard.json();
        if let Some(key) = message["privateKey"].as_str() {
            self.legacy_key = Some(key.to_owned());
        }
        if let Some(certificate) = message["certificatePem"].as_str() {
            let identity = Identity {
                certificate_id: muster_pki::certificate_id(
                    &muster_pki::pem_to_der(certificate).unwrap(),
                ),
                certificate_pem: certificate.to_owned(),
                key_pem: self
                    .legacy_key
                    .take()
                    .expect("the key comes before the certificate"),
            };
            connect(self.stack, &self.serial, &identity).await;
            self.identities.push(identity);
        }
    }
}

async fn connect(stack: &Stack, serial: &str, identity: &Identity) -> Option<RawDevice> {
    RawDevice::connect(
        stack,
        serial,
        &[],
        &identity.certificate_pem,
        &identity.key_pem,
    )
    .await
}

/// A request's body. Large packets: what is tested with it is not the chunks.
pub fn request(mode: Mode, serial: &str, key: &DeviceKey) -> Vec<u8> {
    match mode {
        Mode::Chunked => muster_documents::ProvisioningRequest {
            serial_number: Some(serial.to_owned()),
            csr: Some(muster_documents::CsrField::Der(
                key.csr(serial).unwrap().der().to_vec(),
            )),
            packet_size: Some(1024),
        }
        .to_cbor(),
        Mode::Legacy => serde_json::json!({ "serialNumber": serial })
            .to_string()
            .into_bytes(),
    }
}

/// A request in the name of a key that its sender does not hold: the CSR's signature is wrong.
pub fn request_unsigned(serial: &str, key: &DeviceKey) -> Vec<u8> {
    let mut csr = key.csr(serial).unwrap().der().to_vec();
    *csr.last_mut().unwrap() ^= 1;
    muster_documents::ProvisioningRequest {
        serial_number: Some(serial.to_owned()),
        csr: Some(muster_documents::CsrField::Der(csr)),
        packet_size: Some(1024),
    }
    .to_cbor()
}

/// What the topic rule puts into the queue for a body that arrives now on one of a client's topics, over a connection with
/// the certificate of this id.
pub fn queued(
    certificate_id: &str,
    client_id: &str,
    topic: &str,
    body: &[u8],
) -> muster_documents::DeviceMessage {
    use base64::Engine;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    muster_documents::DeviceMessage {
        payload: base64::engine::general_purpose::STANDARD.encode(body),
        topic: format!("provision/{client_id}/{topic}"),
        client_id: client_id.to_owned(),
        principal: Some(certificate_id.to_owned()),
        timestamp: i64::try_from(now.as_millis()).unwrap(),
    }
}
