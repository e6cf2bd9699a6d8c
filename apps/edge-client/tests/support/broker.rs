//! A broker over mutual TLS for one device. It keeps to what AWS IoT does: a certificate that doesn't work is hung
//! up on without a word.

use super::chance::Chance;
use super::cloud::Cloud;
use super::fleet_cloud::{FleetCloud, TEMPLATE};
use super::packets::{self, FromDevice};
use super::rotation_cloud::{Kind, RotationCloud, SERIAL};
use super::service::Service;
use super::vending_cloud::VendingCloud;
use edge_client::{Config, FleetConfig, FolderDisk, Source, Timings};
use muster_chunking::room_for_payload;
use muster_device::{CredentialStore, Credentials, Place, SlotStore};
use muster_documents::bundle::files;
use muster_pki::der_to_pem;
use rumqttc::tokio_rustls::TlsAcceptor;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use secrecy::{ExposeSecret, SecretString};
use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// What is lost is the same in every run of a test.
const SEED: u64 = 4;

/// How the broker treats its device.
#[derive(Debug, Clone, Copy, Default)]
pub struct Script {
    /// Messages lost, in thousandths.
    pub loss: u64,
    /// Before each message to the device.
    pub delay: Duration,
    /// The first message to the device is this packet size, in bytes, whatever the device asked for.
    pub first_packet: Option<usize>,
    /// Takes connections and answers nothing on them.
    pub silent: bool,
    /// Takes the claim certificate with any client id.
    pub any_client_id: bool,
    /// So many connections with the device's own certificate are cut when they subscribe.
    pub cuts: u32,
}

/// What the broker saw and sent.
pub struct Seen<S> {
    pub cloud: S,
    /// Whole PUBLISH packets to the device, in bytes.
    pub sent: Vec<usize>,
    pub hellos: u32,
    /// The client ids of the connections with the claim certificate.
    pub claim_client_ids: Vec<String>,
    /// The certificates of the device's own that connected, DER.
    pub connected: Vec<Vec<u8>>,
    cuts_left: u32,
    /// What is said on the topic of alerts, after each subscription in turn.
    pub alerts: VecDeque<Vec<Vec<u8>>>,
}

pub struct Broker<S = Cloud> {
    pub port: u16,
    pub client_id: String,
    claim_certificate: String,
    claim_key: SecretString,
    pub authority: String,
    /// The certificate that the device has already, in a cloud that rotates it.
    device: Option<Credentials>,
    seen: Arc<Mutex<Seen<S>>>,
}

impl<S: Service + Send + 'static> Broker<S> {
    async fn serving(client_id: &str, cloud: S, script: Script) -> Self {
        let authority = cloud.authority().authority.clone();
        let (claim_key, claim) = cloud.authority().identity(Vec::new());
        let acceptor = acceptor(cloud.authority());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen {
            cloud,
            sent: Vec::new(),
            hellos: 0,
            claim_client_ids: Vec::new(),
            connected: Vec::new(),
            cuts_left: script.cuts,
            alerts: VecDeque::new(),
        }));
        let broker = Self {
            port,
            client_id: client_id.to_owned(),
            claim_certificate: der_to_pem("CERTIFICATE", &claim),
            claim_key: claim_key.pem(),
            authority: der_to_pem("CERTIFICATE", &authority),
            device: None,
            seen: Arc::clone(&seen),
        };
        let client_id = client_id.to_owned();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = Connection {
                    client_id: client_id.clone(),
                    claim: claim.clone(),
                    script,
                    seen: Arc::clone(&seen),
                    subscribed: BTreeSet::new(),
                    chance: Chance::new(SEED),
                };
                tokio::spawn(connection.serve(acceptor.clone(), stream));
            }
        });
        broker
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen<S>> {
        self.seen.lock().unwrap()
    }
}

/// Waits for a device in a hurry.
pub fn hurried() -> Timings {
    Timings {
        quiet: Duration::from_millis(200),
        request_retry: Duration::from_millis(500),
        connect_retry: Duration::from_millis(100),
        answer: Duration::from_millis(500),
        give_up_after: Duration::from_mins(1),
        ..Timings::default()
    }
}

