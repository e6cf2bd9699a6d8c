//! A teardown that was broken off goes on when it is run again.

use super::account::Account;
use super::{count, find, plan, populate, take_down, terms};
use crate::support::{Stack, wait_until};
use aws_sdk_cloudformation::Client;
use muster::demo::Routes;
use muster::local::STACK_NAME;
use muster::teardown::{self, Kind, Stage};

/// Has CloudFormation delete the stack, or refuse to.
async fn protect(cloudformation: &Client, protected: bool) {
    let update = cloudformation.update_termination_protection();
    let update = update.stack_name(STACK_NAME);
    let update = update.enable_termination_protection(protected);
    update.send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_off_among_the_devices_before_the_stack_and_after_it_it_ends_clean() {
    let (before, stack) = tokio::join!(Account::before(), Stack::start(&[("LegacyMode", "on")]));
    populate(&stack, Routes::All, 6).await;
    let cloudformation = Client::new(&stack.target.cloud.config);

    // Killed while the devices go.
    let mut world = find(&stack, terms()).await.unwrap();
    let planned = teardown::plan(&world).await.unwrap();
    let all = count(&planned, Kind::Thing);
    tokio::select! {
        ended = teardown::take_down(&mut world, &planned, &|_| {}) => panic!("too early: {ended:?}"),
        () = wait_until("the first things to go", async || {
            (stack.things().await.len() < all).then_some(())
        }) => {}
    }
    assert!(!stack.certificates().await.is_empty());

    // The stack cannot be deleted.
    let mut world = find(&stack, terms()).await.unwrap();
    let planned = teardown::plan(&world).await.unwrap();
    protect(&cloudformation, true).await;
    let failed = teardown::take_down(&mut world, &planned, &|_| {}).await;
    let failed = failed.unwrap_err();
    assert_eq!(failed.action, "cloudformation:DeleteStack");
    assert_eq!(stack.things().await, [""; 0]);
    assert!(!stack.ledger().await.is_empty(), "the ledger goes last");
    protect(&cloudformation, false).await;

    // Somebody has deleted it by hand.
    cloudformation
        .delete_stack()
        .stack_name(STACK_NAME)
        .send()
        .await
        .unwrap();
    wait_until("the stack to be deleted", async || {
        let planned = plan(&stack, terms()).await;
        (planned.place.status == "DELETE_COMPLETE").then_some(())
    })
    .await;
    let (planned, done) = take_down(&stack, terms()).await;
    let kinds: Vec<_> = planned.gone.keys().copied().collect();
    assert_eq!(
        kinds,
        [Kind::VaultFile, Kind::Bucket, Kind::Table, Kind::Key]
    );
    assert!(done.is_clean(), "{:?}", done.left);
    let after = Account::of(&stack).await;
    after.assert_only_pending_keys_beside(&before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_removed_is_named_and_the_keys_stay_with_it_until_it_can() {
    let stack = Stack::start(&[]).await;
    let dynamodb = aws_sdk_dynamodb::Client::new(&stack.target.cloud.config);
    let table = stack.output("LedgerTableName");
    let protect = async |protected: bool| {
        let update = dynamodb.update_table().table_name(table);
        let update = update.deletion_protection_enabled(protected);
        update.send().await.unwrap();
    };
    protect(true).await;
    let (_, done) = take_down(&stack, terms()).await;
    assert!(!done.is_clean());
    let left: Vec<_> = done.left.iter().map(|one| (one.kind, &*one.name)).collect();
    assert_eq!(left, [(Kind::Table, table)]);
    assert!(!done.left[0].reason.is_empty());
    assert_eq!(done.not_begun, [Stage::Keys]);
    protect(false).await;
    let (planned, done) = take_down(&stack, terms()).await;
    let kinds: Vec<_> = planned.gone.keys().copied().collect();
    assert_eq!(kinds, [Kind::Table, Kind::Key]);
    assert!(done.is_clean(), "{:?}", done.left);
}
