//! The topic rules write what the functions read.

use crate::template::{resources, template};
use crate::text::between;
use muster_documents::{DeviceMessage, PresenceMessage};
use serde_json::Value;

/// The names of the fields that the rules of devices' messages select, by the rule.
fn rules() -> Vec<(String, String)> {
    let template = template();
    let rules = resources(&template, "AWS::IoT::TopicRule").into_iter();
    rules
        .map(|(name, rule)| {
            let sql = &rule["TopicRulePayload"]["Sql"];
            let sql = sql.as_str().or(sql["Fn::Sub"].as_str()).unwrap();
            (name, sql.to_owned())
        })
        .collect()
}

#[test]
fn a_devices_message_has_the_fields_that_its_rule_selects() {
    let message =
        r#"{"payload": "", "topic": "", "clientId": "", "principal": "", "timestamp": 0}"#;
    let message: DeviceMessage = serde_json::from_str(message).unwrap();
    let Value::Object(fields) = serde_json::to_value(message).unwrap() else {
        panic!()
    };
    let mut checked = 0;
    for (name, sql) in rules()
        .into_iter()
        .filter(|(_, sql)| sql.contains("encode("))
    {
        let mut selected: Vec<_> = between(&(sql + " "), " AS ", " ")
            .into_iter()
            .map(|field| field.trim_end_matches(',').to_owned())
            .collect();
        selected.sort();
        let fields: Vec<_> = fields.keys().cloned().collect();
        assert_eq!(selected, fields, "{name}");
        checked += 1;
    }
    assert_eq!(checked, 4);
}

#[test]
fn a_presence_message_has_the_fields_that_its_rule_selects() {
    let message = r#"{"clientId": "", "principalIdentifier": ""}"#;
    let message: PresenceMessage = serde_json::from_str(message).unwrap();
    let Value::Object(fields) = serde_json::to_value(message).unwrap() else {
        panic!()
    };
    let (_, sql) = rules()
        .into_iter()
        .find(|(_, sql)| sql.contains("presence"))
        .unwrap();
    let selected = between(&sql, "SELECT ", " FROM")[0]
        .split(", ")
        .map(str::to_owned);
    assert_eq!(
        selected.collect::<Vec<_>>(),
        fields.keys().cloned().collect::<Vec<_>>()
    );
}

#[test]
fn whatever_a_rule_cannot_deliver_goes_to_a_dead_letter_queue() {
    let template = template();
    for (name, rule) in resources(&template, "AWS::IoT::TopicRule") {
        let action = &rule["TopicRulePayload"]["ErrorAction"]["Sqs"]["QueueUrl"]["Ref"];
        assert!(
            action
                .as_str()
                .is_some_and(|queue| queue.ends_with("DeadLetterQueue")),
            "{name} has no error action"
        );
    }
}
