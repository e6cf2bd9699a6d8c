//! The workflows and the functions mean the same ledger.

use crate::repository::{adapter_source, files, read, workflows};
use crate::template::{resources, template};
use crate::text::{between, without_tests, words};
use muster_onboarding::ledger::{
    DeviceState, EVENT_SK_PREFIX, FLEETS_PK, FleetState, NEXT_STANDING, PK, RECONCILIATIONS_PK,
    ROTATIONS_PK, SK, STATE_SK, TOKEN_SK, WayIn,
};
use muster_onboarding::tokens::Opens;
use serde_json::Value;
use std::collections::BTreeSet;

type Names = BTreeSet<String>;

/// The words of DynamoDB's expressions that are no attributes.
const KEYWORDS: &[&str] = &[
    "SET",
    "REMOVE",
    "ADD",
    "DELETE",
    "AND",
    "OR",
    "NOT",
    "if_not_exists",
    "attribute_not_exists",
    "attribute_exists",
];

/// The attributes that an expression names, `#names` and `:values` left aside.
fn attributes(expression: &str) -> Names {
    let plain: String = expression
        .split_inclusive(|c: char| c.is_whitespace() || ",()=".contains(c))
        .filter(|word| !word.starts_with([':', '#']))
        .collect();
    words(&plain)
        .filter(|word| !KEYWORDS.contains(word))
        .map(str::to_owned)
        .collect()
}

/// The arguments of each call to the ledger in a workflow.
fn calls() -> Vec<(String, Value)> {
    let mut calls = Vec::new();
    for (workflow, definition) in workflows() {
        for (name, state) in definition["States"].as_object().unwrap() {
            if state["Resource"]
                .as_str()
                .is_some_and(|resource| resource.contains(":dynamodb:"))
            {
                calls.push((format!("{workflow}/{name}"), state["Arguments"].clone()));
            }
        }
    }
    calls
}

/// The attributes that a workflow names, and those behind `#names`.
fn workflow_attributes() -> Names {
    let mut names = Names::new();
    for (_, call) in calls() {
        for expression in ["UpdateExpression", "ConditionExpression"] {
            let text = call[expression].as_str().unwrap_or_default();
            // One that is put together has its words in quotes.
            let parts = match text.strip_prefix("{%") {
                Some(jsonata) => jsonata.split('\'').skip(1).step_by(2).collect(),
                None => vec![text],
            };
            for part in parts {
                let part = part.replace("${", " :").replace('}', " ");
                names.extend(attributes(&part));
            }
        }
        let aliases = call["ExpressionAttributeNames"]
            .as_object()
            .into_iter()
            .flatten();
        names.extend(aliases.map(|(_, name)| name.as_str().unwrap().to_owned()));
        let item = call["Item"].as_object().into_iter().flatten();
        names.extend(item.map(|(name, _)| name.clone()));
    }
    let template = template();
    for (_, machine) in resources(&template, "AWS::Serverless::StateMachine") {
        let update = &machine["DefinitionSubstitutions"]["EnrolmentUpdate"]["Fn::If"];
        names.extend(update[1].as_str().map(attributes).unwrap_or_default());
    }
    names
}

/// The attributes that the functions' adapter writes.
fn adapter_writes(source: &str) -> Names {
    let mut names = Names::new();
    // Update expressions, wherever they stand.
    for verb in ["\"SET ", "\"REMOVE ", "\"ADD "] {
        for expression in between(source, verb, "\"") {
            names.extend(attributes(&expression.replace('\\', " ")));
        }
    }
    for item in between(source, ".item(\"", "\"")
        .into_iter()
        .chain(between(source, "put.item(\"", "\""))
        // An item's fields in a list: `("name", s(…))`.
        .chain(between(source, "(\"", "\", s("))
    {
        // Those in the values of an expression are none.
        names.extend((!item.starts_with(':')).then(|| item.to_owned()));
    }
    names
}

/// The attributes that the functions' adapter reads.
fn adapter_reads(source: &str) -> Names {
    let source = &source.replace("&item", "item");
    let mut names: Names = between(source, "text(item, \"", "\"")
        .into_iter()
        .map(str::to_owned)
        .collect();
    for stem in between(source, "certificate(item, \"", "\"") {
        names.extend(["Id", "Arn", "Der"].map(|end| format!("{stem}{end}")));
    }
    names
}

