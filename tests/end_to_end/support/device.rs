//! A device that says exactly what a test wants it to say.

use super::{PATIENCE, Stack};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS, SubscribeFilter, Transport};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// A message that came.
#[derive(Debug, Clone)]
pub struct Heard {
    pub topic: String,
    pub payload: Vec<u8>,
}

impl Heard {
    /// The payload as a person would read it.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.payload).into_owned()
    }

    /// The payload as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.payload).unwrap()
    }
}

/// A connection over mutual TLS, MQTT 3.1.1.
pub struct RawDevice {
    client: AsyncClient,
    heard: mpsc::UnboundedReceiver<Heard>,
    delivered: mpsc::UnboundedReceiver<()>,
    pump: tokio::task::JoinHandle<()>,
}

impl Drop for RawDevice {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

/// The TLS side of a device with this certificate.
pub fn tls(stack: &Stack, certificate_pem: &str, key_pem: &str) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(&stack.local.state().ca_file).unwrap() {
        roots.add(root.unwrap()).unwrap();
    }
    let certificates = CertificateDer::pem_slice_iter(certificate_pem.as_bytes())
        .map(Result::unwrap)
        .collect();
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates, key)
        .unwrap()
}

impl RawDevice {
    /// Connects with the claim certificate and subscribes to these filters; `None` if the broker refuses either.
    pub async fn claim(stack: &Stack, client_id: &str, filters: &[&str]) -> Option<Self> {
        Self::connect(
            stack,
            client_id,
            filters,
            &stack.claim_certificate,
            stack.claim_key.expose_secret(),
        )
        .await
    }

    /// Connects with the claim certificate and subscribes to its own answers.
    pub async fn asking(stack: &Stack, client_id: &str) -> Self {
        let stem = format!("{}/{client_id}", stack.output("TopicPrefix"));
        let filters = [format!("{stem}/accepted"), format!("{stem}/rejected")];
        Self::claim(stack, client_id, &[&filters[0], &filters[1]])
            .await
            .expect("an ordinary device may connect")
    }

    /// Connects with any certificate.
    pub async fn connect(
        stack: &Stack,
        client_id: &str,
        filters: &[&str],
        certificate_pem: &str,
        key_pem: &str,
    ) -> Option<Self> {
        let state = stack.local.state();
        let mut options = MqttOptions::new(client_id, &state.mqtt_host, state.mqtt_port);
        options.set_transport(Transport::tls_with_config(
            tls(stack, certificate_pem, key_pem).into(),
        ));
        options.set_keep_alive(Duration::from_secs(30));
        options.set_max_packet_size(1 << 20, 1 << 20);
        let (client, mut events) = AsyncClient::new(options, 64);
        events
            .network_options
            .set_connection_timeout(PATIENCE.as_secs());
        let (hear, heard) = mpsc::unbounded_channel();
        let (deliver, delivered) = mpsc::unbounded_channel();
        let (ready, mut is_ready) = mpsc::unbounded_channel();
        let pump = tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                match event {
                    Event::Incoming(Packet::Publish(message)) => {
                        let payload = message.payload.to_vec();
                        let _ = hear.send(Heard {
                            topic: message.topic,
                            payload,
                        });
                    }
                    Event::Incoming(Packet::PubAck(_)) => drop(deliver.send(())),
                    Event::Incoming(Packet::ConnAck(_) | Packet::SubAck(_)) => drop(ready.send(())),
                    _ => {}
                }
            }
        });
        let device = Self {
            client,
            heard,
            delivered,
            pump,
        };
        tokio::time::timeout(PATIENCE, is_ready.recv())
            .await
            .ok()??;
        if !filters.is_empty() {
            let filters = filters
                .iter()
                .map(|filter| SubscribeFilter::new((*filter).to_owned(), QoS::AtLeastOnce));
            device.client.subscribe_many(filters).await.ok()?;
            tokio::time::timeout(PATIENCE, is_ready.recv())
                .await
                .ok()??;
        }
        Some(device)
    }

    /// Publishes at QoS 1; whether the broker took it.
    pub async fn publish(&mut self, topic: &str, payload: impl Into<Vec<u8>>) -> bool {
        let sent = self
            .client
            .publish(topic, QoS::AtLeastOnce, false, payload)
            .await
            .is_ok();
        sent && tokio::time::timeout(PATIENCE, self.delivered.recv())
            .await
            .is_ok_and(|ack| ack.is_some())
    }

    /// The next message.
    pub async fn hear(&mut self) -> Heard {
        tokio::time::timeout(PATIENCE, self.heard.recv())
            .await
            .expect("a message within a minute")
            .expect("a connection that stays")
    }

    /// Everything that has come so far.
    pub fn heard_so_far(&mut self) -> Vec<Heard> {
        std::iter::from_fn(|| self.heard.try_recv().ok()).collect()
    }
}
