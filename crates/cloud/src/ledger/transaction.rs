//! Several changes of the ledger, all of them or none.

use super::{Item, Ledger, cancelled, malformed};
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use muster_onboarding::CloudFailure;

/// The action, as IAM names it.
const ACTION: &str = "dynamodb:TransactWriteItems";

/// The part of a transaction that changes an item.
pub(super) fn changing(
    update: Result<Update, BuildError>,
) -> Result<TransactWriteItem, CloudFailure> {
    let update = update.map_err(|error| malformed(ACTION, &error))?;
    Ok(TransactWriteItem::builder().update(update).build())
}

impl Ledger {
    /// The part of a transaction that puts an item.
    pub(super) fn putting(&self, item: Item) -> Result<TransactWriteItem, CloudFailure> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = put.build().map_err(|error| malformed(ACTION, &error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Makes the changes, in one transaction that the SDK repeats under one token: an answer that was lost is no second try.
    pub(super) async fn transact(&self, parts: Vec<TransactWriteItem>) -> Result<(), CloudFailure> {
        self.client
            .transact_write_items()
            .set_transact_items(Some(parts))
            .send()
            .await
            .map(drop)
            .map_err(|error| cancelled("dynamodb:TransactWriteItems", error))
    }
}
