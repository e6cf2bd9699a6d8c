//! Devices whose CA has taken their certificates back, by a list that the operator put into the vault.

use super::device::Device;
use super::hostile::{forged, named};
use super::{settled, told};
use crate::support::{Authority, OURS, Stack, next, places, send};
use muster_documents::VaultFile;
use muster_pki::MAX_REVOCATION_LIST_BYTES;
use rcgen::{
    CertificateRevocationListParams, CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope,
    KeyIdMethod, RevokedCertParams, date_time_ymd,
};
use serde_json::json;

/// A list that takes these devices' certificates back, until the end of 2049.
fn list(devices: &[&Device]) -> CertificateRevocationListParams {
    let revoked = devices.iter().map(|device| RevokedCertParams {
        serial_number: device.serial_number(),
        revocation_time: date_time_ymd(2026, 1, 1),
        reason_code: None,
        invalidity_date: None,
    });
    CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 1, 1),
        next_update: date_time_ymd(2049, 12, 31),
        crl_number: 1u64.into(),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    }
}

/// The list as the CA issues it, PEM.
fn issued(authority: &Authority, list: &CertificateRevocationListParams) -> Vec<u8> {
    let list = list.signed_by(&authority.issuer()).unwrap();
    list.pem().unwrap().into_bytes()
}

/// Puts a file beside the CA's own, as an operator does.
async fn put(stack: &Stack, authority: &Authority, contents: Vec<u8>) {
    let key = VaultFile::RevocationList.key("ca", &authority.id);
    let put = stack.s3().put_object().key(key).body(contents.into());
    let put = put.bucket(stack.output("VaultBucketName"));
    put.send().await.unwrap();
}

