//! No dead-letter queue is forgotten: by the operator's program, by an alarm, by the documents.

use crate::repository::read;
use crate::template::{event_sources, resources, target, template};
use muster_documents::dead_letters::DeadLetterQueue;
use serde_json::Value;
use std::collections::BTreeSet;

/// What dead-letter queues are named by anything in the template: queues, topic rules, schedules, functions.
fn named(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == "deadLetterTargetArn"
                    || name == "DeadLetterConfig"
                    || name == "OnFailure"
                {
                    let of = [
                        value,
                        &value["Arn"],
                        &value["TargetArn"],
                        &value["Destination"],
                    ];
                    let queue = of.into_iter().find_map(target).unwrap_or_else(|| {
                        panic!("{name} names no queue of the template: {value}")
                    });
                    found.insert(queue.to_owned());
                } else if name == "ErrorAction" {
                    found.extend(target(&value["Sqs"]["QueueUrl"]).map(str::to_owned));
                } else {
                    named(value, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, found)),
        _ => {}
    }
}

#[test]
fn the_operators_program_knows_every_dead_letter_queue_and_no_other() {
    let template = template();
    let mut found = BTreeSet::new();
    named(&template["Resources"], &mut found);
    let known = DeadLetterQueue::ALL.map(|queue| queue.names().resource.to_owned());
    assert_eq!(found, BTreeSet::from(known));
}

#[test]
fn what_belongs_to_a_dead_letter_queue_is_called_as_the_template_calls_it() {
    let template = template();
    for queue in DeadLetterQueue::ALL {
        let names = queue.names();
        let output = |name: &str| template["Outputs"][name]["Value"].clone();
        assert_eq!(target(&output(names.url_output)), Some(names.resource));
        assert_eq!(target(&output(names.source_url_output)), Some(names.source));
        let source = &template["Resources"][names.source]["Properties"];
        let dead = &source["RedrivePolicy"]["deadLetterTargetArn"];
        assert_eq!(target(dead), Some(names.resource));
        let handed = event_sources(&template).into_iter();
        let handed: Vec<_> = handed
            .filter(|source| source.queue == names.source)
            .collect();
        assert_eq!(handed.len(), 1, "{}", names.source);
        let function = &template["Resources"][&handed[0].function]["Properties"];
        let directory = format!("functions/{}", names.function);
        assert_eq!(function["CodeUri"], directory);
    }
}

#[test]
fn a_look_loses_no_message_since_no_dead_letter_queue_has_one_of_its_own() {
    let template = template();
    for queue in DeadLetterQueue::ALL {
        let name = queue.names().resource;
        let queue = &template["Resources"][name]["Properties"];
        assert!(
            queue.is_object() && queue["RedrivePolicy"].is_null(),
            "{name}"
        );
    }
}

#[test]
fn every_dead_letter_queue_has_an_alarm() {
    let template = template();
    let alarms = resources(&template, "AWS::CloudWatch::Alarm");
    for queue in DeadLetterQueue::ALL {
        let names = queue.names();
        let output = &template["Outputs"][names.alarm_output]["Value"];
        let alarm = target(output).unwrap_or_else(|| panic!("no output {}", names.alarm_output));
        let (_, alarm) = alarms.iter().find(|(name, _)| name == alarm).unwrap();
        assert_eq!(alarm["MetricName"], "ApproximateNumberOfMessagesVisible");
        let dimension = &alarm["Dimensions"][0];
        assert_eq!(dimension["Name"], "QueueName");
        assert_eq!(target(&dimension["Value"]), Some(names.resource));
        let description = alarm["AlarmDescription"].as_str().unwrap();
        assert!(
            description.contains(&format!("muster dlq show {}", names.name)),
            "{description}"
        );
    }
}

#[test]
fn operations_says_what_to_do_about_every_dead_letter_queue() {
    let operations = read("docs/operations.md");
    for queue in DeadLetterQueue::ALL {
        let names = queue.names();
        let row = format!("| `{}` | {} |", names.name, names.resource);
        assert!(
            operations.contains(&row),
            "operations.md has no row {row:?}"
        );
        let section = format!("\n### {}\n", names.resource);
        assert!(
            operations.contains(&section),
            "operations.md has no section on {}",
            names.resource
        );
    }
}
