//! A claim certificate that asks for far more devices than usual, a fleet's and one of the claim topics.

use super::field::Field;
use crate::metrics::metric;
use crate::provisioning::request;
use crate::support::{RawDevice, Stack, wait_until};
use aws_sdk_iot::types::CertificateStatus;
use edge_client::RunError;
use muster_pki::DeviceKey;
use serde_json::json;

/// Requests that are never a surge.
const MINIMUM: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_is_used_far_more_than_usual_is_shut_until_an_operator_opens_it_again() {
    let stack = Stack::start(&[("ClaimSurgeMinimum", "3"), ("ClaimSurgeShuts", "on")]).await;
    let field = Field::on(stack, json!({ "templateName": "plant-7" })).await;
    // As who tries serials out.
    for number in 0..MINIMUM {
        let refused = edge_client::fleet(field.device(&format!("guess-{number}")), |_| {}).await;
        assert!(
            matches!(refused, Err(RunError::Refused { .. })),
            "{refused:?}"
        );
    }
    let claims = field.stack.target.claims().unwrap();
    let claim = async || {
        let mut all = claims.list().await.unwrap();
        all.retain(|claim| claim.fleet.is_some());
        all.pop().unwrap()
    };
    assert_eq!(claim().await.shut, None);
    field.stack.import("sensor-00001").await;
    let once_too_often = edge_client::fleet(field.device("sensor-00001"), |_| {}).await;
    assert!(once_too_often.is_err(), "{once_too_often:?}");
    let status = async || {
        let described = field.stack.iot().describe_certificate();
        let described = described
            .certificate_id(claim().await.certificate_id)
            .send()
            .await
            .unwrap();
        described
            .certificate_description()
            .unwrap()
            .status()
            .cloned()
    };
    wait_until("the claim certificate to be out of use", || async {
        (status().await == Some(CertificateStatus::Inactive)).then_some(())
    })
    .await;
    assert_eq!(claim().await.shut.as_deref(), Some("surge"));
    assert_eq!(field.in_force().await, [""; 0]);
    assert_eq!(metric(&field.stack, "ClaimSurge", &[]).await, 1);

    claims.reopen(&claim().await.certificate_id).await.unwrap();
    assert_eq!(status().await, Some(CertificateStatus::Active));
    edge_client::fleet(field.device("sensor-00001"), |_| {})
        .await
        .unwrap();
    so_is_one_of_the_claim_topics(&field.stack).await;
}

async fn so_is_one_of_the_claim_topics(stack: &Stack) {
    let mut device = RawDevice::asking(stack, "guess").await;
    for number in 0..=MINIMUM {
        let asked = request(
            &DeviceKey::generate().unwrap(),
            &format!("guess-{number}"),
            256,
        );
        assert!(device.publish("provision/guess/json", asked).await);
        let expected = if number < MINIMUM {
            "SerialUnknown"
        } else {
            "ClaimShut"
        };
        assert_eq!(device.hear().await.json()["code"], expected, "{number}");
    }
    let claims = stack.target.claims().unwrap().list().await.unwrap();
    let claim = claims
        .iter()
        .find(|claim| claim.certificate_id == stack.claim_id);
    let claim = claim.unwrap();
    assert_eq!(claim.shut.as_deref(), Some("surge"));
    assert_eq!(claim.status, "INACTIVE");
}
