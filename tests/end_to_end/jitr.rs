//! Devices that bring a certificate of their own, signed by a registered CA.

use crate::support::{Authority, RawDevice, Stack, wait_until};
use muster_pki::{CaSubject, DeviceKey};
use std::time::Duration;

/// How long a device waits before it connects again.
const BETWEEN_CONNECTIONS: Duration = Duration::from_millis(500);

/// A device with a certificate of its own.
struct Device {
    client_id: String,
    certificate_id: String,
    certificate_pem: String,
    key: DeviceKey,
}

impl Device {
    fn signed_by(authority: &Authority, common_name: &str) -> Self {
        let key = DeviceKey::generate().unwrap();
        let subject = CaSubject {
            common_name: common_name.to_owned(),
            ..CaSubject::default()
        };
        let certificate = authority.sign(&key, subject);
        Self {
            client_id: common_name.to_owned(),
            certificate_id: muster_pki::certificate_id(certificate.der()),
            certificate_pem: certificate.pem(),
            key,
        }
    }

    /// Connects; `None` if the broker closes the connection.
    async fn connect(&self, stack: &Stack) -> Option<RawDevice> {
        use secrecy::ExposeSecret;
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
    async fn works(&self, stack: &Stack) -> bool {
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

    async fn status(&self, stack: &Stack) -> String {
        let described = stack.iot().describe_certificate();
        let described = described.certificate_id(&self.certificate_id).send().await;
        let described = described.unwrap();
        let found = described.certificate_description().unwrap();
        found.status().unwrap().as_str().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_with_a_certificate_of_a_registered_ca_is_let_in() {
    let stack = Stack::start(&[]).await;
    let authority = Authority::register(&stack, &[("madeBy", "muster")]).await;
    let device = Device::signed_by(&authority, "sensor-00001");
    assert!(device.connect(&stack).await.is_none());
    assert!(device.works(&stack).await);
    let timeline = stack.timeline("sensor-00001", 1).await;
    assert_eq!(timeline[0].event, "DeviceProvisioned", "{timeline:#?}");
    let (found, _) = stack.show("sensor-00001").await;
    let found = found.unwrap();
    assert_eq!(found.state, "provisioned");
    assert_eq!(found.certificate_id, Some(device.certificate_id.clone()));
    assert_eq!(device.status(&stack).await, "ACTIVE");
    assert_eq!(stack.things().await, ["sensor-00001"]);
}
