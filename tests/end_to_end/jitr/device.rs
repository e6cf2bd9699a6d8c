//! A device that brings its certificate.

use crate::support::{Authority, RawDevice, Stack, wait_until};
use edge_client::{JoinConfig, Source, Timings};
use muster_documents::CertificateRegistered;
use muster_pki::{CaSubject, DeviceKey, pem_to_der, read_certificate};
use secrecy::ExposeSecret;
use std::time::Duration;

/// How long a device waits before it connects again.
const BETWEEN_CONNECTIONS: Duration = Duration::from_millis(500);

/// A device with a certificate of its own.
pub struct Device {
    pub client_id: String,
    pub certificate_id: String,
    certificate_pem: String,
    key: DeviceKey,
}

impl Device {
    pub fn signed_by(authority: &Authority, common_name: &str) -> Self {
        let key = DeviceKey::generate().unwrap();
        let subject = CaSubject {
            common_name: common_name.to_owned(),
            ..CaSubject::default()
        };
        let certificate = authority.sign(&key, subject);
        Self::with(common_name, certificate.der(), key)
    }

    /// A device with any certificate.
    pub fn with(client_id: &str, certificate: &[u8], key: DeviceKey) -> Self {
        Self {
            client_id: client_id.to_owned(),
            certificate_id: muster_pki::certificate_id(certificate),
            certificate_pem: muster_pki::der_to_pem("CERTIFICATE", certificate),
            key,
        }
    }

    /// A device whose certificate is followed by its CA's, PEM.
    pub fn with_chain(client_id: &str, chain: &str, key: DeviceKey) -> Self {
        let own = chain
            .split_inclusive("-----END CERTIFICATE-----\n")
            .next()
            .unwrap();
        let certificate = muster_pki::pem_to_der(own).unwrap();
        Self {
            certificate_pem: chain.to_owned(),
            ..Self::with(client_id, &certificate, key)
        }
    }

    /// The number that its CA gave its certificate, as a library takes it that makes revocation lists.
    pub fn serial_number(&self) -> rcgen::SerialNumber {
        let der = pem_to_der(&self.certificate_pem).unwrap();
        let number = read_certificate(&der).unwrap().serial.to_string();
        hex::decode(number).unwrap().into()
    }

    /// What AWS IoT publishes of it.
    pub fn registered(&self, authority: &Authority) -> String {
        serde_json::to_string(&CertificateRegistered {
            certificate_id: self.certificate_id.clone(),
            ca_certificate_id: authority.id.clone(),
            timestamp: 1_767_225_600_000,
        })
        .unwrap()
    }

    /// What the edge client is told.
    pub fn config(&self, stack: &Stack) -> JoinConfig {
        let state = stack.local.state();
        JoinConfig {
            endpoint: state.mqtt_host.clone(),
            port: state.mqtt_port,
            ca: Source::File(state.ca_file.clone()),
            certificate: Source::from(self.certificate_pem.clone()),
            key: Source::from(self.key.pem().expose_secret().to_owned()),
            timings: Timings::default(),
        }
    }

    /// Tries to connect, so that AWS IoT registers its certificate; the broker closes the connection.
    pub async fn knocks(&self, stack: &Stack) {
        assert!(self.connect(stack).await.is_none());
    }

    /// Connects; `None` if the broker closes the connection.
    pub async fn connect(&self, stack: &Stack) -> Option<RawDevice> {
        let key = self.key.pem();
        RawDevice::connect(
            stack,
            &self.client_id,
            &[],
            &self.certificate_pem,
            key.expose_secret(),
        )
        .await
    }

    /// Connects until it is let in, then says something that only a provisioned device may.
    pub async fn works(&self, stack: &Stack) -> bool {
        let mut connection = wait_until(&format!("{} to be let in", self.client_id), async || {
            let connection = self.connect(stack).await;
            if connection.is_none() {
                tokio::time::sleep(BETWEEN_CONNECTIONS).await;
            }
            connection
        })
        .await;
        let topic = format!("devices/{}/hello", self.client_id);
        connection.publish(&topic, "{}").await
    }

    /// Its certificate's status in AWS IoT; `None` if it is not registered.
    pub async fn status(&self, stack: &Stack) -> Option<String> {
        let described = stack.iot().describe_certificate();
        let described = described.certificate_id(&self.certificate_id).send().await;
        let described = described.ok()?;
        let found = described.certificate_description()?;
        Some(found.status()?.as_str().to_owned())
    }

    /// Waits until its certificate has this status.
    pub async fn becomes(&self, stack: &Stack, status: &str) {
        wait_until(&format!("{} to be {status}", self.client_id), async || {
            (self.status(stack).await.as_deref() == Some(status)).then_some(())
        })
        .await;
    }
}
