//! A broker over mutual TLS for one device. It keeps to what AWS IoT does: a certificate that doesn't work is hung
//! up on without a word.

use super::chance::Chance;
use super::cloud::Cloud;
use super::packets::{self, FromDevice};
use edge_client::{Config, Source, Timings};
use muster_chunking::room_for_payload;
use muster_pki::der_to_pem;
use rumqttc::tokio_rustls::TlsAcceptor;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

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
}

/// What the broker saw and sent.
pub struct Seen {
    pub cloud: Cloud,
    /// Whole PUBLISH packets to the device, in bytes.
    pub sent: Vec<usize>,
    pub hellos: u32,
}

pub struct Broker {
    pub port: u16,
    pub client_id: String,
    claim_certificate: String,
    claim_key: SecretString,
    authority: String,
    seen: Arc<Mutex<Seen>>,
}

impl Broker {
    pub async fn start(client_id: &str, script: Script) -> Self {
        let cloud = Cloud::new(client_id);
        let authority = cloud.authority.clone();
        let (claim_key, claim) = cloud.identity(Vec::new());
        let acceptor = acceptor(&cloud);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen {
            cloud,
            sent: Vec::new(),
            hellos: 0,
        }));
        let broker = Self {
            port,
            client_id: client_id.to_owned(),
            claim_certificate: der_to_pem("CERTIFICATE", &claim),
            claim_key: claim_key.pem(),
            authority: der_to_pem("CERTIFICATE", &authority),
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
                    chance: Chance::new(u64::from(port)),
                };
                tokio::spawn(connection.serve(acceptor.clone(), stream));
            }
        });
        broker
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

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
        config.timings = Timings {
            quiet: Duration::from_millis(200),
            request_retry: Duration::from_millis(500),
            connect_retry: Duration::from_millis(100),
            give_up_after: Duration::from_mins(1),
            ..Timings::default()
        };
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

struct Connection {
    client_id: String,
    claim: Vec<u8>,
    script: Script,
    seen: Arc<Mutex<Seen>>,
    chance: Chance,
}

impl Connection {
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
                    let taken = self.seen.lock().unwrap().cloud.takes(&certificate);
                    if client_id != self.client_id || !(claim || taken) {
                        return;
                    }
                    answers.push(packets::connack());
                }
                FromDevice::Subscribe { packet_id, filters } => {
                    answers.push(packets::suback(packet_id, filters.len()));
                }
                FromDevice::Publish {
                    packet_id,
                    topic,
                    payload,
                } => {
                    answers.push(packets::puback(packet_id));
                    let mut seen = self.seen.lock().unwrap();
                    if claim {
                        if !self.chance.happens(self.script.loss) {
                            messages = seen.cloud.publish(&topic, &payload);
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
                if self.chance.happens(self.script.loss) {
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
