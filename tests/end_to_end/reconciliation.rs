//! What the ledger and AWS IoT say differently is found, and repaired or reported.

mod drift;
mod parts;
mod pending;
mod strays;

use crate::support::Stack;
use aws_sdk_dynamodb::types::AttributeValue;
use muster::daily_run::{begin, wait};
use muster_cloud::operator::{ReconciliationRecord, RunEnd, Totals};
use muster_documents::Serial;
use muster_documents::reconciliation_tasks::{Finding, NamedFinding};
use muster_onboarding::ledger::{PK, RETIRED_STANDING, SK, STATE_SK, certificate_sk, device_key};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Tells one run's name from another's.
static RUNS: AtomicUsize = AtomicUsize::new(0);

/// Nothing is too young to be looked at.
fn at_once() -> Value {
    json!({ "settleHours": 0, "deactivateOrphans": true })
}

/// The same, and nothing is repaired.
fn report_only() -> Value {
    json!({ "settleHours": 0, "repair": false })
}

/// A run from its beginning to its end: what the ledger keeps of it.
async fn reconcile(stack: &Stack, input: &Value) -> ReconciliationRecord {
    let name = format!("by-hand-{}", RUNS.fetch_add(1, Relaxed));
    let runs = stack.target.reconciliation_runs().unwrap();
    let begun = begin(&runs, &name, input).await.unwrap();
    assert!(!begun.joined);
    let end = wait(&runs, &begun.run, |_| {}).await.unwrap();
    let kept = stack.target.reconciliations().unwrap();
    let record = kept.last_reconciliations(1).await.unwrap().remove(0);
    assert_eq!(record.execution, name);
    let RunEnd::Done(totals) = end else {
        panic!("{end:?}")
    };
    let totals: Totals = serde_json::from_value(totals).unwrap();
    assert_eq!(record.totals.as_ref(), Some(&totals));
    record
}

/// What was found, and of what: without details.
fn found(record: &ReconciliationRecord) -> Vec<(Finding, String, bool)> {
    let brief = |named: &NamedFinding| (named.finding, named.subject.clone(), named.repaired);
    let mut found: Vec<_> = record.findings.iter().map(brief).collect();
    found.sort();
    found
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// Writes into a device's item, or erases what is `None`.
async fn write(stack: &Stack, serial: &str, attributes: &[(&str, Option<AttributeValue>)]) {
    let key = device_key(&Serial::new(serial).unwrap());
    let mut update = aws_sdk_dynamodb::Client::new(&stack.target.cloud.config)
        .update_item()
        .table_name(stack.output("LedgerTableName"))
        .key(PK, text(&key))
        .key(SK, text(STATE_SK));
    let (mut sets, mut removes) = (Vec::new(), Vec::new());
    for (number, (name, value)) in attributes.iter().enumerate() {
        update = update.expression_attribute_names(format!("#{number}"), *name);
        match value {
            Some(value) => {
                sets.push(format!("#{number} = :{number}"));
                update = update.expression_attribute_values(format!(":{number}"), value.clone());
            }
            None => removes.push(format!("#{number}")),
        }
    }
    let clause = |(verb, parts): (&str, Vec<String>)| {
        (!parts.is_empty()).then(|| format!("{verb} {} ", parts.join(", ")))
    };
    let clauses = [("SET", sets), ("REMOVE", removes)].into_iter();
    let expression: String = clauses.filter_map(clause).collect();
    update.update_expression(expression).send().await.unwrap();
}

/// Writes that a device has had a certificate.
async fn write_certificate(stack: &Stack, serial: &str, id: &str) {
    let key = device_key(&Serial::new(serial).unwrap());
    aws_sdk_dynamodb::Client::new(&stack.target.cloud.config)
        .put_item()
        .table_name(stack.output("LedgerTableName"))
        .item(PK, text(&key))
        .item(SK, text(&certificate_sk(id)))
        .item("certificateId", text(id))
        .item("standing", text(RETIRED_STANDING))
        .send()
        .await
        .unwrap();
}

/// A certificate that AWS IoT makes for nobody: its id and its ARN.
async fn certificate(stack: &Stack) -> (String, String) {
    let made = stack.iot().create_keys_and_certificate();
    let made = made.set_as_active(true).send().await.unwrap();
    (made.certificate_id.unwrap(), made.certificate_arn.unwrap())
}

/// Attaches a certificate to a thing.
async fn attach(stack: &Stack, thing: &str, arn: &str) {
    let attached = stack.iot().attach_thing_principal();
    let attached = attached.thing_name(thing).principal(arn);
    attached.send().await.unwrap();
}

/// A certificate's status; `None` if it is not there.
async fn status(stack: &Stack, id: &str) -> Option<String> {
    let described = stack.iot().describe_certificate().certificate_id(id);
    let described = described.send().await.ok()?;
    let status = described.certificate_description()?.status()?;
    Some(status.as_str().to_owned())
}
