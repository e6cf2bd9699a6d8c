//! A CA that is registered with AWS IoT.

use super::Stack;
use aws_sdk_iot::types::Tag;
use muster_onboarding::ports::MADE_BY;
use muster_pki::{
    CaCertificate, CaKey, CaSubject, DeviceCertificate, DeviceKey, DeviceProfile, Validity,
};
use secrecy::ExposeSecret;
use std::time::{SystemTime, UNIX_EPOCH};

/// The tag of the CAs that Muster serves.
pub const OURS: (&str, &str) = MADE_BY;

/// The CA, its key, and its id; an empty one where it is not registered.
pub struct Authority {
    pub id: String,
    certificate: CaCertificate,
    key: CaKey,
}

/// From yesterday, for so many days.
fn days(days: i64) -> Validity {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let yesterday = i64::try_from(now.as_secs()).unwrap() - 86_400;
    Validity {
        not_before_unix: yesterday,
        not_after_unix: yesterday + days * 86_400,
    }
}

impl Authority {
    /// A new CA that AWS IoT does not know.
    pub fn unregistered() -> Self {
        let key = CaKey::generate().unwrap();
        let subject = CaSubject {
            common_name: "a maker's CA".to_owned(),
            ..CaSubject::default()
        };
        let certificate = CaCertificate::issue(&key, &subject, days(3650)).unwrap();
        Self {
            id: String::new(),
            certificate,
            key,
        }
    }

    /// A new CA, registered active with these tags; the devices that it signs register themselves.
    pub async fn register(stack: &Stack, tags: &[(&str, &str)]) -> Self {
        let Self {
            certificate, key, ..
        } = Self::unregistered();
        let iot = stack.iot();
        let code = iot.get_registration_code().send().await.unwrap();
        let proof = certificate
            .verification_certificate(&key, code.registration_code().unwrap(), days(30))
            .unwrap();
        let mut registration = iot
            .register_ca_certificate()
            .ca_certificate(certificate.pem())
            .verification_certificate(proof)
            .set_as_active(true)
            .allow_auto_registration(true);
        for (name, value) in tags {
            registration =
                registration.tags(Tag::builder().key(*name).value(*value).build().unwrap());
        }
        let registered = registration.send().await.unwrap();
        Self {
            id: registered.certificate_id().unwrap().to_owned(),
            certificate,
            key,
        }
    }

    /// A device's certificate, for ten years.
    pub fn sign(&self, key: &DeviceKey, subject: CaSubject) -> DeviceCertificate {
        let profile = DeviceProfile {
            subject,
            validity: days(3650),
        };
        let csr = key.csr("ignored").unwrap();
        self.certificate.sign(&self.key, &csr, &profile).unwrap()
    }

    /// The CA for a library that signs whatever it is asked to.
    pub fn issuer(&self) -> rcgen::Issuer<'static, rcgen::KeyPair> {
        let key = self.key.pkcs8_der();
        let key = rcgen::KeyPair::try_from(key.expose_secret()).unwrap();
        rcgen::Issuer::from_ca_cert_der(&self.certificate.der().to_vec().into(), key).unwrap()
    }
}