impl Broker<FleetCloud> {
    /// With a fleet's cloud behind it, for the device with this serial.
    pub async fn fleet(serial: &str, cloud: FleetCloud, script: Script) -> Self {
        Self::serving(serial, cloud, script).await
    }
}

impl Broker<RotationCloud> {
    /// With a cloud that rotates the certificate of its one device.
    pub async fn rotating(kind: Kind, script: Script) -> Self {
        let (cloud, key) = RotationCloud::new(kind);
        let certificate = der_to_pem("CERTIFICATE", &cloud.in_force);
        let device = Credentials::matched(&certificate, &key).unwrap();
        Self {
            device: Some(device),
            ..Self::serving(SERIAL, cloud, script).await
        }
    }

    /// Puts the certificate that the device has already into its store.
    pub fn give_current(&self, store: &Path) {
        let device = self.device.as_ref().unwrap();
        keep_current(store, device);
    }

    /// The same, for a device that was vended it.
    pub fn give_vended(&self, store: &Path) {
        let endpoint = format!("localhost:{}", self.port);
        let place = Place::new(&endpoint, &self.authority).unwrap();
        let device = self.device.clone().unwrap();
        keep_current(store, &device.at(Some(place)));
    }
}

impl Broker<VendingCloud> {
    /// With a cloud that vends certificates, which are used here.
    pub async fn vending() -> Self {
        let broker = Self::serving(SERIAL, VendingCloud::new(), Script::default()).await;
        broker.seen().cloud.endpoint = format!("localhost:{}", broker.port);
        broker
    }
}

/// Puts a certificate into the current slot of a store.
pub fn keep_current(store: &Path, credentials: &Credentials) {
    let disk = FolderDisk::take(store).unwrap();
    let mut store = SlotStore::open(disk).unwrap();
    store.keep_pending(credentials).unwrap();
    store.promote().unwrap();
}

impl<S> Broker<S> {
    /// The bundle of its fleet, filled in for its device.
    pub fn bundle(&self, folder: &Path) {
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
        let configuration = serde_json::json!({
            "endpoint": "localhost",
            "port": self.port,
            "provisioningTemplate": TEMPLATE,
            "rotationTemplate": "sensors-rotation",
            "model": "probe",
        });
        write(files::CONFIGURATION, &configuration.to_string());
        let machine = serde_json::json!({ "serial_num": self.client_id, "voucher": "" });
        write(files::MACHINE, &machine.to_string());
        write(files::CLAIM_CERTIFICATE, &self.claim_certificate);
        write(files::CLAIM_PRIVATE_KEY, self.claim_key.expose_secret());
        write(files::ROOT_CA, &self.authority);
    }

    /// A device with its bundle, in a hurry.
    pub fn fleet_config(&self, folder: &Path) -> FleetConfig {
        self.bundle(folder);
        let mut config = FleetConfig::from_bundle(folder, None).unwrap();
        config.timings = hurried();
        config
    }
}

impl Broker {
    pub async fn start(client_id: &str, script: Script) -> Self {
        Self::serving(client_id, Cloud::new(client_id), script).await
    }
}

impl<S> Broker<S> {
    /// A device for this broker, in a hurry.
    pub fn config(&self, store: &Path) -> Config {
        let claim = (
            Source::from(self.claim_certificate.clone()),
            Source::Text(self.claim_key.clone()),
        );
        let authority = Source::from(self.authority.clone());
        let mut config = Config::new(
            ("localhost", self.port),
            authority,
            claim,
            &self.client_id,
            store,
        );
        config.timings = hurried();
        config
    }

    /// The files and arguments for the program.
    pub fn arguments(&self, folder: &Path) -> Vec<String> {
        let file = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let ca = file("ca.pem", &self.authority);
        let certificate = file("claim.pem", &self.claim_certificate);
        let key = file("claim.key", self.claim_key.expose_secret());
        let store = folder.join("store").to_str().unwrap().to_owned();
        let port = self.port.to_string();
        let pairs = [
            ("--endpoint", "localhost"),
            ("--port", &port),
            ("--ca", &ca),
            ("--claim-cert", &certificate),
            ("--claim-key", &key),
            ("--client-id", &self.client_id),
            ("--store", &store),
        ];
        let flat = pairs
            .iter()
            .flat_map(|(name, value)| [(*name).to_owned(), (*value).to_owned()]);
        std::iter::once("provision".to_owned())
            .chain(flat)
            .collect()
    }
}

