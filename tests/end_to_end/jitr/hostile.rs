//! Certificates that somebody made to break something.

use super::{device::Device, settled};
use crate::support::{Authority, OURS, Stack};
use muster_pki::DeviceKey;
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair};
use secrecy::ExposeSecret;

/// A certificate with whatever is asked for, signed by the CA.
pub fn forged(authority: &Authority, client_id: &str, params: &CertificateParams) -> Device {
    let key = DeviceKey::generate().unwrap();
    let pair = KeyPair::from_pem(key.pem().expose_secret()).unwrap();
    let certificate = params.signed_by(&pair, &authority.issuer()).unwrap();
    Device::with(client_id, certificate.der(), key)
}

/// A certificate with these common names.
pub fn named(names: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    for name in names {
        params.distinguished_name.push(DnType::CommonName, *name);
    }
    params
}

#[tokio::test(flavor = "multi_thread")]
async fn each_hostile_certificate_is_revoked_with_its_reason_and_leaves_nothing() {
    let stack = Stack::start(&[]).await;
    let authority = Authority::register(&stack, &[OURS]).await;
    let long = "x".repeat(300);
    let mut of_a_ca = named(&["a-second-ca"]);
    of_a_ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let cases = [
        (named(&["+"]), "CommonNameMalformed"),
        (named(&["devices/#"]), "CommonNameMalformed"),
        (named(&["*"]), "CommonNameMalformed"),
        (named(&["${iot:ClientId}"]), "CommonNameMalformed"),
        (named(&[&long]), "CommonNameMalformed"),
        (of_a_ca, "CertificateUnsuitable"),
    ];
    let mut devices = Vec::new();
    for (params, code) in &cases {
        let device = forged(&authority, "hostile", params);
        device.knocks(&stack).await;
        devices.push((device, code));
    }
    for (device, code) in &devices {
        device.becomes(&stack, "REVOKED").await;
        // No thing's name can be told, so its line stands under the certificate's id.
        let timeline = stack.timeline(&device.certificate_id, 1).await;
        assert_eq!(timeline[0].code.as_deref(), Some(**code));
        assert!(device.connect(&stack).await.is_none());
    }
    settled(&stack).await;
    assert!(stack.things().await.is_empty());

    let mut unnamed = forged(&authority, "unnamed", &named(&[]));
    unnamed.client_id.clone_from(&unnamed.certificate_id);
    unnamed.knocks(&stack).await;
    assert!(unnamed.works(&stack).await);
    assert_eq!(stack.things().await, [unnamed.certificate_id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_another_ca_or_of_another_time_is_not_even_registered() {
    let stack = Stack::start(&[]).await;
    let authority = Authority::register(&stack, &[OURS]).await;
    let other = Authority::unregistered();
    let mut expired = named(&["expired-0001"]);
    expired.not_before = rcgen::date_time_ymd(2020, 1, 1);
    expired.not_after = rcgen::date_time_ymd(2021, 1, 1);
    for device in [
        Device::signed_by(&other, "other-000001"),
        forged(&authority, "expired-0001", &expired),
    ] {
        device.knocks(&stack).await;
        settled(&stack).await;
        assert!(stack.things().await.is_empty());
        assert_ne!(device.status(&stack).await.as_deref(), Some("ACTIVE"));
    }
}