/// The device is revoked for good, and told of as such.
async fn is_shut_out(stack: &Stack, device: &Device) {
    device.becomes(stack, "REVOKED").await;
    let timeline = stack.timeline(&device.client_id, 1).await;
    let code = timeline[0].code.as_deref();
    assert_eq!(code, Some("CertificateRevoked"), "{timeline:#?}");
    assert_eq!(timeline[0].event, "DeviceRejected", "{timeline:#?}");
    assert!(device.connect(stack).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_on_its_cas_list_is_shut_out_for_good_and_one_that_is_not_comes_in() {
    let stack = Stack::start(&[]).await;
    let authority = Authority::register(&stack, &[OURS]).await;
    let [stolen, lost, good] = ["stolen-00001", "lost-0000001", "good-0000001"]
        .map(|name| Device::signed_by(&authority, name));
    put(
        &stack,
        &authority,
        issued(&authority, &list(&[&stolen, &lost])),
    )
    .await;
    for device in [&stolen, &lost] {
        device.knocks(&stack).await;
        is_shut_out(&stack, device).await;
    }
    good.knocks(&stack).await;
    assert!(good.works(&stack).await);

    // A list says nothing of another CA's devices, even where their numbers are the same.
    let other = Authority::register(&stack, &[OURS]).await;
    let mut params = named(&["namesake-001"]);
    params.serial_number = Some(stolen.serial_number());
    // Both CAs have one name, so that their keys tell them apart.
    params.use_authority_key_identifier_extension = true;
    let namesake = forged(&other, "namesake-001", &params);
    namesake.knocks(&stack).await;
    assert!(namesake.works(&stack).await);
    settled(&stack).await;
    assert_eq!(stack.things().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_out_of_date_still_shuts_out_what_it_lists_and_the_log_says_that_it_is_old()
{
    let stack = Stack::start(&[]).await;
    let authority = Authority::register(&stack, &[OURS]).await;
    let stolen = Device::signed_by(&authority, "stolen-00001");
    let good = Device::signed_by(&authority, "good-0000001");
    let old = CertificateRevocationListParams {
        next_update: date_time_ymd(2026, 2, 1),
        ..list(&[&stolen])
    };
    put(&stack, &authority, issued(&authority, &old)).await;
    stolen.knocks(&stack).await;
    is_shut_out(&stack, &stolen).await;
    good.knocks(&stack).await;
    assert!(good.works(&stack).await);
    settled(&stack).await;
    let held = places(&stack).await;
    let warned = held.iter().any(|(_, bytes)| {
        let text = String::from_utf8_lossy(bytes);
        text.contains("revocation list is out of date") && text.contains(&authority.id)
    });
    assert!(warned, "no line of the log says so");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_list_cannot_be_used_nobody_gets_in_and_its_repair_shows_at_once() {
    let stack = Stack::start(&[]).await;
    let authority = Authority::register(&stack, &[OURS]).await;
    let other = Authority::unregistered();
    let good = Device::signed_by(&authority, "good-0000001");
    let stolen = Device::signed_by(&authority, "stolen-00001");
    let right = issued(&authority, &list(&[&stolen]));
    let mut partial = list(&[]);
    partial.issuing_distribution_point = Some(CrlIssuingDistributionPoint {
        distribution_point: CrlDistributionPoint {
            uris: vec!["http://example.com/part.crl".to_owned()],
        },
        scope: Some(CrlScope::UserCertsOnly),
    });
    let unusable = [
        ("another CA's", issued(&other, &list(&[]))),
        ("garbage", b"\0\xff no list".to_vec()),
        ("empty", Vec::new()),
        ("two lists", right.repeat(2)),
        ("cut off", right[..right.len() / 2].to_vec()),
        ("a part", issued(&authority, &partial)),
        (
            "too large",
            [right.clone(), vec![b'\n'; MAX_REVOCATION_LIST_BYTES]].concat(),
        ),
    ];
    for (entries, (what, contents)) in (1..).zip(unusable) {
        put(&stack, &authority, contents).await;
        good.knocks(&stack).await;
        let timeline = stack.timeline("good-0000001", entries).await;
        assert_eq!(timeline.len(), entries, "{what}: {timeline:#?}");
        for entry in timeline {
            let code = entry.code.as_deref();
            assert_eq!(code, Some("RevocationListInvalid"), "{what}: {entry:#?}");
        }
        settled(&stack).await;
        let status = good.status(&stack).await;
        assert_eq!(status.as_deref(), Some("PENDING_ACTIVATION"), "{what}");
    }
    assert!(stack.things().await.is_empty());

    put(&stack, &authority, right).await;
    good.knocks(&stack).await;
    assert!(good.works(&stack).await);
    stolen.knocks(&stack).await;
    is_shut_out(&stack, &stolen).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_list_cannot_be_read_nobody_gets_in_and_the_kept_event_is_enough_afterwards() {
    let stack = Stack::start(&[]).await;
    let authority = Authority::register(&stack, &[OURS]).await;
    let device = Device::signed_by(&authority, "sensor-00001");
    put(&stack, &authority, issued(&authority, &list(&[]))).await;
    let (s3, bucket) = (stack.s3(), stack.output("VaultBucketName"));
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject",
        "Resource": format!("arn:aws:s3:::{bucket}/*"),
    }] });
    let denied = s3.put_bucket_policy().bucket(bucket);
    denied.policy(policy.to_string()).send().await.unwrap();
    device.knocks(&stack).await;
    let kept = next(&stack, "RegistrationDeadLetterQueueUrl").await;
    settled(&stack).await;
    let status = device.status(&stack).await;
    assert_eq!(status.as_deref(), Some("PENDING_ACTIVATION"));
    assert!(stack.things().await.is_empty());
    // Its name could not be told either, so its line stands under the certificate's id.
    let timeline = stack.timeline(&device.certificate_id, 1).await;
    assert_eq!(
        timeline[0].failure.as_deref(),
        Some("AccessDenied"),
        "{timeline:#?}"
    );

    s3.delete_bucket_policy()
        .bucket(bucket)
        .send()
        .await
        .unwrap();
    send(&stack, "RegistrationQueueUrl", &kept).await;
    device.becomes(&stack, "ACTIVE").await;
    assert!(device.works(&stack).await);
    settled(&stack).await;
    assert_eq!(told(&stack, "sensor-00001", "DeviceProvisioned").await, 1);
}