#[test]
fn what_the_functions_read_somebody_writes() {
    let source = &adapter_source("ledger");
    let mut written = workflow_attributes();
    written.extend(adapter_writes(source));
    written.extend(adapter_writes(&adapter_source("operator")));
    let read = adapter_reads(source);
    assert!(read.len() >= 10, "only {read:?} were found");
    for name in read {
        assert!(
            written.contains(&name),
            "nobody writes {name}; written are {written:?}"
        );
    }
}

#[test]
fn a_workflow_finds_items_by_the_ledgers_own_keys() {
    for (name, call) in calls() {
        let keys = if call["Key"].is_object() {
            &call["Key"]
        } else {
            &call["Item"]
        };
        let partition = keys[PK]["S"]
            .as_str()
            .unwrap_or_else(|| panic!("{name} has no {PK}"));
        let sort = keys[SK]["S"]
            .as_str()
            .unwrap_or_else(|| panic!("{name} has no {SK}"));
        if call["Item"].is_object() {
            let timelines = [
                "{% $request.ledgerKey %}",
                "{% 'fleet#' & $request.templateName %}",
                ROTATIONS_PK,
                RECONCILIATIONS_PK,
            ];
            assert!(timelines.contains(&partition), "{name}: {partition}");
            assert!(
                sort.starts_with(&format!("{{% '{EVENT_SK_PREFIX}' &")),
                "{name}: {sort}"
            );
        } else {
            assert_eq!(keys.as_object().unwrap().len(), 2, "{name}");
            let items = [
                ("{% 'device#' & $request.serial %}", STATE_SK),
                ("{% 'device#' & $request.serial %}", TOKEN_SK),
                ("{% 'claim#' & $had %}", STATE_SK),
                ("{% 'claim#' & $request.certificateId %}", STATE_SK),
                (FLEETS_PK, "{% $request.templateName %}"),
                (FLEETS_PK, "{% $states.input.templateName %}"),
                (
                    "{% 'device#' & $request.serial %}",
                    "{% 'certificate#' & $certificate.certificateId %}",
                ),
                (
                    "{% 'device#' & $request.serial %}",
                    "{% 'certificate#' & $replaced %}",
                ),
            ];
            assert!(
                items.contains(&(partition, sort)),
                "{name}: {partition}, {sort}"
            );
        }
    }
}

#[test]
fn a_workflow_names_a_devices_states_and_ways_in_as_the_functions_do() {
    let names = [
        DeviceState::Known.name(),
        DeviceState::Provisioning.name(),
        DeviceState::Provisioned.name(),
        WayIn::Claim.name(),
        WayIn::Certificate.name(),
        WayIn::Token.name(),
        Opens::Certificate.name(),
        Opens::Both.name(),
        FleetState::Active.name(),
        FleetState::Removing.name(),
        NEXT_STANDING,
    ];
    let mut seen = 0;
    for (name, call) in calls() {
        for (value, text) in call["ExpressionAttributeValues"]
            .as_object()
            .into_iter()
            .flatten()
        {
            let Some(word) = text["S"].as_str().filter(|word| !word.starts_with("{%")) else {
                continue;
            };
            assert!(names.contains(&word), "{name}: {word}");
            assert_eq!(value, &format!(":{word}"), "{name}");
            seen += 1;
        }
    }
    assert!(seen >= 3);
}

#[test]
fn what_expires_says_so_in_the_attribute_that_the_table_watches() {
    let template = template();
    let tables = resources(&template, "AWS::DynamoDB::Table");
    let attribute = tables[0].1["TimeToLiveSpecification"]["AttributeName"]
        .as_str()
        .unwrap();
    assert!(adapter_writes(&adapter_source("ledger")).contains(attribute));
    for (name, call) in calls() {
        if call["Item"].is_object() {
            assert!(
                call["Item"][attribute]["N"].is_string(),
                "{name} keeps its line for ever"
            );
        }
    }
}

#[test]
fn the_documents_name_every_attribute() {
    let map = read("docs/architecture.md");
    let mut names = workflow_attributes();
    for path in files("crates/cloud/src", "rs") {
        names.extend(adapter_writes(without_tests(&read(path))));
    }
    for name in names {
        assert!(
            map.contains(&format!("`{name}`")),
            "docs/architecture.md does not name `{name}`"
        );
    }
}
