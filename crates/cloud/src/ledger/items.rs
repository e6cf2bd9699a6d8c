//! Items by their keys.

use super::{Item, malformed};
use crate::failure;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use muster_onboarding::CloudFailure;
use std::collections::HashMap;
use std::time::Duration;

/// As many items as one `BatchGetItem` reads (`DynamoDB`).
const MOST_READ: usize = 100;

/// How long what was left over waits: the table is throttled, or the answer was too large.
const PAUSE: Duration = Duration::from_millis(100);

/// The items with these keys, in no order; those that are not there are left out. `attributes` names what is wanted of
/// them, if not all.
pub(crate) async fn items(
    client: &Client,
    table: &str,
    keys: &[Item],
    attributes: Option<&str>,
) -> Result<Vec<Item>, CloudFailure> {
    const ACTION: &str = "dynamodb:BatchGetItem";
    let mut found = Vec::new();
    for some in keys.chunks(MOST_READ) {
        let wanted = KeysAndAttributes::builder()
            .consistent_read(true)
            .set_keys(Some(some.to_vec()))
            .set_projection_expression(attributes.map(str::to_owned))
            .build()
            .map_err(|error| malformed(ACTION, &error))?;
        let mut wanted = HashMap::from([(table.to_owned(), wanted)]);
        loop {
            let answer = client
                .batch_get_item()
                .set_request_items(Some(wanted))
                .send()
                .await
                .map_err(|error| failure("dynamodb:BatchGetItem", error))?;
            found.extend(answer.responses.unwrap_or_default().into_values().flatten());
            wanted = answer.unprocessed_keys.unwrap_or_default();
            if wanted.is_empty() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(found)
}
