//! Somebody with a certificate who tries what a device would not, in MQTT 3.1.1 and MQTT 5.

use super::{Heard, PATIENCE, Stack};
use rumqttc::{QoS, Transport, v5};
use rustls::client::ResolvesClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme};
use std::sync::Arc;
use tokio::sync::mpsc;

/// The protocol's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    V311,
    V5,
}

/// A certificate and a key, which need not belong together.
#[derive(Debug, Clone)]
pub struct Identity {
    pub certificate_pem: String,
    pub key_pem: String,
}

enum Client {
    V311(rumqttc::AsyncClient),
    V5(v5::AsyncClient),
}

enum Said {
    Connected,
    Subscribed(bool),
    Published(bool),
    Heard(Heard),
}

/// A connection that the broker has taken.
pub struct Attacker {
    client: Client,
    said: mpsc::UnboundedReceiver<Said>,
    heard: Vec<Heard>,
    pump: tokio::task::JoinHandle<()>,
}

impl Drop for Attacker {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

/// Shows the certificate whether or not the key is its own, which rustls by itself would not.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn tls(stack: &Stack, identity: &Identity) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(&stack.local.state().ca_file).unwrap() {
        roots.add(root.unwrap()).unwrap();
    }
    let provider = rustls::crypto::ring::default_provider();
    let chain = CertificateDer::pem_slice_iter(identity.certificate_pem.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
    let key = provider.key_provider.load_private_key(key).unwrap();
    let shown = CertifiedKey::new(chain.map(Result::unwrap).collect(), key);
    ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(Shown(Arc::new(shown))))
}

impl Attacker {
    /// Connects, with a last will if there is one; `None` if the broker refuses.
    pub async fn connect(
        stack: &Stack,
        version: Version,
        client_id: &str,
        identity: &Identity,
        will: Option<(&str, &str)>,
    ) -> Option<Self> {
        let transport = Transport::tls_with_config(tls(stack, identity).into());
        let (host, port) = (
            &stack.local.state().mqtt_host,
            stack.local.state().mqtt_port,
        );
        let (say, said) = mpsc::unbounded_channel();
        let (client, pump) = match version {
            Version::V311 => {
                let mut options = rumqttc::MqttOptions::new(client_id, host, port);
                options.set_transport(transport);
                if let Some((topic, text)) = will {
                    options.set_last_will(rumqttc::LastWill::new(
                        topic,
                        text,
                        QoS::AtLeastOnce,
                        false,
                    ));
                }
                let (client, mut events) = rumqttc::AsyncClient::new(options, 64);
                events
                    .network_options
                    .set_connection_timeout(PATIENCE.as_secs());
                (Client::V311(client), tokio::spawn(pump_311(events, say)))
            }
            Version::V5 => {
                let mut options = v5::MqttOptions::new(client_id, host, port);
                options.set_transport(transport);
                if let Some((topic, text)) = will {
                    let qos = v5::mqttbytes::QoS::AtLeastOnce;
                    options.set_last_will(v5::mqttbytes::v5::LastWill::new(
                        topic, text, qos, false, None,
                    ));
                }
                options.set_connection_timeout(PATIENCE.as_secs());
                let (client, events) = v5::AsyncClient::new(options, 64);
                (Client::V5(client), tokio::spawn(pump_5(events, say)))
            }
        };
        let mut attacker = Self {
            client,
            said,
            heard: Vec::new(),
            pump,
        };
        matches!(attacker.answer().await?, Said::Connected).then_some(attacker)
    }

    /// Subscribes to one filter; whether the broker granted it.
    pub async fn subscribe(&mut self, filter: &str) -> bool {
        let sent = match &self.client {
            Client::V311(client) => client.subscribe(filter, QoS::AtLeastOnce).await.is_ok(),
            Client::V5(client) => client
                .subscribe(filter, v5::mqttbytes::QoS::AtLeastOnce)
                .await
                .is_ok(),
        };
        sent && matches!(self.answer().await, Some(Said::Subscribed(true)))
    }

    /// Publishes at QoS 1; whether the broker took it.
    pub async fn publish(&mut self, topic: &str, payload: &[u8], retain: bool) -> bool {
        let payload = payload.to_vec();
        let sent = match &self.client {
            Client::V311(client) => client
                .publish(topic, QoS::AtLeastOnce, retain, payload)
                .await
                .is_ok(),
            Client::V5(client) => client
                .publish(topic, v5::mqttbytes::QoS::AtLeastOnce, retain, payload)
                .await
                .is_ok(),
        };
        sent && matches!(self.answer().await, Some(Said::Published(true)))
    }

    /// Everything that has come so far.
    pub fn heard(&mut self) -> &[Heard] {
        while let Ok(said) = self.said.try_recv() {
            if let Said::Heard(heard) = said {
                self.heard.push(heard);
            }
        }
        &self.heard
    }

    /// Waits for the next message.
    pub async fn hear(&mut self) -> Heard {
        loop {
            let said = tokio::time::timeout(PATIENCE, self.said.recv()).await;
            if let Said::Heard(heard) = said
                .expect("a message within a minute")
                .expect("a connection that stays")
            {
                self.heard.push(heard.clone());
                return heard;
            }
        }
    }

    /// The broker's next answer; `None` if the connection ends instead.
    async fn answer(&mut self) -> Option<Said> {
        loop {
            match tokio::time::timeout(PATIENCE, self.said.recv())
                .await
                .ok()??
            {
                Said::Heard(heard) => self.heard.push(heard),
                said => return Some(said),
            }
        }
    }
}

async fn pump_311(mut events: rumqttc::EventLoop, say: mpsc::UnboundedSender<Said>) {
    use rumqttc::{Event, Packet, SubscribeReasonCode};
    while let Ok(event) = events.poll().await {
        let said = match event {
            Event::Incoming(Packet::ConnAck(_)) => Said::Connected,
            Event::Incoming(Packet::PubAck(_)) => Said::Published(true),
            Event::Incoming(Packet::SubAck(answer)) => {
                Said::Subscribed(!answer.return_codes.contains(&SubscribeReasonCode::Failure))
            }
            Event::Incoming(Packet::Publish(message)) => Said::Heard(Heard {
                topic: message.topic,
                payload: message.payload.to_vec(),
            }),
            _ => continue,
        };
        let _ = say.send(said);
    }
}

async fn pump_5(mut events: v5::EventLoop, say: mpsc::UnboundedSender<Said>) {
    use v5::Event;
    use v5::mqttbytes::v5::{Packet, PubAckReason, SubscribeReasonCode};
    while let Ok(event) = events.poll().await {
        let said = match event {
            Event::Incoming(Packet::ConnAck(_)) => Said::Connected,
            Event::Incoming(Packet::PubAck(answer)) => {
                let taken = [PubAckReason::Success, PubAckReason::NoMatchingSubscribers];
                Said::Published(taken.contains(&answer.reason))
            }
            Event::Incoming(Packet::SubAck(answer)) => {
                let granted =
                    |code: &SubscribeReasonCode| matches!(code, SubscribeReasonCode::Success(_));
                Said::Subscribed(answer.return_codes.iter().all(granted))
            }
            Event::Incoming(Packet::Publish(message)) => Said::Heard(Heard {
                topic: String::from_utf8_lossy(&message.topic).into_owned(),
                payload: message.payload.to_vec(),
            }),
            _ => continue,
        };
        let _ = say.send(said);
    }
}