fn acceptor(cloud: &Cloud) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(cloud.authority.clone()))
        .unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .unwrap();
    let (key, certificate) = cloud.identity(vec!["localhost".into()]);
    let key = PrivateKeyDer::try_from(key.pkcs8_der().expose_secret().to_vec()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![CertificateDer::from(certificate)], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

struct Connection<S> {
    client_id: String,
    claim: Vec<u8>,
    script: Script,
    seen: Arc<Mutex<Seen<S>>>,
    subscribed: BTreeSet<String>,
    chance: Chance,
}

impl<S: Service> Connection<S> {
    /// Serves one connection to its end. A device that is killed ends it anywhere, so no error counts here.
    async fn serve(mut self, acceptor: TlsAcceptor, stream: TcpStream) {
        let Ok(mut stream) = acceptor.accept(stream).await else {
            return;
        };
        let certificate = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
        let claim = certificate == self.claim;
        let mut packet_id = 0;
        while let Some(packet) = packets::read(&mut stream).await {
            if self.script.silent {
                continue;
            }
            let mut answers = Vec::new();
            let mut messages = Vec::new();
            match packet {
                FromDevice::Connect { client_id } => {
                    // The certificate's policy: its own client id, and only while it works.
                    let mut seen = self.seen.lock().unwrap();
                    let taken = claim || seen.cloud.takes(&certificate);
                    let known = client_id == self.client_id || claim && self.script.any_client_id;
                    if !known || !taken {
                        return;
                    }
                    seen.cloud.connected();
                    if claim {
                        seen.claim_client_ids.push(client_id);
                    } else {
                        seen.cloud.connected_with(&certificate);
                        seen.connected.push(certificate.clone());
                    }
                    answers.push(packets::connack());
                }
                FromDevice::Subscribe { packet_id, filters } => {
                    let mut seen = self.seen.lock().unwrap();
                    if !claim && seen.cuts_left > 0 {
                        seen.cuts_left -= 1;
                        return;
                    }
                    let alerts = format!("cmd/{}/alerts", self.client_id);
                    let granted = if filters == [alerts.as_str()] {
                        let said = seen.alerts.pop_front().unwrap_or_default();
                        messages.extend(said.into_iter().map(|said| (alerts.clone(), said)));
                        true
                    } else {
                        seen.cloud.subscribe(&filters)
                    };
                    answers.push(packets::suback(packet_id, filters.len(), granted));
                    self.subscribed.extend(filters);
                }
                FromDevice::Publish {
                    packet_id,
                    topic,
                    payload,
                } => {
                    answers.push(packets::puback(packet_id));
                    let mut seen = self.seen.lock().unwrap();
                    if claim || seen.cloud.rotates() && !topic.starts_with("devices/") {
                        seen.cloud.speaker((!claim).then_some(&certificate));
                        if !self.chance.happens(self.script.loss) {
                            let Some(answered) = seen.cloud.publish(&topic, &payload) else {
                                return;
                            };
                            messages = answered;
                        }
                    } else if topic == format!("devices/{}/hello", self.client_id) {
                        seen.hellos += 1;
                        seen.cloud.hello(&certificate);
                    } else {
                        return;
                    }
                }
                FromDevice::Ping => answers.push(packets::pingresp()),
                FromDevice::Acknowledgement => {}
                FromDevice::Disconnect => return,
            }
            for answer in answers {
                let _ = stream.write_all(&answer).await;
            }
            for (topic, mut payload) in messages {
                sleep(self.script.delay).await;
                // AWS IoT answers all the same, the emulator doesn't.
                if !self.subscribed.contains(&topic) || self.chance.happens(self.script.loss) {
                    continue;
                }
                if let Some(bytes) = self.script.first_packet.take() {
                    payload = vec![0; room_for_payload(bytes, topic.len()).unwrap()];
                }
                packet_id += 1;
                let packet = packets::publish(packet_id, &topic, &payload);
                self.seen.lock().unwrap().sent.push(packet.len());
                let _ = stream.write_all(&packet).await;
            }
            let _ = stream.flush().await;
        }
    }
}
