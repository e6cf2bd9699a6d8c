//! Claim certificates of fleets are replaced, and taken away.

use super::account::account;
use super::{claim_of, remove, rotate, set_up};
use crate::support::{Stack, wait_until};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_iot::types::CertificateStatus;
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

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
async fn an_old_claim_stays_until_its_rotation_is_through_and_its_last_end_has_come() {
    let stack = Stack::start(&[]).await;
    let made = set_up(&stack, &json!({ "templateName": "f" }))
        .await
        .unwrap();
    let old = claim_of(&made);
    let item = format!("claim#{old}");
    let ledger = Ledger::of(&stack);
    // As while the rotation is under way.
    ledger.set("fleets", "f", "state", s("changing")).await;
    let retirement = stack.sfn().start_execution();
    let retirement = retirement.state_machine_arn(stack.output("ClaimRetirementStateMachineArn"));
    let input = json!({ "templateName": "f", "certificateId": old, "seconds": 0 });
    let retirement = retirement.input(input.to_string()).send().await.unwrap();
    wait_until("the retirement to wait", || async {
        let history = stack.sfn().get_execution_history();
        let history = history.execution_arn(retirement.execution_arn());
        let history = history.send().await.unwrap();
        let entered = history.events().iter();
        let mut entered = entered.filter_map(|event| event.state_entered_event_details());
        entered
            .any(|state| state.name() == "AwaitChange")
            .then_some(())
    })
    .await;
    // It is through, and another one has given the old claim a later end.
    let until = now() + 8;
    ledger.set(&item, "state", "until", n(until)).await;
    ledger
        .set("fleets", "f", "claimCertificateId", s("another"))
        .await;
    ledger.set("fleets", "f", "state", s("active")).await;
    let left = format!("item {item} state");
    wait_until("the claim to be gone", || async {
        (!account(&stack).await.contains_key(&left)).then_some(())
    })
    .await;
    assert!(now() >= until);
}

struct Ledger<'a> {
    client: aws_sdk_dynamodb::Client,
    table: &'a str,
}

impl<'a> Ledger<'a> {
    fn of(stack: &'a Stack) -> Self {
        Self {
            client: aws_sdk_dynamodb::Client::new(&stack.target.cloud.config),
            table: stack.output("LedgerTableName"),
        }
    }

    async fn set(&self, partition: &str, sort: &str, name: &str, value: AttributeValue) {
        let update = self.client.update_item().table_name(self.table);
        let update = update.key("pk", s(partition)).key("sk", s(sort));
        let update = update.update_expression("SET #name = :value");
        let update = update.expression_attribute_names("#name", name);
        let update = update.expression_attribute_values(":value", value);
        update.send().await.unwrap();
    }
}

/// In seconds since 1970.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
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

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_somebody_has_taken_out_of_muster_goes_with_its_fleet_all_the_same() {
    let stack = Stack::start(&[]).await;
    let untouched = account(&stack).await;
    let fleet = json!({ "templateName": "f" });
    let made = set_up(&stack, &fleet).await.unwrap();
    let whole = account(&stack).await;
    let (id, iot) = (claim_of(&made), stack.iot());
    let arn = &made
        .provision_claim_certificate
        .provision_claim_certificate_arn;
    let detach = || async {
        let policy = format!("{}_f_claim", stack.output("StackName"));
        let detached = iot.detach_policy().policy_name(policy).target(arn);
        detached.send().await.unwrap();
    };
    detach().await;
    set_up(&stack, &fleet).await.unwrap();
    assert_eq!(account(&stack).await, whole, "it has its policy again");

    let off = iot.update_certificate().certificate_id(id);
    let off = off.new_status(CertificateStatus::Inactive);
    off.send().await.unwrap();
    let shut = account(&stack).await;
    set_up(&stack, &fleet).await.unwrap();
    assert_eq!(account(&stack).await, shut, "it stays out of use");

    detach().await;
    remove(&stack, "f", false).await.unwrap();
    assert_eq!(account(&stack).await, untouched);
}
