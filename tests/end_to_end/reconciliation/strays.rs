//! A second way in.

use super::{at_once, attach, certificate, found, reconcile, status};
use crate::metrics::counted;
use crate::rotation::yard::{Yard, id_of};
use muster::reconciliation::{RemoveError, remove};
use muster_documents::reconciliation_tasks::Finding;

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_somebody_attached_to_a_device_is_reported_until_it_is_removed_by_hand()
{
    let yard = Yard::with(&[]).await;
    let stack = yard.stack();
    let identity = yard.member("sensor-1").await;
    let (stray, arn) = certificate(stack).await;
    attach(stack, "sensor-1", &arn).await;
    let policy = stack.iot().attach_policy().target(&arn);
    let policy = policy.policy_name(stack.output("DevicePolicyName"));
    policy.send().await.unwrap();

    let expected = [(Finding::Stray, stray.clone(), false)];
    for _ in 0..2 {
        assert_eq!(found(&reconcile(stack, &at_once()).await), expected);
        assert_eq!(status(stack, &stray).await.as_deref(), Some("ACTIVE"));
    }
    assert_eq!(counted(stack, "StrayCertificate").await, 1);

    let things = remove(&stack.target, &stray).await.unwrap();
    assert_eq!(things, ["sensor-1"]);
    assert_eq!(status(stack, &stray).await, None);
    assert_eq!(found(&reconcile(stack, &at_once()).await), []);
    let again = remove(&stack.target, &stray).await.unwrap_err();
    assert!(matches!(again, RemoveError::Gone(_)), "{again}");

    // What the ledger knows stays.
    let own = remove(&stack.target, &id_of(&identity)).await.unwrap_err();
    assert!(own.to_string().contains("sensor-1's"), "{own}");
    let claims = stack.target.claims().unwrap().list().await.unwrap();
    for claim in &claims {
        let refused = remove(&stack.target, &claim.certificate_id).await;
        let refused = refused.unwrap_err();
        assert!(matches!(refused, RemoveError::Claim(_)), "{refused}");
    }
    assert!(!claims.is_empty());
    assert!(yard.connects("sensor-1", &identity).await);
}
