//! What a run reads grows with what is due, and not with the fleet.

use super::yard::{Yard, today};
use crate::support::invoke;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use futures_util::StreamExt;
use muster_documents::Serial;
use muster_onboarding::ledger::device_key;
use muster_onboarding::rotation::{Day, shard_of, shards};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

/// Items of one `BatchWriteItem`, `DynamoDB`'s limit.
const BATCH: usize = 25;
/// How many of these are under way at once.
const AT_ONCE: usize = 8;

fn serial(number: usize) -> Serial {
    Serial::new(format!("sensor-{number:06}")).unwrap()
}

/// A device's item, as large as one with its certificate.
fn item(serial: &Serial, rotation_day: Day) -> HashMap<String, AttributeValue> {
    let certificate = AttributeValue::B(vec![7; 700].into());
    let mut item = HashMap::from([("certificateDer".to_owned(), certificate)]);
    item.extend(
        [
            ("pk", device_key(serial)),
            ("sk", "state".to_owned()),
            ("serial", serial.to_string()),
            ("state", "provisioned".to_owned()),
            ("rotationShard", shard_of(serial)),
            ("rotationDay", rotation_day.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), AttributeValue::S(value))),
    );
    item
}

/// A fleet of so many, of which so many are due: over the last days, and the others over the next year.
async fn fill(yard: &Yard, devices: usize, due: usize) {
    let client = aws_sdk_dynamodb::Client::new(&yard.stack().target.cloud.config);
    let table = yard.stack().output("LedgerTableName");
    let every = devices / due;
    let numbers: Vec<usize> = (0..devices).collect();
    let batches = numbers.chunks(BATCH).map(<[usize]>::to_vec);
    let write = async |batch: Vec<usize>| {
        let requests = batch.into_iter().map(|number| {
            let offset = i64::try_from(number % 365).unwrap();
            let day = if number.is_multiple_of(every) {
                today().plus(-(offset % 40))
            } else {
                today().plus(1 + offset)
            };
            let put = PutRequest::builder().set_item(Some(item(&serial(number), day)));
            WriteRequest::builder()
                .put_request(put.build().unwrap())
                .build()
        });
        let written = client
            .batch_write_item()
            .request_items(table, requests.collect())
            .send()
            .await
            .unwrap();
        assert!(written.unprocessed_items.is_none_or(|left| left.is_empty()));
    };
    futures_util::stream::iter(batches)
        .map(write)
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<()>>()
        .await;
}

/// Scans as a run does; who was found, and how many items were read for it.
async fn scan(yard: &Yard) -> (BTreeSet<String>, u64) {
    let (mut found, mut read) = (BTreeSet::new(), 0);
    let plan = json!({ "scan": "plan", "windowMinutes": 0 });
    let plan = invoke(yard.stack(), "RotationScannerFunction", &plan).await;
    let planned = plan.unwrap()["shards"].as_array().unwrap().clone();
    assert_eq!(planned.len(), shards().count());
    for part in planned {
        let mut after = Value::Null;
        loop {
            let task = json!({ "scan": "read", "shard": part["shard"], "day": part["day"], "after": after });
            let page = invoke(yard.stack(), "RotationScannerFunction", &task).await;
            let page = page.unwrap();
            read += page["read"].as_u64().unwrap();
            for device in page["devices"].as_array().unwrap() {
                let new = found.insert(device.as_str().unwrap().to_owned());
                assert!(new, "{device} was found twice");
            }
            after = page["after"].clone();
            if after.is_null() {
                break;
            }
        }
    }
    (found, read)
}

async fn finds_what_is_due(devices: usize, due: usize) {
    let yard = Yard::without_fleet(&[]).await;
    fill(&yard, devices, due).await;
    let started = std::time::Instant::now();
    let (found, read) = scan(&yard).await;
    let every = devices / due;
    let expected = (0..devices)
        .step_by(every)
        .map(|number| serial(number).to_string());
    assert!(
        found.iter().cloned().eq(expected),
        "{} were found",
        found.len()
    );
    println!(
        "{devices} devices, {due} due: {read} items read, {:.3} for each that is due, in {:.1} s",
        ratio(read, due),
        started.elapsed().as_secs_f32()
    );
    assert!(ratio(read, due) <= 1.1, "{read} items were read for {due}");
}

fn ratio(read: u64, due: usize) -> f64 {
    let (read, due) = (u32::try_from(read).unwrap(), u32::try_from(due).unwrap());
    f64::from(read) / f64::from(due)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_reads_what_is_due_and_little_more() {
    finds_what_is_due(4_000, 500).await;
}

/// See docs/measurements.md.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo test -p end-to-end -- --ignored rotation::scanner"]
async fn a_run_over_ten_times_the_fleet_reads_the_same() {
    finds_what_is_due(20_000, 5_000).await;
    finds_what_is_due(200_000, 5_000).await;
}
