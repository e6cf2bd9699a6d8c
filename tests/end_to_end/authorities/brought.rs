//! CAs that the operator brings.

use super::{admits_devices, authorities, register, tags, vault};
use crate::support::Stack;
use aws_sdk_iot::types::{CaCertificateStatus, CertificateMode};
use muster_pki::{CaCertificate, CaKey, CaSubject, Validity};
use serde_json::{Value, json};

/// A CA of the operator's own.
pub struct Operators {
    pub certificate: CaCertificate,
    key: CaKey,
    validity: Validity,
}

impl Operators {
    /// From now on, for so many seconds.
    pub fn new(seconds: i64) -> Self {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let now = i64::try_from(now).unwrap();
        let validity = Validity {
            not_before_unix: now - 7200,
            not_after_unix: now + seconds,
        };
        let key = CaKey::generate().unwrap();
        let subject = CaSubject {
            common_name: "The operator's own".to_owned(),
            ..CaSubject::default()
        };
        Self {
            certificate: CaCertificate::issue(&key, &subject, validity).unwrap(),
            key,
            validity,
        }
    }

    /// A certificate of this common name, which proves that the key is at hand.
    pub fn proof(&self, common_name: &str) -> String {
        self.certificate
            .verification_certificate(&self.key, common_name, self.validity)
            .unwrap()
    }

    /// What is asked for with the proof of this common name.
    pub fn request(&self, common_name: &str) -> Value {
        json!({
            "caCertificatePem": self.certificate.pem(),
            "verificationCertificatePem": self.proof(common_name),
        })
    }
}

pub async fn registration_code(stack: &Stack) -> String {
    let code = stack.iot().get_registration_code().send().await.unwrap();
    code.registration_code().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_ca_admits_devices_keeps_its_key_and_is_registered_once() {
    let stack = Stack::start(&[super::VERIFIERS]).await;
    let operators = Operators::new(86_400);
    let mut asked = operators.request(&registration_code(&stack).await);
    asked["verifierName"] = "second".into();
    let answer = register(&stack, asked.clone()).await.unwrap();
    let ca = admits_devices(&stack, &answer, CertificateMode::Default).await;
    assert_eq!(ca, operators.certificate);
    let arn = answer["certificateArn"].as_str().unwrap();
    assert_eq!(tags(&stack, arn).await["verifierName"], "second");
    let files = vault(&stack).await;
    let id = answer["certificateId"].as_str().unwrap();
    let names: Vec<_> = files.keys().cloned().collect();
    let kept = ["ca.cert.pem", "ca.json", "ca.public_key.pem"];
    assert_eq!(names, kept.map(|name| format!("ca/{id}/{name}")));

    // Disabled by the operator: the same CA again neither enables it nor touches what is there.
    let disabled = stack.iot().update_ca_certificate().certificate_id(id);
    let disabled = disabled.new_status(CaCertificateStatus::Inactive);
    disabled.send().await.unwrap();
    asked["verifierName"] = "allow-list".into();
    let error = register(&stack, asked).await.unwrap_err();
    assert_eq!(error.name, "CaAlreadyRegistered", "{error:?}");
    assert!(error.cause.contains(id), "{error:?}");
    assert_eq!(vault(&stack).await, files);
    assert_eq!(tags(&stack, arn).await["verifierName"], "second");
    let described = stack.iot().describe_ca_certificate().certificate_id(id);
    let described = described.send().await.unwrap();
    let status = described.certificate_description().unwrap().status();
    assert_eq!(status, Some(&CaCertificateStatus::Inactive));

    let another = Operators::new(86_400);
    let asked = json!({
        "caCertificatePem": another.certificate.pem(), "certificateMode": "SNI_ONLY",
    });
    let answer = register(&stack, asked).await.unwrap();
    let ca = admits_devices(&stack, &answer, CertificateMode::SniOnly).await;
    assert_eq!(ca, another.certificate);
    assert_eq!(vault(&stack).await.len(), 6);
    assert_eq!(authorities(&stack).await.len(), 2);
}
