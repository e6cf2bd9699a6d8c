//! Claim certificates of fleets are replaced, and taken away.

use super::account::account;
use super::{claim_of, rotate, set_up};
use crate::support::{Stack, wait_until};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_claim_is_in_the_bundles_and_the_old_one_goes_when_its_time_is_over() {
    let stack = Stack::start(&[]).await;
    let made = set_up(&stack, &json!({ "templateName": "f", "models": ["a"] }))
        .await
        .unwrap();
    let before = account(&stack).await;
    let rotated = rotate(&stack, json!({ "templateName": "f", "overlapHours": 1 }))
        .await
        .unwrap();
    let (old, new) = (claim_of(&made), claim_of(&rotated));
    assert_ne!(old, new);
    let during = account(&stack).await;
    assert_ne!(
        during["file bundles/f/a.zip"],
        before["file bundles/f/a.zip"]
    );
    for id in [old, new] {
        assert!(
            during[&format!("certificate {id}")].contains("Active"),
            "{id}"
        );
    }
    assert!(during[&format!("item claim#{old} state")].contains("until"));
    assert!(!during[&format!("item claim#{new} state")].contains("until"));

    let last = rotate(&stack, json!({ "templateName": "f", "overlapHours": 0 }))
        .await
        .unwrap();
    wait_until("the claim before to be gone", || async {
        let now = account(&stack).await;
        let left = now.keys().any(|name| name.contains(new));
        (!left).then_some(())
    })
    .await;
    let now = account(&stack).await;
    assert!(now[&format!("certificate {}", claim_of(&last))].contains("Active"));
    assert!(
        now[&format!("certificate {old}")].contains("Active"),
        "its hour is not over"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_of_no_fleet_or_for_ever_is_refused() {
    let stack = Stack::start(&[]).await;
    let unknown = rotate(&stack, json!({ "templateName": "f" })).await;
    assert_eq!(unknown.unwrap_err().name, "FleetUnknown");
    let endless = rotate(&stack, json!({ "templateName": "f", "overlapHours": 8641 })).await;
    assert_eq!(endless.unwrap_err().name, "LifetimeInvalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_claim_is_gone_and_the_fleet_gets_another_the_next_time() {
    let stack = Stack::start(&[]).await;
    let fleet = json!({ "templateName": "f" });
    let made = set_up(&stack, &fleet).await.unwrap();
    let claims = stack.target.claims().unwrap();
    let listed = claims.list().await.unwrap();
    let ours = listed
        .iter()
        .find(|claim| claim.fleet.as_deref() == Some("f"));
    assert_eq!(ours.unwrap().certificate_id, claim_of(&made));
    muster::claims::revoke(&stack.target, ours.unwrap())
        .await
        .unwrap();
    let now = account(&stack).await;
    let left = now
        .iter()
        .find(|(name, what)| name.contains(claim_of(&made)) || what.contains(claim_of(&made)));
    assert_eq!(left, None);
    let again = set_up(&stack, &fleet).await.unwrap();
    assert_ne!(claim_of(&again), claim_of(&made));
}
