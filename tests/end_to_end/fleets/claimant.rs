//! Whoever holds a fleet's claim certificate, and says what a device would not.

use crate::support::{Attacker, Heard, Identity, Stack, Version};
use muster_documents::fleet_provisioning::topics::{
    accepted, create_from_csr, provision, rejected,
};
use muster_documents::fleet_provisioning::{CreateCertificateFromCsr, CreatedCertificate, Format};
use muster_pki::DeviceKey;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// A connection with the claim certificate.
pub struct Claimant(pub Attacker);

/// A certificate that AWS IoT made, and the token that came with it.
pub struct Made {
    pub certificate_pem: String,
    pub token: String,
}

impl Made {
    pub fn certificate_id(&self) -> String {
        muster_pki::certificate_id(&muster_pki::pem_to_der(&self.certificate_pem).unwrap())
    }

    /// What a device has once its key and this certificate are in force.
    pub fn identity(&self, key: &DeviceKey) -> Identity {
        Identity {
            certificate_pem: self.certificate_pem.clone(),
            key_pem: key.pem().expose_secret().to_owned(),
        }
    }
}

impl Claimant {
    pub async fn connect(stack: &Stack, claim: &Identity, client_id: &str) -> Self {
        let connection = Attacker::connect(stack, Version::V5, client_id, claim, None).await;
        Self(connection.expect("the claim certificate may connect"))
    }

    /// Asks for a certificate for this key.
    pub async fn certificate(&mut self, key: &DeviceKey) -> Made {
        let request = CreateCertificateFromCsr {
            certificate_signing_request: key.csr("-").unwrap().pem(),
        };
        let topic = create_from_csr(Format::Json);
        let heard = self.ask(&topic, &json!(request)).await;
        let created: CreatedCertificate = Format::Json.read(&heard.payload).unwrap();
        let token = created.certificate_ownership_token.unwrap();
        Made {
            certificate_pem: created.certificate_pem,
            token: token.expose_secret().to_owned(),
        }
    }

    /// Asks to be provisioned; whether it was.
    pub async fn provision(&mut self, template: &str, made: &Made, told: Value) -> bool {
        let request = json!({ "certificateOwnershipToken": made.token, "parameters": told });
        let topic = provision(template, Format::Json);
        let heard = self.ask(&topic, &request).await;
        heard.topic == accepted(&topic)
    }

    async fn ask(&mut self, topic: &str, request: &Value) -> Heard {
        for answer in [accepted(topic), rejected(topic)] {
            assert!(self.0.subscribe(&answer).await, "{answer}");
        }
        assert!(
            self.0
                .publish(topic, request.to_string().as_bytes(), false)
                .await
        );
        self.0.hear().await
    }
}
